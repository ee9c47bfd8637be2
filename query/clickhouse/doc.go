// Package clickhouse runs the statements of package query on ClickHouse: on a
// server or on the embedded engine, over the native protocol or HTTP.
//
// A user of the server for it needs SELECT on the tables and may change
// settings, as with readonly=2.
package clickhouse
