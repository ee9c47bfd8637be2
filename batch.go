package footfall

import (
	"strconv"

	"github.com/footfall-go/footfall/tenant"
)

// Batch is what a processor hands to a [Store] in one piece: the events of the
// log records [From, To) of one partition, without those dropped as duplicates
// and, when it is handed over again, without those that are there.
type Batch struct {
	Epoch     uint16
	Partition uint16
	From, To  int64  // log offsets, half-open: the claim this batch came from
	Piece     uint64 // 0 for all of the claim, else the number of a part of it
	Events    []Event
}

// Token names an insert of the batch. It is made of the claim and not of the
// events, so that a second try that sends only what is missing has the name of
// the first, which may still be running.
func (b *Batch) Token(attempt int) string {
	t := make([]byte, 0, 64)
	t = strconv.AppendUint(t, uint64(b.Epoch), 10)
	t = strconv.AppendUint(append(t, '/'), uint64(b.Partition), 10)
	t = strconv.AppendInt(append(t, '/'), b.From, 10)
	t = strconv.AppendInt(append(t, '-'), b.To, 10)
	if b.Piece != 0 {
		t = strconv.AppendUint(append(t, '.'), b.Piece, 10)
	}
	t = strconv.AppendInt(append(t, '/'), int64(attempt), 10)
	return string(t)
}

// Coordinate is the part of a [Position] that differs within one partition.
type Coordinate struct {
	Offset int64
	Index  uint32
}

// Upserts are rows that may be written any number of times: each carries a
// version (or its own position), and the store keeps the newest of a key. They
// come from one partition of the log.
type Upserts struct {
	Partition uint16

	Sessions []Session
	Links    []Link
	IDs      []IDText
	Traits   []Trait
	Ledger   []LedgerRow
	Rejected []Rejected
	Erasures []Erasure
}

// Len returns the number of rows.
func (u *Upserts) Len() int {
	return len(u.Sessions) + len(u.Links) + len(u.IDs) + len(u.Traits) + len(u.Ledger) + len(u.Rejected) + len(u.Erasures)
}

// Reset empties all lists and keeps their memory.
func (u *Upserts) Reset() {
	clear(u.Sessions)
	clear(u.Links)
	clear(u.IDs)
	clear(u.Traits)
	clear(u.Ledger)
	clear(u.Rejected)
	clear(u.Erasures)
	u.Sessions, u.Links, u.IDs, u.Traits = u.Sessions[:0], u.Links[:0], u.IDs[:0], u.Traits[:0]
	u.Ledger, u.Rejected, u.Erasures = u.Ledger[:0], u.Rejected[:0], u.Erasures[:0]
}

// Session is the running total of one session. Its key is (tenant, visitor,
// session); a later version replaces an earlier one whole.
type Session struct {
	Tenant  tenant.ID
	Silo    string
	Visitor ID
	Session uint64
	Opened  Millis // time of the event that opened it; never changes
	Start   Millis // earliest event time
	Last    Millis // latest event time
	Events  uint32
	Views   uint32 // page and screen events, without those that are non-interactive
	// KeyEvent says that one of the events is a key event.
	KeyEvent bool
	Version  uint64 // Version of the position of the last event that touched it
}

// Version returns the number that orders rows of one key by log position:
// the epoch in the upper 16 bits, the offset plus one below.
func Version(epoch uint16, offset int64) uint64 {
	return uint64(epoch)<<48 | uint64(offset+1)
}

// LinkKind tells what an identity edge says. The numbers are stored.
type LinkKind uint8

// The kinds of identity edges.
const (
	LinkUser   LinkKind = 1 // this visitor is that user
	UnlinkUser LinkKind = 2 // it no longer is
	LinkAlias  LinkKind = 3 // this id is to be read as that user
)

// Link is one identity edge; the list of them is append-only and every edge is
// kept under its position. From is a visitor, or for an alias any id.
type Link struct {
	Tenant   tenant.ID
	Silo     string
	Kind     LinkKind
	From     ID
	User     ID
	Time     Millis // log time
	Position Position
}

// IDText is the text a sender used for an id, written once per id.
type IDText struct {
	Tenant tenant.ID
	Silo   string
	ID     ID
	Kind   IDKind
	Text   string
}

// LedgerRow counts, for one tenant, one minute of log time and one partition,
// what became of the accepted events: Accepted = Stored + Duplicate +
// Quarantined.
type LedgerRow struct {
	Tenant      tenant.ID
	Silo        string
	Minute      Millis // start of the minute
	Epoch       uint16
	Partition   uint16
	Stored      uint64
	Duplicate   uint64
	Quarantined uint64
	Version     uint64
}

// Accepted returns the sum of the three outcomes.
func (l *LedgerRow) Accepted() uint64 { return l.Stored + l.Duplicate + l.Quarantined }

// Rejected is an event in quarantine: one that the store refused for good, or
// that the door was told to park. It is kept with its position and the reason so
// that it can be seen and replayed. What was erased or replayed keeps its row,
// without payload: its position need not be among the events.
type Rejected struct {
	Tenant   tenant.ID
	Silo     string
	Position Position
	Time     Millis // log time
	Reason   string
	Payload  string // the event as JSON, "" once it was erased or replayed
	Version  uint64 // 0 as quarantined, else that of the replay's position
}
