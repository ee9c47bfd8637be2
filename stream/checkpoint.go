package stream

import (
	"context"
	"time"
)

// look is how often Settle and Checkpoint look: what they wait for takes a
// second or more.
const look = 20 * time.Millisecond

// Settle returns when the store has all that was in the log of the partitions
// this process owns at the time of the call: events, sessions, links and
// erasures. It fails when ctx ends.
func (r *Runner) Settle(ctx context.Context) error {
	return r.eachOwned(ctx, func(o *owned, end int64) bool {
		v := o.status.copy()
		return !v.starting && v.safe >= end && v.written >= end
	})
}

// Checkpoint returns when, of each partition this process owns, there is a
// snapshot of the state after all that was in the log at the time of the call.
// Then no start needs what stands before, and the store has all of it.
func (r *Runner) Checkpoint(ctx context.Context) error {
	return r.eachOwned(ctx, func(o *owned, end int64) bool {
		if v := o.status.copy(); v.snapshot >= end {
			return true
		}
		o.want(end)
		return false
	})
}

// eachOwned waits until done is true of every partition and its end.
func (r *Runner) eachOwned(ctx context.Context, done func(*owned, int64) bool) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	ends := map[partitionKey]int64{}
	for {
		all := r.partitions()
		waiting := len(all) == 0
		for _, o := range all {
			end, known := ends[o.key]
			if !known {
				var err error
				if _, end, err = o.p.Bounds(ctx); err != nil {
					return err
				}
				ends[o.key] = end
			}
			waiting = !done(o, end) || waiting
		}
		if !waiting {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// want asks for a snapshot at or after an offset. It may be called by any
// goroutine.
func (o *owned) want(offset int64) {
	o.snaps.want(offset)
	select {
	case o.snaps.poke <- struct{}{}:
	default:
	}
}

// want notes it; two may do so at once, and the later offset is good for both.
func (s *snapshotter) want(offset int64) {
	for {
		wanted := s.wanted.Load()
		if wanted >= offset || s.wanted.CompareAndSwap(wanted, offset) {
			return
		}
	}
}

// owed reports whether somebody waits for a snapshot that can be taken now.
func (s *snapshotter) owed(o *owned) bool {
	wanted := s.wanted.Load()
	return wanted > s.offset && o.applied >= wanted
}
