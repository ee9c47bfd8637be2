// Package servers chooses among servers that answer for the same data, and has
// the transport to them: what the writer's and the asker's drivers of ClickHouse
// share.
package servers
