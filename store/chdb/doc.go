// Package chdb runs the ClickHouse engine inside this process.
//
// It supplies a connection, not a client: [Engine.Transport] is an
// [net/http.RoundTripper] that answers ClickHouse's HTTP interface from the
// embedded engine, so that clickhouse-go, or a plain [net/http.Client], works
// on it as on a server:
//
//	engine, err := chdb.Open(ctx, chdb.Config{Dir: "data"})
//	if err != nil { … }
//	defer engine.Close()
//	conn, err := clickhouse.Open(&clickhouse.Options{
//		Protocol: clickhouse.HTTP,
//		Addr:     []string{"embedded"},
//		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
//			return engine.Transport(), nil
//		},
//	})
//
// [Engine.Handler] serves the same to other processes, as `footfall engine` does.
//
// # The library
//
// The engine is one shared library of 566 MB. It is fetched once, with npm:
//
//	go run github.com/footfall-go/footfall/store/chdb/fetch
//
// CHDB_LIB_PATH names another copy. Without either, Open reports
// [ErrNoLibrary]. The pinned build is for linux/amd64 with glibc.
//
// # What differs from a server
//
// The engine keeps its state in globals: a process has one open Engine, over
// one directory, and a directory belongs to one process ([ErrInUse]).
//
// Every request runs in a session of its own, so no setting, database or
// temporary table reaches the next request. There are no HTTP sessions
// (session_id), no external tables, no response compression, and one statement
// per request.
//
// Results arrive in pieces in formats whose pieces can stand behind each other
// (Native, TabSeparated, CSV, JSONEachRow, RowBinary and their relatives);
// other formats are held in memory whole.
//
// There is no access control. Whoever can send SQL reads and writes files with
// the rights of this process, through table functions such as file: no text
// that a user or a model wrote may get here unparsed.
package chdb
