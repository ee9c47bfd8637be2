// Package keep decides how long things stay: it erases a person, drops a
// tenant, and each night deletes what a tenant keeps no longer.
//
//	keeper, err := keep.New(keep.Config{Log: log, Store: store, Tenants: keys.Tenants, Settle: runner.Settle})
//	go keeper.Run(ctx)                                      // carries requests out, and retention each night
//	door, err := ingest.New(ingest.Config{Bans: keeper, …}) // who was erased does not come back
//	mux.Handle("/api/v1/erasures", keep.NewHandler(keeper, admin))
//
//	receipt, err := keeper.ErasePerson(ctx, shop, "user:ada")
//
// # Erasing a person
//
// A person is all ids that stand for the one named, as questions resolve them:
// its visitors, its users, and what aliases lead there. Naming any of them
// names all. What another user did on a device that both used is that user's
// and stays, and so does a session in which the other took part, with its
// numbers of both.
//
// A request is resolved as far as the store knows and written down first, then
// the door refuses the ids, then they are resolved again once all that was
// accepted is in the store, and then the order stands in the log, in each
// partition concerned. Requests that wait go through this together: one order
// names all persons of a tenant, and nothing waits longer for many. The
// processor drops its state and tells the store to delete what stands before the
// order, so that a crash at any moment is followed by the same erasure, and a
// replay brings nothing back. A request that was under way when the process ended is carried
// on by the next [Keeper.Run].
//
// # What a receipt proves
//
// The counts before and after are of rows that bear one of the ids, in every
// table, counted by the store when all that was accepted before was in it, and
// after the last order. After says 0 everywhere before a request is done. At
// that moment no answer shows the person, the log holds no record from before
// the order, and no snapshot a state from before it (Log tells if something
// still holds them back, such as a tap that has not read them; each night it
// is tried again). The bytes of hidden rows leave the disk when Purged is set,
// by the night after at the latest. What is outside is not covered: copies that
// taps, exports and backups have, and what the disk keeps of files removed.
//
// A receipt, and the request, hold ids that are hashes, and no text.
//
// # While a request stands
//
// Until it is lifted, the door refuses the ids (illegal_id), and everything of
// a dropped tenant (403). When a request is answered the door knows all ids that
// the store knows to be the person's. An id that was linked to the person in the
// last second or two, while the store was behind the log, it knows as soon as
// the store does; what it takes with that id until then is erased with the rest. Lifting it brings nothing back. For the length of the
// de-duplication window the processor still knows the ids of erased messages: a
// copy of one counts as a duplicate.
//
// # Several processes
//
// Each process has a keeper of the same store and runs [Keeper.Watch], so that a
// request made at any of them is known to all within a second. One of them runs
// [Keeper.Run]; that two do for a moment, when it changes which, does no harm:
// an order that is given twice deletes once. Before it gives the order it waits
// Config.Notice, so that all doors have closed. A door whose process cannot reach
// the store goes by what it knew last: what it takes in of the person meanwhile
// is not part of the receipt, and goes when the person is erased again.
//
// # Retention
//
// Each night the rows of a tenant that are older than its setting go: events by
// their time, sessions by their end, what is in quarantine by when it came. A
// person without an event left loses traits, links and texts. What came in
// during the last three days waits, because the processor may not be done with
// it; questions do not show it. The ledger stays: it counts and names nobody.
package keep
