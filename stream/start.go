package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// start brings the state to where the plan says the store is, and re-forms an
// open claim as the first batch to deliver.
func (o *owned) start() error {
	var first, end int64
	err := o.retry(o.ctx, reading, "read the log's bounds", func(ctx context.Context) (err error) {
		first, end, err = o.p.Bounds(ctx)
		return err
	})
	if err != nil {
		return err
	}
	from, err := o.planned(first, end)
	if err != nil {
		return err
	}
	if err := o.replay(from, first); err != nil {
		return err
	}
	return o.reclaim()
}

// planned reads the plan, refuses one that cannot be carried on without risk,
// and returns the offset at which the state must be restored.
func (o *owned) planned(first, end int64) (from int64, err error) {
	var plan Plan
	var ok bool
	err = o.retry(o.ctx, claiming, "read the plan", func(ctx context.Context) (err error) {
		plan, ok, err = o.p.Plan(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if o.r.cfg.Recover {
		o.careful = end
	}
	if !ok {
		if plan, err = o.unplanned(first, end); err != nil {
			return 0, err
		}
	}
	switch open := plan.To > plan.From; {
	case plan.From < 0 || plan.To < plan.From:
		return 0, fmt.Errorf("plan (%d, %d) makes no sense", plan.From, plan.To)
	case open && plan.Fold != fold.Version:
		return 0, fmt.Errorf("records [%d, %d) were claimed by version %d of the fold, this is version %d: let the old version drain first",
			plan.From, plan.To, plan.Fold, fold.Version)
	case plan.To > end && !o.r.cfg.Recover:
		return 0, fmt.Errorf("plan (%d, %d) is ahead of the log, which ends at %d: it is not the log that the plan was made for", plan.From, plan.To, end)
	case plan.From < first && !o.r.cfg.Recover:
		return 0, fmt.Errorf("plan (%d, %d): %w: the log starts at %d", plan.From, plan.To, ErrTrimmed, first)
	}
	if plan.From > end || plan.To > end { // recovering
		plan.From, plan.To = min(plan.From, end), min(plan.To, end)
	}
	o.plan = plan
	return plan.From, nil
}

// probe is how many offsets are looked at to tell a new log from a lost plan.
const probe = 1000

// unplanned decides where to begin without a plan: at 0 with a new log, at the
// newest snapshot when recovering.
func (o *owned) unplanned(first, end int64) (Plan, error) {
	var newest int64
	var held []footfall.Coordinate
	err := o.retry(o.ctx, reading, "look for a snapshot", func(ctx context.Context) error {
		offset, data, err := o.p.Snapshots().Load(ctx, fold.Version, end)
		if err != nil || data == nil {
			return err
		}
		newest = offset
		return data.Close()
	})
	if err == nil {
		err = o.retry(o.ctx, inserting, "look for rows", func(ctx context.Context) (err error) {
			held, err = o.r.cfg.Store.Present(ctx, o.key.epoch, o.key.partition, first, min(first+probe, end))
			return err
		})
	}
	if err != nil {
		return Plan{}, err
	}
	lost := first > 0 || newest > 0 || len(held) > 0
	if lost && !o.r.cfg.Recover {
		return Plan{}, fmt.Errorf("%w: the store or the log shows that there was one: "+
			"set Config.Recover to begin at the newest snapshot and read back every batch", ErrPlanLost)
	}
	at := max(first, newest)
	if lost {
		o.log.Warn("recovering without a plan", "from", at, "end", end)
	}
	return Plan{From: at, To: at, Fold: fold.Version}, nil
}

// replay restores the newest snapshot at or before an offset and folds the
// records between. Their events are in the store; their upserts are repeated.
func (o *owned) replay(from, first int64) error {
	at, err := o.restore(from)
	if err != nil {
		return err
	}
	if at < first {
		if !o.r.cfg.Recover {
			return fmt.Errorf("the state at offset %d cannot be rebuilt: the newest snapshot is at %d and the log starts at %d: "+
				"set Config.Recover to go on without the records between: %w", from, at, first, ErrTrimmed)
		}
		o.log.Warn("recovering without records that are gone", "from", at, "to", first)
		at, from = first, max(from, first)
		o.plan = Plan{From: from, To: max(from, o.plan.To), Fold: fold.Version}
	}
	if err := o.disposed(at); err != nil {
		return err
	}
	o.applied, o.safe, o.written = at, from, at
	o.status.place(o.plan, o.safe, o.written)
	o.wg.Go(func() { o.read(at) })

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
	if o.state, at, err = r.restore(max); at > 0 {
		o.snaps.offset = at
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
	o.status.started(o.state, o.snaps.offset)
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
