// Package store keeps what happened: events, sessions, identities, the ledger.
//
// The seam is [footfall.Store]; this package has the implementation that lives
// in memory, for tests and for trying things out. Package store/clickhouse
// keeps the record for good, in a ClickHouse server or in the embedded engine,
// and package storetest is the suite that every implementation passes.
//
// A store believes nobody: the same batch may be inserted twice, an
// acknowledged insert may turn out to be lost, rows may be upserted in any
// order. What makes that come out right is the position of every event, which
// [footfall.Store.Present] reads back. Package stream has the protocol.
package store
