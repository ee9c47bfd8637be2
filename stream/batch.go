package stream

import (
	"cmp"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// batch is a claim in the making: the events of some records, what is needed
// to decide where it ends, and what became of it.
type batch struct {
	out      footfall.Batch
	marks    []mark // one for each record
	events   int    // of the records, duplicates included
	bytes    int
	read     time.Time // when the first record was read
	parts    parts
	totals   []fold.Totals // of the state at out.To
	visitors int           // how many the state held
	ids      int           // and of message ids
	evicted  uint64        // message ids it had forgotten early
	upserts  bool          // the runner's upserts are those at out.To
	written  int64         // of the plan that claims it
	reform   bool          // may have been sent before: read back first
	foreign  bool          // and that with other boundaries

	refused []refusal // set by delivery: rows moved to quarantine
	err     error     // set by delivery
}

// mark keeps what is asked of a record later.
type mark struct {
	offset int64
	time   footfall.Millis
	parked bool
}

// refusal is an event that the store will never take.
type refusal struct {
	event footfall.Event
	time  footfall.Millis // of its record
}

// reset makes the batch empty and keeps its memory, without keeping alive the
// records that its events' strings belong to.
func (b *batch) reset() {
	clear(b.out.Events)
	b.parts.reset()
	*b = batch{
		out:   footfall.Batch{Events: b.out.Events[:0]},
		marks: b.marks[:0], parts: b.parts, // totals may have been published
	}
}

func (b *batch) add(rec *footfall.Record, read time.Time) {
	if len(b.marks) == 0 {
		b.read = read
	}
	b.marks = append(b.marks, mark{rec.Offset, rec.Time, record.KindOf(rec) == record.Parked})
	b.events += int(rec.Events)
	b.bytes += size(rec)
	b.out.To = rec.Offset + 1
}

func size(rec *footfall.Record) int { return len(rec.Header) + len(rec.Value) }

// takes tells whether a record still fits. The number of parts is known only
// when the record has been folded.
func (b *batch) takes(rec *footfall.Record, cfg *Config) bool {
	return len(b.marks) == 0 ||
		len(b.out.Events)+int(rec.Events) <= cfg.MaxRows &&
			b.bytes+size(rec) <= cfg.MaxBytes &&
			rec.Time-b.marks[0].time <= footfall.Millis(cfg.MaxSpan.Milliseconds())
}

// markOf returns what was kept of the record an event came in.
func (b *batch) markOf(offset int64) mark {
	i, ok := slices.BinarySearchFunc(b.marks, offset, func(m mark, o int64) int { return cmp.Compare(m.offset, o) })
	if !ok {
		return mark{}
	}
	return b.marks[i]
}

// parts is the set of (silo, month) pairs of a batch. It is short, and almost
// every event falls into the pair of the one before it.
type parts struct {
	list []part
	last int
}

type part struct {
	silo  string
	month month
}

// month is a calendar month in UTC as a half-open range.
type month struct{ from, to footfall.Millis }

func monthOf(at footfall.Millis) month {
	y, m, _ := at.Time().Date()
	return month{
		footfall.MillisOf(time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)),
		footfall.MillisOf(time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)),
	}
}

func (p *part) holds(ev *footfall.Event) bool {
	return ev.Time >= p.month.from && ev.Time < p.month.to && ev.Silo == p.silo
}

// add takes the pairs of events in and returns how many pairs there are now.
func (p *parts) add(events []footfall.Event) int {
	for i := range events {
		ev := &events[i]
		if p.last < len(p.list) && p.list[p.last].holds(ev) {
			continue
		}
		p.last = slices.IndexFunc(p.list, func(q part) bool { return q.holds(ev) })
		if p.last < 0 {
			p.last = len(p.list)
			p.list = append(p.list, part{ev.Silo, monthOf(ev.Time)})
		}
	}
	return len(p.list)
}

func (p *parts) reset() {
	clear(p.list)
	p.list, p.last = p.list[:0], 0
}
