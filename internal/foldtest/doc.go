// Package foldtest computes from the records of a partition what must be in the
// store, in the most obvious way: maps, no batches, no paging, nothing shared
// with the fold that runs in production but the record format and the id hash.
// Where the two differ, one is wrong.
package foldtest
