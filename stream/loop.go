package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
)

// How often things happen that no one needs to set.
const (
	readBytes = 2 << 20                // how much one read asks for
	idleFlush = 200 * time.Millisecond // between upserts while the log is drained
	idleClose = time.Second            // until the claim of a drained log is closed
)

// read is what the reading goroutine found.
type read struct {
	records []footfall.Record
	err     error
	at      time.Time
}

// read fetches records ahead of the fold, one piece at a time.
func (o *owned) read(from int64) {
	for {
		var rd read
		rd.records, rd.err = o.readOnce(from)
		if n := len(rd.records); n > 0 {
			from = rd.records[n-1].Offset + 1
		}
		rd.at = time.Now()
		select {
		case o.reads <- rd:
		case <-o.ctx.Done():
			return
		}
		if rd.err != nil {
			return
		}
	}
}

// readOnce reads until it succeeds or never will.
func (o *owned) readOnce(from int64) ([]footfall.Record, error) {
	for n := 0; ; n++ {
		records, err := o.p.Read(o.ctx, from, readBytes)
		switch {
		case err == nil:
			o.mended(reading)
			return records, nil
		case o.ctx.Err() != nil:
			return nil, context.Cause(o.ctx)
		case errors.Is(err, ErrFenced), errors.Is(err, ErrTrimmed), footfall.IsPermanent(err):
			return nil, err
		}
		o.trouble(reading, fmt.Errorf("read the log: %w", err))
		if err := o.wait(o.ctx, o.backoff(n)); err != nil {
			return nil, err
		}
	}
}

// next returns the next record, waiting for it. Only start uses it; the loop
// must not wait for the log alone.
func (o *owned) next() (footfall.Record, error) {
	for len(o.hand) == 0 {
		select {
		case rd := <-o.reads:
			if err := o.take(rd); err != nil {
				return footfall.Record{}, err
			}
		case <-o.ctx.Done():
			return footfall.Record{}, context.Cause(o.ctx)
		}
	}
	rec := o.hand[0]
	o.hand = o.hand[1:]
	return rec, nil
}

// unread gives back the record that next returned last.
func (o *owned) unread(rec footfall.Record) {
	o.hand = append([]footfall.Record{rec}, o.hand...)
}

func (o *owned) take(rd read) error {
	switch {
	case rd.err == nil:
	case o.ctx.Err() != nil:
		return context.Cause(o.ctx)
	case errors.Is(rd.err, ErrFenced):
		return ErrFenced
	default:
		return stopf("read the log: %w", rd.err)
	}
	o.hand, o.handed = rd.records, rd.at
	return nil
}

// apply folds one record.
func (o *owned) apply(rec *footfall.Record, out *footfall.Batch) error {
	if err := o.state.Apply(rec, out); err != nil {
		return stopf("fold the record at offset %d: %w", rec.Offset, err)
	}
	o.applied = rec.Offset + 1
	o.folded += uint64(rec.Events)
	return nil
}

// loop is the protocol: fold, cut, and deliver one batch after the other while
// the next one is being folded. It alone touches the state.
func (o *owned) loop() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		done, err := o.advance()
		if done || err != nil {
			return err
		}
		reads, stop := o.reads, o.stop
		if len(o.hand) > 0 || o.ready != nil || o.drained() {
			reads = nil // there is enough to do
		}
		if o.draining {
			stop = nil // it stays closed
		}
		timer.Reset(o.sleep())
		select {
		case rd := <-reads:
			err = o.take(rd)
		case b := <-o.delivered:
			err = o.confirm(b)
		case err = <-o.ups.done:
			err = o.upserted(err)
		case err := <-o.snaps.done:
			o.saved(err)
		case <-o.snaps.poke:
		case <-stop:
			err = o.drain()
		case <-timer.C:
		case <-o.ctx.Done():
			err = context.Cause(o.ctx)
		}
		if err != nil {
			return err
		}
	}
}

// drain sets the end: what is in the log now is still processed.
func (o *owned) drain() error {
	o.draining = true
	return o.retry(o.ctx, reading, "read the log's bounds", func(ctx context.Context) (err error) {
		_, o.target, err = o.p.Bounds(ctx)
		return err
	})
}

// advance does all that can be done without waiting. It reports whether a
// drain is complete.
func (o *owned) advance() (done bool, err error) {
	if o.r.cfg.NextEpoch && o.applied < o.target && len(o.hand) > 0 && o.hand[0].Offset >= o.target {
		o.applied = o.target // offsets need not be contiguous
	}
	for o.ready == nil && len(o.hand) > 0 && !o.drained() && (o.ups.free() || !o.crowded()) {
		if err := o.fold(&o.hand[0]); err != nil {
			return false, err
		}
		o.hand = o.hand[1:]
	}
	now := time.Now()
	if o.ready == nil && o.flying == nil && len(o.open.marks) > 0 && (o.drained() || !now.Before(o.open.read.Add(o.r.flushAge()))) {
		o.cut(o.batch(o.applied))
	}
	if o.ready != nil && o.flying == nil {
		o.launch(o.ready)
		o.ready = nil
		if len(o.hand) > 0 && !o.drained() {
			return o.advance()
		}
	}
	if o.busy() {
		o.idle = time.Time{}
	} else {
		if o.idle.IsZero() {
			o.idle = now
		}
		o.rest(now)
	}
	o.snapshot(now)
	return o.draining && !o.busy() && o.settled() && !o.snaps.taking && o.snaps.due(o).IsZero(), nil
}

// drained reports whether a stop was asked for and all of the log is folded.
func (o *owned) drained() bool { return o.draining && o.applied >= o.target }

// busy reports whether there are events on their way to the store.
func (o *owned) busy() bool {
	return len(o.open.marks) > 0 || o.ready != nil || o.flying != nil || o.draining && o.applied < o.target
}

// settled reports whether the store has everything and the plan says so.
func (o *owned) settled() bool {
	return !o.unwritten() && o.ups.free() && !o.untold()
}

// untold reports whether the plan says less than there is to say when nothing
// is on its way.
func (o *owned) untold() bool { return o.plan.From < o.plan.To || o.plan.Written < o.plan.To }

// rest uses a pause: what is left of the upserts leaves at once, and then one
// commit closes the claim, so that another version of the fold may take over,
// and tells other processes that all is written.
func (o *owned) rest(now time.Time) {
	switch {
	case !o.ups.free():
	case o.unwritten():
		if o.draining || !now.Before(o.ups.last.Add(idleFlush)) {
			o.ups.collect(o.state, o.applied, now)
			o.sendUpserts()
		}
	case o.untold() && (o.draining || !now.Before(o.idle.Add(idleClose))):
		o.launch(o.batch(o.applied)) // claims nothing, confirms everything
	}
}

// How long a record waits for others, unless that is set.
const (
	leastFlushAge   = 200 * time.Millisecond
	flushAgeForEach = time.Second / 20 // partition
)

// flushAge returns how long the first record of a batch waits at most.
func (r *Runner) flushAge() time.Duration {
	if r.cfg.FlushAge > 0 {
		return r.cfg.FlushAge
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(leastFlushAge, time.Duration(len(r.owned))*flushAgeForEach)
}

// sleep returns how long nothing will happen by itself.
func (o *owned) sleep() time.Duration {
	wake := o.snaps.due(o)
	earlier := func(at time.Time) {
		if wake.IsZero() || at.Before(wake) {
			wake = at
		}
	}
	if len(o.open.marks) > 0 && o.ready == nil && o.flying == nil {
		earlier(o.open.read.Add(o.r.flushAge()))
	}
	if !o.busy() {
		switch {
		case !o.ups.free():
		case o.unwritten():
			earlier(o.ups.last.Add(idleFlush))
		case o.untold():
			earlier(o.idle.Add(idleClose))
		}
	}
	if wake.IsZero() {
		return time.Hour
	}
	return max(time.Until(wake), 0)
}

// fold adds a record to the open batch, or to a new one if it does not fit.
func (o *owned) fold(rec *footfall.Record) error {
	if !o.open.takes(rec, &o.r.cfg) || o.crowded() && len(o.open.marks) > 0 {
		o.cut(o.batch(o.open.out.To))
	}
	b := o.open
	n := len(b.out.Events)
	if err := o.apply(rec, &b.out); err != nil {
		return err
	}
	if b.parts.add(b.out.Events[n:]) > o.r.cfg.MaxParts && n > 0 {
		b = o.split(rec, n)
	}
	b.add(rec, o.handed)
	return nil
}
