// Package fold computes, from the records of one partition in order, what is to
// be stored: events with their sessions, session totals, identity edges, the
// texts of ids, traits and the ledger.
//
// It is a pure function of the log. The only clock is the time the log gave a
// record; a tenant's settings stand in the record's header; nothing depends on
// where batches were cut, on when rows were flushed, or on when memory was
// tidied. So two processes that read the same log say the same, and a snapshot
// of the state is as true from a process that has lost its partition as from
// its owner.
//
// # Rules
//
// Duplicates. The key is (visitor, message id), kept as 96 bits of a hash; the
// visitor's id contains the tenant. An id is remembered for the tenant's window
// in whole minutes of log time, so never shorter than the window and less than
// a minute longer. Over [Limits.SoftIDs] whole oldest minutes are forgotten
// early as long as an hour stays; over [Limits.MaxIDs] also within the hour,
// but never the current minute. Early forgetting is counted, by the window in
// full hours, which is how long an id's room is kept.
//
// Sessions. Track, page and screen events with an anonymous id belong to
// sessions. An event joins the session whose [start − gap, last + gap] holds it
// and whose span stays within the cap, the one that starts earlier if two do;
// else it opens one, named by the hash of its visitor and message id. Sessions
// never merge. A visitor's last 8 sessions are kept; one more drops the one
// touched longest ago.
//
// Marks. The door marks events by the tenant's rules; the marks stand in the
// record. A non-interactive event opens no session and makes none longer: it
// belongs to the one that it would join, counts among its events but not its
// views, and touches it; without one it belongs to none. A key event makes its
// session one with a key event, unless it is non-interactive as well.
//
// Tags. An event of a tenant whose sessions are cut by campaign bears the number of
// the campaign that it names, or 0. Of the sessions that hold it such an event
// joins the one that starts last at or before it, else the one that starts
// earliest; if it names a campaign and that session was opened with another, or
// with none, it opens a session. An event whose sender names its session bears the
// number of that name. It joins the session that was opened with it, if the span
// stays within the cap, and gaps do not matter; else it opens one. In both cases
// the tag of the event that opens a session is the lower half of the session's
// name, so that no room is needed to remember it, and the upper half tells
// sessions of one tag apart.
//
// Forgetting. A session is forgotten gap + 24 h of log time after its last
// touch, to the minute and never early. A visitor with it: that is, with its
// last touched session or, if it has none, that long after its last event.
//
// Identities. The first event of a visitor that is not in the state writes its
// id's text. An event with both ids whose visitor was not last linked to that
// user writes a link and the user's text. Alias writes its two edges and texts
// each time and leaves no state. Writing any of them again is harmless.
//
// Traits. An identify writes each member of its traits as a row of its user,
// without one of its visitor; a group event writes them as rows of its group,
// and one that says which group of that type its user or visitor is in. Members
// of an object "$set_once" among them are of the other kind, where the oldest
// counts. Nested objects are values. The first 1,024 names of an object count,
// and of equal names the last value; those that the door lists as over a cap
// do not. No state is left: the store keeps of each
// key what counts. Context.traits of other messages are no traits.
//
// Erasure. The named visitors leave the state, links to the named users are
// forgotten, and rows of either that were not flushed yet are dropped. Message
// ids and the totals stay: a late copy of an erased event must not bring it
// back, and the account must balance. The erasure of a tenant takes the minutes
// of its ledger as well.
//
// Quarantine. Parked events enter the window of message ids and the ledger, get
// a row with their payload, and change nothing else. A replay brings events back
// at a new position, with the message ids they came with: what was parked is
// folded as if it came now; what the store had refused was folded when it came,
// and only takes its session along. The rows they leave are emptied, and an
// event counts twice in the ledger: as quarantined where it was, and by what
// becomes of it now. A record of a replay counts only if since [record.Basis]
// there was neither an erasure of the tenant's nor another replay; else all its
// events are duplicates of those that still wait.
//
// Ledger. Every event of a record counts as stored, duplicate or quarantined in
// the minute of its record. Events that the store refused have changed sessions
// and links like stored ones: whether a store accepts a row is not part of the
// log.
//
// # State
//
// Long-lived state holds no pointers per visitor or id: fixed records in pages,
// found through tables of integers that grow a small segment at a time. A
// snapshot shares pages and the fold copies a page before it writes to it, so
// that neither waits for the other: taking one copies two lists of pages, and
// while it is read an event costs up to two copies of 8 KB and one of an ids
// segment (2048 ids at most at the default limits) when it is the first there.
// Where things lie depends on a seed of the
// process, which keeps crafted ids from lining up; what is said does not.
package fold
