package record

import (
	"bytes"
	"encoding/binary"

	"github.com/footfall-go/footfall"
)

// Event is one event on its way into the log. Its fields may be views of a
// request's body: the encoder copies them.
type Event struct {
	Type       footfall.Type
	Marks      footfall.Marks
	Tag        uint32 // of marks that have one
	Name       []byte // name in queries; may be empty for all types but track
	MessageID  []byte
	Anonymous  []byte // visitor text, empty if none
	User       []byte // user text, empty if none
	Previous   []byte // alias only
	Time       footfall.Millis
	Original   footfall.Millis // 0: none
	Sent       footfall.Millis // 0: none
	Properties []byte          // a JSON object or empty
	Derived    []byte          // a flat JSON object or empty
	Context    []byte          // a JSON object or empty; stored once if equal to the one before
}

// An event's first byte is its type, with its marks above: so a record without
// marks is what it was before there were any.
const (
	markShift = 3
	typeMask  = 1<<markShift - 1
	tagged    = footfall.ByCampaign | footfall.BySender
	allMarks  = footfall.NonInteractive | footfall.KeyEvent | tagged
)

// Flag bits of an event.
const (
	hasAnonymous = 1 << iota
	hasUser
	sameAnonymous // as the event before: the text is left out
	sameUser
	hasOriginal
	hasSent
	hasPrevious
	sameContext
)

// Encoder builds one record. The zero value must be Reset before use; it keeps
// its memory from one record to the next. It is not safe for concurrent use.
type Encoder struct {
	header    Header
	value     []byte
	count     uint32
	anonymous []byte // views of value: the last texts written
	user      []byte
	context   []byte
}

// Reset starts a new record; what the last one returned stays valid.
func (e *Encoder) Reset(h Header) { *e = Encoder{header: h, value: make([]byte, 0, cap(e.value))} }

// Reuse starts a new record in the memory of the last one, whose Value must
// have been copied or be out of use.
func (e *Encoder) Reuse(h Header) { *e = Encoder{header: h, value: e.value[:0]} }

// Len returns the number of events and the size of the value in bytes.
func (e *Encoder) Len() (events, size int) { return int(e.count), len(e.value) }

// Add appends an event.
func (e *Encoder) Add(ev *Event) {
	var flags byte
	set := func(on bool, bit byte) {
		if on {
			flags |= bit
		}
	}
	first := e.count == 0
	set(len(ev.Anonymous) > 0, hasAnonymous)
	set(len(ev.User) > 0, hasUser)
	set(!first && bytes.Equal(ev.Anonymous, e.anonymous), sameAnonymous)
	set(!first && bytes.Equal(ev.User, e.user), sameUser)
	set(ev.Original != 0, hasOriginal)
	set(ev.Sent != 0, hasSent)
	set(len(ev.Previous) > 0, hasPrevious)
	set(!first && bytes.Equal(ev.Context, e.context), sameContext)

	b := append(e.value, byte(ev.Type)|byte(ev.Marks)<<markShift, flags)
	if ev.Marks&tagged != 0 {
		b = binary.AppendUvarint(b, uint64(ev.Tag))
	}
	b = appendText(b, ev.Name)
	b = appendText(b, ev.MessageID)
	b = binary.AppendVarint(b, int64(ev.Time-e.header.Received))
	if flags&hasOriginal != 0 {
		b = binary.AppendVarint(b, int64(ev.Original-ev.Time))
	}
	if flags&hasSent != 0 {
		b = binary.AppendVarint(b, int64(ev.Sent-e.header.Received))
	}
	if flags&sameAnonymous == 0 {
		b, e.anonymous = appendKept(b, ev.Anonymous)
	}
	if flags&sameUser == 0 {
		b, e.user = appendKept(b, ev.User)
	}
	if flags&hasPrevious != 0 {
		b = appendText(b, ev.Previous)
	}
	b = appendText(b, ev.Properties)
	b = appendText(b, ev.Derived)
	if flags&sameContext == 0 {
		b, e.context = appendKept(b, ev.Context)
	}
	e.value = b
	e.count++
}

// Record returns the record built so far. Its slices are the encoder's until
// the next Reset, and the record's own after it.
func (e *Encoder) Record(partition uint16) footfall.Record {
	return footfall.Record{
		Partition: partition, Events: e.count, Tenant: e.header.Tenant.String(),
		Header: e.header.append(make([]byte, 0, headerSize)), Value: e.value,
	}
}

func appendText(b, text []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// appendKept is appendText that also returns a view of the copy. If b grows
// later the view keeps the old array alive, whose bytes never change.
func appendKept(b, text []byte) (grown, view []byte) {
	b = appendText(b, text)
	return b, b[len(b)-len(text):]
}
