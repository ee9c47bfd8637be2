package local

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall-go/footfall"
)

// retainEvery is how often retention is applied, by whoever commits a plan.
const retainEvery = time.Minute

// retain removes what retention no longer asks for. That it could not is worth
// a line, but no reason to fail a commit.
func (l *Log) retain(ctx context.Context, now time.Time) {
	l.mu.Lock()
	due := now.Sub(l.trimmed) >= retainEvery
	if due {
		l.trimmed = now
	}
	first, keep := l.first, l.needed()
	l.mu.Unlock()
	if !due || keep <= first {
		return
	}
	e, err := l.use()
	if err != nil {
		return
	}
	defer e.users.Done()
	before, err := l.expired(e, first, keep, footfall.MillisOf(now.Add(-l.cfg.Retention)))
	if err == nil && before > first {
		err = l.trim(ctx, e, before)
	}
	if err != nil && ctx.Err() == nil {
		l.cfg.Logger.Warn("log could not remove old records", "dir", l.cfg.Dir, "error", err)
	}
}

// needed returns the offset from which on records may be asked for again: by
// the plan, or by a replay from the oldest snapshot of the plan's fold, those
// kept for followers aside: retention waits for no follower. While there is no
// such snapshot, that is all of them. l.mu is held.
func (l *Log) needed() int64 {
	plan := l.places.plan
	if held := newest(l.snapshots, plan.Fold); len(held) > 0 {
		return min(plan.From, held[0].offset)
	}
	return l.first
}

// expired returns the offset, at most keep, before which records are too old
// or too many. It is where a group starts.
func (l *Log) expired(e *engine, first, keep int64, cutoff footfall.Millis) (int64, error) {
	var failure error
	n := sort.Search(int(keep-first), func(i int) bool {
		stay, err := l.stays(e, first+int64(i), cutoff)
		if err != nil && failure == nil {
			failure = err
		}
		return stay
	})
	if failure != nil {
		return 0, failure
	}
	// The last group stays whatever its age: it tells where the log ends.
	_, end, _ := l.bounds()
	g, err := groupAt(e.db, min(first+int64(n), end-1))
	return min(g.first, keep), err
}

func (l *Log) stays(e *engine, offset int64, cutoff footfall.Millis) (bool, error) {
	if l.cfg.MaxBytes > 0 {
		size, err := e.db.EstimateDiskUsage(logKey(offset, kindPlan), logKey(anyOffset, kindPlan))
		if err != nil {
			return false, fmt.Errorf("estimate size: %w", err)
		}
		if size > uint64(l.cfg.MaxBytes) {
			return false, nil
		}
	}
	g, err := groupAt(e.db, offset)
	return g.time >= cutoff, err
}

// groupAt returns the group that holds an offset.
func groupAt(db *pebble.DB, offset int64) (group, error) {
	found := false
	var at group
	err := eachGroup(db, offset, func(g group) (bool, error) {
		found = g.first <= offset
		at = group{first: g.first, count: g.count, time: g.time}
		return false, nil
	})
	if err == nil && !found {
		err = fmt.Errorf("%w: no record at offset %d", errCorrupt, offset)
	}
	return at, err
}

// trim removes the records before an offset at which a group starts. Readers
// learn of it first, so that none takes a gap for the end. Excising cuts
// tables at once and leaves no tombstone, which would overlap all tables.
func (l *Log) trim(ctx context.Context, e *engine, before int64) error {
	l.mu.Lock()
	l.first = max(l.first, before)
	var useless []snapshot // of other folds: what would follow them is gone
	l.snapshots = slices.DeleteFunc(slices.Clone(l.snapshots), func(o snapshot) bool {
		if o.offset < before {
			useless = append(useless, o)
		}
		return o.offset < before
	})
	l.mu.Unlock()
	if err := l.dropSnapshots(ctx, e, useless); err != nil {
		return err
	}
	return e.run(ctx, func() error {
		return e.db.Excise(context.WithoutCancel(ctx), pebble.KeyRange{
			Start: logKey(0, kindPlan), End: logKey(before, kindPlan),
		})
	})
}
