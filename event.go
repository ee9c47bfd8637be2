package footfall

import (
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// Millis is a moment in milliseconds since 1970-01-01 UTC, the resolution of
// everything Footfall stores. Zero means "not given".
type Millis int64

// MillisOf converts a time, dropping what is finer than a millisecond.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time converts back, in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Type is the kind of message an event arrived as. The numbers are stored.
type Type uint8

// The message types of the Segment wire format.
const (
	Track Type = 1 + iota
	Page
	Screen
	Identify
	Group
	Alias
)

var typeNames = [...]string{"", "track", "page", "screen", "identify", "group", "alias"}

// String returns the type as it stands on the wire.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

// Behaviour reports whether events of this type are something a person did.
// Identify, group and alias only say who somebody is: they are never part of
// "any event", never stand between strict steps and never touch a session.
func (t Type) Behaviour() bool { return t >= Track && t <= Screen }

// Marks say what an event does to its session. The door gives them, by the
// rules of the tenant and by what the sender says. The numbers are in the log.
type Marks uint8

// The marks of an event.
const (
	// NonInteractive says that nobody did it just then: it neither opens a
	// session nor makes one longer.
	NonInteractive Marks = 1 << iota
	// KeyEvent makes its session an engaged one.
	KeyEvent
	// ByCampaign says that sessions end where a campaign begins: the event's Tag
	// is the number of the campaign that it names, 0 for none.
	ByCampaign
	// BySender says that the sender cuts sessions: the event's Tag is the number
	// of the one that it names. It is never beside ByCampaign.
	BySender
)

// Position is the place of an event in the log. It is the event's name towards
// the store: exactly once means that every position is present once.
type Position struct {
	Epoch     uint16 // changes only when a log's partition count does
	Partition uint16
	Offset    int64  // of the record in its partition
	Index     uint32 // of the event in its record
}

// Compare orders positions of one partition by where they stand in the log.
func (p Position) Compare(q Position) int {
	switch {
	case p.Epoch != q.Epoch:
		return compare(p.Epoch, q.Epoch)
	case p.Partition != q.Partition:
		return compare(p.Partition, q.Partition)
	case p.Offset != q.Offset:
		return compare(p.Offset, q.Offset)
	default:
		return compare(p.Index, q.Index)
	}
}

func compare[T uint16 | uint32 | int64](a, b T) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// Event is one message of a sender after the door has checked it and the
// processor has given it a place, a session and an identity.
//
// Its strings may share memory with the log record they came from: keeping one
// of them keeps the record. Copy with [strings.Clone] what outlives a call.
type Event struct {
	Tenant    tenant.ID
	Silo      string // the tenant's own partition family, "" for the pooled rest
	Position  Position
	Type      Type
	Marks     Marks
	Tag       uint32 // of ByCampaign and BySender, else 0
	Name      string // the event's name in queries: "Order Completed", "$page", "$identify"
	MessageID string

	Time     Millis // what queries use: Original after skew correction, else Received
	Original Millis // the client's own clock, 0 if it gave no timestamp
	Sent     Millis // the client's clock when it sent the request, 0 if not given
	Received Millis // the door's clock

	AnonymousID string // the text behind Visitor, "" for events that carry only a user
	UserID      string // the text behind User, "" if none
	PreviousID  string // alias only
	Visitor     ID     // never zero; for an event with only a user, the user's own ID
	User        ID     // zero if the event carries none
	Session     uint64 // zero if the event belongs to no session

	Properties string // a JSON object, "" if empty; traits on identify and group
	Context    string // a JSON object, "" if empty
	Derived    string // a flat JSON object of "$" names the door computed, "" if empty
}
