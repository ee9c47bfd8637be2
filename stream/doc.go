// Package stream turns a log of requests into rows of a store, exactly once.
//
// A [Log] keeps what the door accepted, in order and durably. A [Runner] folds
// it: it drops duplicates, finds sessions and identities, and writes the result
// to a [footfall.Store]. The caller picks the goroutine:
//
//	runner, err := stream.New(stream.Config{Log: log, Store: store})
//	if err != nil {
//		return err
//	}
//	return runner.Run(ctx) // until ctx ends; then the log is drained
//
// # What is guaranteed
//
//   - Every event of every record in the log is in the store once, under its
//     position, whatever is killed and whenever: this process, the log, the
//     store. An event is left out only if it is a duplicate of one in the window
//     of its tenant, if the store refused it for good or the door parked it
//     (then it is among the rejected, with the reason, and can be replayed), or
//     if it was erased.
//   - Sessions, links and the ledger equal what a single thread computes that
//     reads the log from its start.
//   - Nothing is skipped in silence. What cannot be done stops the partition,
//     which then shows in [Runner.Status], in a metric and in one line of the
//     log; its events wait.
//   - For each tenant, accepted = stored + duplicate + quarantined + pending, to
//     the event, at any time.
//
// Rows of events are written first, what follows from them up to
// [Config.UpsertEvery] later.
//
// # How
//
// The state is a pure fold of the log, so it can be computed again at will. The
// one mutable truth is a pair of offsets for each partition, its [Plan]: all
// before From is in the store, and the records [From, To) are claimed. For each
// batch the Runner
//
//  1. commits the plan (From, To), which confirms all before From, claims the
//     batch's boundaries, and fails if another process owns the partition;
//  2. inserts the batch as one block, with a token made of its coordinates;
//  3. writes changed sessions, links and ledger rows every half second or so, never
//     ahead of their events;
//  4. saves a snapshot of the state now and then, which becomes visible when the
//     plan is past it and 3 was acknowledged for all of it.
//
// After an error, and when a partition with an open claim gets a new owner, it
// believes only what it reads back: it forms exactly the claimed batch again,
// asks the store which of its coordinates are there, and sends the others until
// none is missing. De-duplication tokens only keep two copies under way at once
// from both arriving; they are never taken as proof that rows are there.
//
//	killed before 1           nothing was sent; the next owner cuts as it likes
//	between 1 and 2           the claim is formed again; none of it is present
//	in 2, the answer lost     what is missing goes again under the same token
//	after 2                   all is present; 3 is repeated with equal versions
//	commit timed out          repeated; nothing is inserted before it succeeds
//	lost to another owner     the next commit is fenced and everything dropped
//	store said OK, lost rows  read-back shows it; they go again under a new token
//	store down for long       retried for ever; what is there is asked first
//	store refuses a row       the batch is halved around it; it goes to quarantine
//	a row was erased          an order in the log: a replay erases it again
//	a row is past retention   the store has noted that; it is not missing
//	plan lost                 refuses to start, unless told to [Config.Recover]
//	an older store restored   lacks the last event before the plan, or what follows
//	                          from those before the snapshot: likewise
//	an older log restored     the store's newest event is not in it: refuses to
//	or cut, or made anew      start, before anything gets coordinates that are taken;
//	                          [Config.NextEpoch] is the way out
//	new code, old claim       refuses to start until the old code has drained
//
// After [Config.Attempts] inserts that were acknowledged and yet left rows
// missing the partition stops.
//
// # Taps
//
// A [Tap] gives confirmed events to a [footfall.Sink] beside the store. A live
// one is given each at most once and drops what its sink is too slow for; a
// durable one has a place of its own in the log, and misses nothing:
//
//	stream.Config{Log: log, Store: store, Taps: []stream.Tap{
//		{Name: "feed", Sink: feed},
//		{Name: "warehouse", Sink: export, Durable: true, MaxRows: 50_000, MaxAge: time.Minute},
//	}}
//
//	killed before Write returned   the events come again after the start
//	killed before the place moved  likewise: under the same positions
//	sink down for long             the tap lags, and goes on where it was
//	sink refuses events for good   to the dead letter, or the tap stops
//	somebody is erased             a sink that is an [footfall.Eraser] is told
//	retention overtakes the tap    it stops and skips nothing, unless told to
//	sink never returns             nothing else notices
package stream
