// Package clickhouse keeps the record in ClickHouse: a server over its HTTP
// interface, or the engine inside this process through the transport of
// package store/chdb. It is the same code and the same bytes for both.
//
//	s, err := clickhouse.New(clickhouse.Config{URL: "http://127.0.0.1:8123", Database: "footfall"})
//	if err != nil { … }
//	if err := s.Migrate(ctx); err != nil { … }
//
// With the embedded engine, Config.Transport is engine.Transport() and the URL
// means nothing.
//
// # What an insert is
//
// Events go out as one block of ClickHouse's Native format, built column by
// column into buffers that are used again: 0.3 µs an event instead of the 2 µs
// of a general client. The block is sent in one request under the batch's
// token. Of a second block with the same one the server drops the partitions
// that it has taken before. That is a
// convenience, not the guarantee: ClickHouse writes its list of tokens before
// it makes a part visible, so that a crash between the two leaves a token
// without rows. What is in the store is only what [Store.Present] reads back.
//
// All other rows carry versions. They are written without tokens, as often as
// anybody likes, and collapse by their key.
package clickhouse
