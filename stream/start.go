package stream

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// start brings the state to where the plan says the store is, and re-forms an
// open claim as the first batch to deliver.
func (o *owned) start() error {
	first, end, err := o.bounds()
	if err != nil {
		return err
	}
	if err := o.place(first, end); err != nil {
		return err
	}
	// What the open claim has changes the state, but is not visible yet.
	witnesses, started := o.state.Witnesses(), o.status.started(o.state, o.snaps.offset)
	if err := o.reclaim(); err != nil {
		return err
	}
	if !o.r.cfg.Recover {
		orders := o.state.PendingErasures()
		if err := o.verify(witnesses, orders); err != nil {
			return err
		}
		if err := o.audit(o.restored, orders); err != nil {
			return err
		}
		if err := o.foresee(end); err != nil {
			return err
		}
	}
	started()
	if o.r.cfg.NextEpoch { // this is all that is to be done
		o.draining, o.target = true, o.recovery.To
	}
	return nil
}

// place makes the state at the offset before which all is in the store.
func (o *owned) place(first, end int64) error {
	var plan Plan
	var ok bool
	err := o.retry(o.ctx, claiming, "read the plan", func(ctx context.Context) (err error) {
		plan, ok, err = o.p.Plan(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if ok && plan.To > plan.From && plan.Fold != fold.Version {
		return fmt.Errorf("records [%d, %d) were claimed by version %d of the fold, this is version %d: let the old version drain first",
			plan.From, plan.To, plan.Fold, fold.Version)
	}
	if o.r.cfg.Recover {
		return o.recover(first, end)
	}
	if ok {
		if err = check(plan, first); err == nil {
			err = o.confront(plan, plan.From-probe)
		}
	} else {
		plan, err = o.unplanned(first, end)
	}
	if err != nil {
		return err
	}
	o.plan = plan
	return o.replay(plan.From, first)
}

// check refuses a plan that cannot be carried on without risk.
func check(plan Plan, first int64) error {
	switch {
	case plan.From < 0 || plan.To < plan.From:
		return fmt.Errorf("plan (%d, %d) makes no sense", plan.From, plan.To)
	case plan.From < first:
		return fmt.Errorf("plan (%d, %d): %w: the log starts at %d", plan.From, plan.To, ErrTrimmed, first)
	}
	return nil
}

// probe is how many offsets are looked at to tell a new log from a lost plan.
const probe = 1000

// unplanned decides whether a log without a plan is a new one.
func (o *owned) unplanned(first, end int64) (Plan, error) {
	if err := o.confront(Plan{}, end-probe); err != nil {
		return Plan{}, err
	}
	var newest int64
	var held []footfall.Coordinate
	err := o.retry(o.ctx, reading, "look for a snapshot", func(ctx context.Context) error {
		offset, data, err := o.p.Snapshots().Load(ctx, fold.Version, math.MaxInt64)
		if err != nil || data == nil {
			return err
		}
		newest = offset
		return data.Close()
	})
	if newest > end {
		return Plan{}, fmt.Errorf("%w: the log ends at %d, and there is a snapshot of offset %d", ErrLogLacks, end, newest)
	}
	if err == nil {
		held, err = o.held(first, min(first+probe, end))
	}
	if err != nil {
		return Plan{}, err
	}
	if first > 0 || newest > 0 || len(held) > 0 {
		return Plan{}, fmt.Errorf("%w: the store or the log shows that there was one: "+
			"set Config.Recover to begin at the newest snapshot and read back every batch", ErrPlanLost)
	}
	return Plan{Fold: fold.Version}, nil
}

// held asks which events of some records the store has.
func (o *owned) held(from, to int64) (held []footfall.Coordinate, err error) {
	err = o.retry(o.ctx, checking, "look for rows", func(ctx context.Context) (err error) {
		held, err = o.r.cfg.Store.Present(ctx, o.key.epoch, o.key.partition, from, to)
		return err
	})
	return held, err
}

// foresee looks whether the store has events that nobody has claimed: those that
// a recovery was to read back when it was ended. They still must be.
func (o *owned) foresee(end int64) error {
	held, err := o.held(o.plan.To, min(o.plan.To+probe, end))
	if len(held) > 0 {
		o.careful = end
		o.log.Warn("the store has events that were not claimed: reading back", "from", o.plan.To, "to", end)
	}
	return err
}

// replay restores the newest snapshot at or before an offset and folds the
// records between. Their events are in the store; their upserts are repeated.
func (o *owned) replay(from, first int64) error {
	at, err := o.restore(from)
	if err != nil {
		return err
	}
	if at < first {
		return fmt.Errorf("the state at offset %d cannot be rebuilt: the newest snapshot of version %d of the fold is at %d and the log starts at %d: "+
			"set Config.Recover and Config.AcceptLoss to go on without the records between: %w", from, fold.Version, at, first, ErrTrimmed)
	}
	if at == 0 && from > 0 {
		// Seldom: the log is young, or another release had another form.
		o.log.Warn("no snapshot of this version of the fold: the state is made anew from the log's first record", "fold", fold.Version, "to", from)
	}
	if err := o.begin(at); err != nil {
		return err
	}
	begun, out := time.Now(), footfall.Batch{}
	for o.applied < from {
		rec, err := o.next()
		if err != nil {
			return err
		}
		if rec.Offset >= from { // offsets need not be contiguous
			o.unread(rec)
			break
		}
		clear(out.Events)
		out.Events = out.Events[:0]
		if err := o.apply(&rec, &out); err != nil {
			return err
		}
		if o.state.Dirty() >= replayUpserts || o.crowded() {
			if err := o.upsertNow(); err != nil {
				return err
			}
		}
	}
	o.applied = from
	if err := o.upsertNow(); err != nil {
		return err
	}
	if at < from {
		o.log.Info("replayed", "from", at, "to", from, "took", time.Since(begun))
	}
	return nil
}

// begin starts reading at an offset, of which the state is.
func (o *owned) begin(at int64) error {
	if err := o.disposed(at); err != nil {
		return err
	}
	o.applied, o.safe, o.written = at, o.plan.From, at
	o.status.place(o.plan, o.safe, o.written)
	o.wg.Go(func() { o.read(at) })
	return nil
}

// replayUpserts is how many rows a replay gathers before it writes them.
const replayUpserts = 50_000

// restore makes the state from the newest usable snapshot at or before max, or
// an empty one at offset 0.
func (o *owned) restore(max int64) (at int64, err error) {
	r := restorer{
		p: o.p, key: o.key,
		retry: func(what string, f func(context.Context) error) error { return o.retry(o.ctx, reading, what, f) },
		damaged: func(offset int64, err error) {
			o.log.Warn("snapshot cannot be restored, trying an older one", "offset", offset, "error", err)
		},
	}
	o.state, at, err = r.restore(max)
	if o.snaps.offset = at; err == nil {
		o.restored = o.accounts()
	}
	return at, err
}

// disposed tells the state which events were quarantined before.
func (o *owned) disposed(from int64) error {
	return o.retry(o.ctx, inserting, "read what was rejected", func(ctx context.Context) error {
		d, err := o.r.cfg.Store.Disposed(ctx, o.key.epoch, o.key.partition, from)
		if err == nil {
			o.state.Rejected(d.Rejected)
		}
		return err
	})
}

// reclaim folds exactly the claimed records into a batch, which is the first
// one to be delivered.
func (o *owned) reclaim() error {
	o.open = o.batch(o.plan.From)
	o.snaps.restart(o.snaps.offset, 0)
	o.evicted = o.state.EarlyEvictions()
	if o.plan.To <= o.plan.From {
		return nil
	}
	b := o.open
	for o.applied < o.plan.To {
		rec, err := o.next()
		if err != nil {
			return err
		}
		if rec.Offset >= o.plan.To {
			o.unread(rec)
			break
		}
		if err := o.apply(&rec, &b.out); err != nil {
			return err
		}
		b.add(&rec, o.handed)
	}
	o.applied, b.out.To = o.plan.To, o.plan.To
	b.reform = true
	o.cut(o.batch(b.out.To))
	return nil
}
