package ingest

import (
	"bytes"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// The bounds of one log record.
const (
	maxRecord = 900_000 - 1024 // bytes, with room for the header
	maxMonths = 12
)

// recorder turns a request's events into log records: one for each partition
// they go to, more where one would be too large or span too many months. What
// is parked goes into records of its own.
type recorder struct {
	tenant     tenant.ID
	partitions uint16
	header     record.Header
	parts      []part // of each partition, then those of what is parked
	used       []int  // parts with events
	records    []footfall.Record
}

// part is the record in the making for one partition.
type part struct {
	header  record.Header
	encoder record.Encoder
	months  []int // that it has events of
}

func newRecorder(partitions uint16) recorder {
	return recorder{partitions: partitions, parts: make([]part, partitions)}
}

func (o *recorder) begin(t *tenant.Tenant, received footfall.Millis) {
	o.tenant = t.ID
	o.header = record.HeaderOf(t, record.Events, received.Time())
}

// add copies the event into the record of its partition.
func (o *recorder) add(ev *record.Event) {
	o.room(int(o.partition(ev)), &o.header, ev).Add(ev)
}

// park is add for an event that is accepted and yet to be set aside: it goes to
// quarantine with the reason, out of sight until it is replayed.
func (o *recorder) park(ev *record.Event, reason string) {
	if len(o.parts) == int(o.partitions) { // few tenants ever park anything
		o.parts = append(o.parts, make([]part, o.partitions)...)
	}
	h := o.header
	h.Kind, h.Reason = record.Parked, reason
	o.room(int(o.partitions)+int(o.partition(ev)), &h, ev).Add(ev)
}

// bringBack is add for an event that returns from quarantine.
func (o *recorder) bringBack(ev *record.Event, back record.Return, received footfall.Millis, b record.Basis) {
	h := o.header
	h.Kind, h.Basis = record.Replay, b
	o.room(int(o.partition(ev)), &h, ev).AddReturn(ev, back, received)
}

// room returns the encoder that takes the next event of a part.
func (o *recorder) room(n int, h *record.Header, ev *record.Event) *record.Encoder {
	p := &o.parts[n]
	year, inYear, _ := ev.Time.Time().Date()
	month := year*12 + int(inYear)
	known := slices.Contains(p.months, month)
	events, size := p.encoder.Len()
	if events > 0 && (size+sizeOf(ev) > maxRecord || !known && len(p.months) == maxMonths || p.header != *h) {
		o.flush(n)
		events = 0
	}
	if events == 0 {
		p.header = *h
		p.encoder.Reuse(*h)
		p.months, known = p.months[:0], false
		o.used = append(o.used, n)
	}
	if !known {
		p.months = append(p.months, month)
	}
	return &p.encoder
}

// partition hashes the visitor, whose events must all go the same way.
func (o *recorder) partition(ev *record.Event) uint16 {
	n := o.partitions
	switch {
	case n <= 1:
		return 0
	case ev.Type == footfall.Alias:
		return record.Partition(schema.VisitorID(o.tenant, string(ev.Previous)), n)
	case len(ev.Anonymous) > 0:
		return record.Partition(schema.VisitorID(o.tenant, string(ev.Anonymous)), n)
	default:
		return record.Partition(schema.UserID(o.tenant, string(ev.User)), n)
	}
}

// sizeOf is no less than what the event takes in a record.
func sizeOf(ev *record.Event) int {
	return 64 + len(ev.Name) + len(ev.MessageID) + len(ev.Anonymous) + len(ev.User) + len(ev.Previous) +
		len(ev.Properties) + len(ev.Derived) + len(ev.Context)
}

// flush ends the record of a partition. The log keeps the value, so it is a
// copy of the right size.
func (o *recorder) flush(n int) {
	p := &o.parts[n]
	rec := p.encoder.Record(uint16(n % int(o.partitions)))
	rec.Value = bytes.Clone(rec.Value)
	o.records = append(o.records, rec)
	if len(rec.Value) > kept/4 {
		p.encoder = record.Encoder{} // one such buffer a partition is too much to keep
	}
	p.encoder.Reuse(o.header)
	o.used = slices.DeleteFunc(o.used, func(u int) bool { return u == n })
}

// finish returns all records. They are valid until release; their slices stay.
func (o *recorder) finish() []footfall.Record {
	for len(o.used) > 0 {
		o.flush(o.used[0])
	}
	return o.records
}

// release forgets the events.
func (o *recorder) release() {
	for _, n := range o.used {
		o.parts[n].encoder.Reuse(o.header)
	}
	o.used = o.used[:0]
	clear(o.records)
	o.records = o.records[:0]
}
