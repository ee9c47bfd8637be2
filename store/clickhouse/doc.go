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
//
// # What happens when a server does not answer
//
// Statements go to the first of the servers that is well. One that did not get
// through, or got an answer that passes (a balancer without a server, a replica
// without its keeper), goes to the next, and after a pause to the first again,
// if it may be repeated: reads, deletions and whatever carries versions. An
// INSERT of events is repeated only where it was certainly not sent. Otherwise its
// outcome is unknown, and its sender has to make sure that the claim is still his
// before he reads back.
//
// # On a cluster
//
// [Cluster] says where rows are. An INSERT is answered when a quorum of replicas
// has it. [Store.Present] and all else that must see what was acknowledged makes
// the replica that answers take in first what the others have (SYSTEM SYNC
// REPLICA … LIGHTWEIGHT). A replica that is gone for good with rows that no other
// has keeps that from ending, on purpose, until an operator drops it (SYSTEM DROP
// REPLICA). A deletion ends when all replicas of the shard have carried it out.
//
// There was no server with a keeper to run this on. Held against the engine's own
// parser and a golden file are the statements: ON CLUSTER, Replicated and
// Distributed tables, SYSTEM SYNC REPLICA. Run were reads, FINAL and deletions over
// two shards that are databases of one engine, with tables of type Merge in the
// place of those of type Distributed. Not run: replication and quorums, what a
// keeper's outage does, Distributed tables and distributed_product_mode=global
// between servers.
package clickhouse
