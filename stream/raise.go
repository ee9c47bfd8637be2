package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// foreign reports whether the log is not the one, or not as long, as when the
// state was folded from it.
func (o *owned) foreign(at, first, end int64) (bool, error) {
	if at > end {
		return true, nil
	}
	if last := at - 1; last >= first {
		records, err := o.readAt(last, 1)
		if err != nil || records[0].Time > o.state.Clock() {
			return err == nil, err
		}
	}
	for _, w := range o.state.Witnesses() {
		if w.Event.Position.Offset < first {
			continue
		}
		same, err := o.holds(&w.Event)
		return !same, err
	}
	return false, nil
}

// part finds out up to where the log is what it was, and so where the next epoch
// begins, looking from a sound state on. Where it is that nowhere, and so another
// log, it takes the newest state that the store bears out: what that knows of
// sessions and ids is all that is left of them.
func (o *owned) part(at, first, end int64) (from, to int64, err error) {
	if to, err = o.parting(max(at, first), end); err != nil {
		return 0, 0, err
	}
	o.log.Info("the log is what it was up to an offset, where the next epoch begins", "offset", to, "end", end)
	if at > 0 || to > first {
		return at, to, nil
	}
	known := int64(math.MaxInt64)
	for known > 0 {
		if known, err = o.restore(known); err != nil {
			return 0, 0, err
		}
		lacks, err := o.lacking(o.state.Witnesses(), nil)
		if err != nil {
			return 0, 0, err
		}
		if lacks == nil {
			break
		}
		known--
	}
	if known > 0 {
		o.log.Info("going on with the state of the log that is gone", "offset", known)
	}
	return to, to, nil
}

// parting returns the first offset, from one on, at which the log has another
// record than the store knows, end if there is none.
//
// Behind the last record that the store bears out there may be some that it has
// no event of, either way. What became of those the log had tells the quarantine
// alone: an event that was parked was parked, and any other that is in it was
// refused, or is a new one that must not be taken for it.
func (o *owned) parting(from, end int64) (int64, error) {
	sure := from // all before it was in the log
	parked := map[int64]bool{}
	for at := from; at < end; {
		records, err := o.readAt(at, readBytes)
		if err != nil {
			return 0, err
		}
		next := min(records[len(records)-1].Offset+1, end)
		held, err := o.survey(at, next, math.MaxInt32)
		if err != nil {
			return 0, err
		}
		for i := range records {
			rec := &records[i]
			if rec.Offset < next && record.KindOf(rec) == record.Parked {
				parked[rec.Offset] = true
			}
		}
		other := differing(records, held)
		for _, ev := range slices.Backward(held) {
			if ev.Position.Offset < other {
				sure = ev.Position.Offset + 1
			}
		}
		if other < math.MaxInt64 {
			end = other
			break
		}
		at = next
	}
	gone := footfall.Disposed{}
	err := o.retry(o.ctx, checking, "read what was rejected", func(ctx context.Context) (err error) {
		gone, err = o.r.cfg.Store.Disposed(ctx, o.key.epoch, o.key.partition, sure)
		return err
	})
	for _, c := range gone.Rejected {
		if c.Offset < end && !parked[c.Offset] {
			end = c.Offset
		}
	}
	return end, err
}

// raisedBefore reports whether this recovery, or one that was ended, has come this
// far: the answer may have got lost, and the partition with it.
func (o *owned) raisedBefore() (bool, error) {
	if !o.r.cfg.NextEpoch {
		return false, nil
	}
	if v := o.r.recovery(partitionKey{o.key.epoch - 1, o.key.partition}); v != nil {
		v.raised.Store(true)
		return true, nil
	}
	err := o.retry(o.ctx, claiming, "read the plan", func(ctx context.Context) error {
		_, _, err := o.p.Plan(ctx)
		return err
	})
	if !errors.Is(err, ErrRaised) {
		return false, err
	}
	v := o.r.recovery(o.key)
	if v == nil {
		v = &recovery{Recovery: Recovery{Epoch: o.key.epoch, Partition: o.key.partition}}
		o.r.note(o.key, v)
	}
	v.raised.Store(true)
	return true, nil
}

// raise ends the epoch where the recovery did.
func (o *owned) raise() error {
	v := o.recovery
	o.state.Raise(o.key.epoch+1, v.To)
	plan := Plan{From: v.To, To: v.To, Written: v.To, Fold: fold.Version}
	err := o.retry(o.ctx, claiming, "begin the next epoch", func(ctx context.Context) error {
		state := o.state.Snapshot()
		defer func() { _ = state.Close() }() // nothing is written through it
		return o.p.Raise(ctx, plan, state)
	})
	if err != nil {
		return fmt.Errorf("end epoch %d: %w", o.key.epoch, err)
	}
	v.raised.Store(true)
	o.log.Info("the next epoch begins", "epoch", o.key.epoch+1, "offset", v.To)
	return nil
}
