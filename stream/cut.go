package stream

import (
	"time"

	"github.com/footfall-go/footfall"
)

// cut ends the open batch, which becomes the next to be delivered, and opens
// another. What depends on the state is kept with the batch, because the state
// will be ahead of it when it is confirmed.
func (o *owned) cut(next *batch) {
	b := o.open
	if b.out.From < o.careful {
		b.reform, b.foreign = true, true
	}
	b.totals, b.visitors, b.ids, b.evicted = o.state.Totals(), o.state.Visitors(), o.state.MessageIDs(), o.state.EarlyEvictions()
	if now := time.Now(); o.ups.free() && o.applied == b.out.To && (o.crowded() || !now.Before(o.ups.last.Add(o.r.cfg.UpsertEvery))) {
		o.ups.collect(o.state, o.applied, now)
		b.upserts = true
	}
	o.ready, o.open = b, next
}

// manyTraits is how many traits wait for the next upserts before they leave
// early. An event may have a thousand of seven bytes each, so a batch bounded by
// events and bytes would not bound them.
const manyTraits = 100_000

// maxWeight is how many bytes of parked events may.
const maxWeight = 16 << 20

// crowded reports whether that many wait. The fold then waits too, until the
// store has taken what was collected before.
func (o *owned) crowded() bool {
	return o.state.Traits() >= manyTraits || o.state.Weight() > maxWeight
}

// split cuts before a record that is folded already, because its events from
// the n-th of the batch on touch one part too many.
func (o *owned) split(rec *footfall.Record, n int) *batch {
	b := o.open
	next := o.batch(b.out.To)
	next.out.Events = append(next.out.Events, b.out.Events[n:]...)
	next.parts.add(next.out.Events)
	clear(b.out.Events[n:])
	b.out.Events = b.out.Events[:n]
	o.cut(next)
	for i := range b.totals { // taken with the record, which is not in the batch
		if t := &b.totals[i]; t.Tenant.String() == rec.Tenant {
			stored := uint64(len(next.out.Events))
			t.Stored -= stored
			t.Duplicate -= min(uint64(rec.Events)-stored, t.Duplicate)
		}
	}
	return next
}

// launch delivers a batch in a goroutine of its own: folding the next one
// needs the processor, this needs the store.
func (o *owned) launch(b *batch) {
	o.flying = b
	b.written = min(o.written, b.out.From)
	o.status.claim(b.out.To)
	o.wg.Go(func() {
		b.err = o.deliver(o.ctx, b)
		o.delivered <- b
	})
}

// confirm takes note of a delivered batch.
func (o *owned) confirm(b *batch) error {
	o.flying = nil
	if b.err != nil {
		return b.err
	}
	o.plan.From, o.plan.To, o.plan.Written = b.out.From, b.out.To, b.written
	o.safe = b.out.To
	for i := range b.refused {
		o.quarantine(b, &b.refused[i])
	}
	if len(b.marks) > 0 {
		o.r.inst.batch(o.ctx, o.attrs, b, b.evicted-o.evicted)
		o.evicted = b.evicted
		o.status.confirm(b)
	}
	o.horizon.move(b.out.To, len(b.refused))
	o.feed(b)
	upserts := b.upserts
	o.release(b)
	if upserts {
		o.sendUpserts()
	}
	return nil
}

// quarantine tells the state that a stored event was not stored after all, and
// corrects the totals that were taken in the meantime. A snapshot taken in the
// meantime would not know, so it is given up.
func (o *owned) quarantine(b *batch, q *refusal) {
	o.state.Quarantine(&q.event, q.time)
	o.snaps.spoil()
	for _, known := range []*batch{b, o.ready} {
		if known == nil {
			continue
		}
		for i := range known.totals {
			if t := &known.totals[i]; t.Tenant == q.event.Tenant {
				t.Reject(&q.event)
			}
		}
	}
}
