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
// they go to, more where one would be too large or span too many months.
type recorder struct {
	tenant  tenant.ID
	header  record.Header
	parts   []part
	used    []uint16 // partitions with events
	records []footfall.Record
}

// part is the record in the making for one partition.
type part struct {
	encoder record.Encoder
	months  []int // that it has events of
}

func newRecorder(partitions uint16) recorder {
	return recorder{parts: make([]part, partitions)}
}

func (o *recorder) begin(t *tenant.Tenant, received footfall.Millis) {
	o.tenant = t.ID
	o.header = record.HeaderOf(t, record.Events, received.Time())
}

// add copies the event into the record of its partition.
func (o *recorder) add(ev *record.Event) {
	n := o.partition(ev)
	p := &o.parts[n]
	year, inYear, _ := ev.Time.Time().Date()
	month := year*12 + int(inYear)
	known := slices.Contains(p.months, month)
	events, size := p.encoder.Len()
	if events > 0 && (size+sizeOf(ev) > maxRecord || !known && len(p.months) == maxMonths) {
		o.flush(n)
		events = 0
	}
	if events == 0 {
		p.encoder.Reuse(o.header)
		p.months, known = p.months[:0], false
		o.used = append(o.used, n)
	}
	if !known {
		p.months = append(p.months, month)
	}
	p.encoder.Add(ev)
}

// partition hashes the visitor, whose events must all go the same way.
func (o *recorder) partition(ev *record.Event) uint16 {
	n := uint16(len(o.parts))
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
func (o *recorder) flush(n uint16) {
	p := &o.parts[n]
	rec := p.encoder.Record(n)
	rec.Value = bytes.Clone(rec.Value)
	o.records = append(o.records, rec)
	if len(rec.Value) > kept/4 {
		p.encoder = record.Encoder{} // one such buffer a partition is too much to keep
	}
	p.encoder.Reuse(o.header)
	o.used = slices.DeleteFunc(o.used, func(u uint16) bool { return u == n })
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
