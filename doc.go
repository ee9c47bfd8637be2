// Package footfall is the vocabulary of Footfall, product analytics as Go
// packages: the [Event] and what it becomes, the [Store] that keeps it, the
// [Record] that carries it through a log, the [Sink] that may watch it go by.
//
// # The way of an event
//
// A browser, an app or a server sends messages of the Segment wire format to
// /v1/, with the SDK it has. Package ingest checks each one, names those it
// refuses, takes secrets out, and answers when the rest is in the log, synced
// to disk:
//
//	log, err := local.Open(local.Config{Dir: "data/log"})
//	door, err := ingest.New(ingest.Config{Log: log, Auth: keys})
//	mux.Handle("/v1/", door)
//
// Package stream reads the log and folds it: copies are dropped, sessions
// grow, visitors become users. It writes each batch to the store and believes
// only what the store says it holds, so that every accepted event is there
// once, whatever is killed when:
//
//	runner, err := stream.New(stream.Config{Log: log, Store: store})
//	err = runner.Run(ctx) // until ctx ends and the log is drained
//
// The store is ClickHouse. Package store/clickhouse has the tables and writes
// them; package store/chdb is the engine inside this process, for which the
// first is a client as for any server:
//
//	engine, err := chdb.Open(ctx, chdb.Config{Dir: "data/store"})
//	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport()})
//	err = store.Migrate(ctx)
//
// Package query answers questions, in Go or over HTTP:
//
//	answers, err := query.New(query.Config{Conn: conn, Auth: keys})
//	mux.Handle("/api/v1/", answers)
//
// Two more are there for who needs them. A Tap of package stream hands
// confirmed events to a [Sink] of yours, and a durable one misses none. Package
// keep erases a person or a tenant, with a receipt, and deletes each night what
// is past retention.
//
// The example puts what is needed into one function. Nothing is opened
// or started behind your back: what runs for life has Run(ctx) and blocks, what
// was opened has Close.
//
// # Who is who
//
// Package tenant knows whose an event is. A [tenant.ID] is an argument of every
// call that touches data. Write keys are public and may only send, read keys
// are secret and may only ask; a product with users of its own implements
// [tenant.Authenticator] and needs neither.
//
// Inside a tenant an event has a visitor, the sender's anonymousId, and may
// have a user. An event with both links them. The person behind an event is
// found when a question is asked, so that a login counts what was done before
// it. Names that begin with $ are Footfall's own: a page view is "$page".
//
// # What counts as what
//
// Time is the client's, corrected where its clock runs ahead. A session ends
// after 30 minutes without an event and lasts 24 hours at most. Days, weeks and
// months are those of the tenant's time zone. A message id counts once for two
// hours of log time, and later copies collapse in the store. Each of these is a
// setting of the tenant; see [tenant.Settings].
//
// # Errors
//
// An unmarked error may be retried; [Permanent] says that no retry will help.
// Nothing here logs what it returns, and nothing panics.
package footfall
