// Package schema is what the ClickHouse writer and the query compiler share:
// the names and meaning of tables and columns, and the id hash.
package schema
