// Package importer brings history into Footfall: files of rows become messages
// for POST /v1/import, in order, resumable, each row once.
//
// A row is an object of an NDJSON file, a line of a CSV file, or a line of a web
// server's access log in the combined format. Templates say what its columns
// mean:
//
//	userId    = r{reviewerId}
//	event     = review
//	timestamp = {date}
//
// Text in braces is a column's cell, all other text is itself. A column that
// bears the name of a message field (userId, anonymousId, previousId, groupId,
// event, type, timestamp, messageId) and is not used by a template means that
// field; every other unused column becomes a property under its own name. A
// cell that is a JSON number becomes a number, an empty cell nothing.
//
// Rows are counted from 1 over all files together, a CSV header not included.
// Row n of the import N has the message id "N:n" unless messageId is mapped,
// and the server keeps, per import, the number of rows it has taken: Run asks
// for it first and goes on from there. So running the same import twice adds
// nothing, a file that has grown adds its new rows, and an import that was
// interrupted continues. Rows of different files need different names.
package importer
