package local

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall-go/footfall/tenant"
)

// ErrNeeded says that records cannot be removed yet: the plan is not past them,
// there is no snapshot that makes them superfluous, or a follower has not read
// them or could not go on without them.
var ErrNeeded = errors.New("stream/local: records are still needed")

// Forget removes the records before an offset and the snapshots of states
// before it, whatever retention says, and rewrites the tables they stood in. It
// fails with [ErrNeeded] where a start or a follower would miss them. The files
// of the write-ahead log are used again and may hold bytes of records until
// they are overwritten.
func (l *Log) Forget(ctx context.Context, before int64) error {
	if err := l.forget(ctx, before); err != nil {
		return fmt.Errorf("forget the records before %d: %w", before, err)
	}
	return nil
}

func (l *Log) forget(ctx context.Context, before int64) error {
	l.mu.Lock()
	stale, err := l.superfluous(before)
	first, end := l.first, l.end
	l.mu.Unlock()
	if err != nil {
		return err
	}
	e, err := l.use()
	if err != nil {
		return err
	}
	defer e.users.Done()
	if err := l.dropSnapshots(ctx, e, stale); err != nil {
		return err
	}
	if first < before {
		if before, err = l.startGroup(ctx, e, before, end); err != nil {
			return err
		}
		if err := l.trim(ctx, e, before); err != nil {
			return err
		}
	}
	return e.run(ctx, func() error { return e.rewrite(context.WithoutCancel(ctx)) })
}

// rewrite makes sure that no file holds what was cut out of its table. Cut tables
// go on as views of such files, and those on the lowest level are left alone by a
// compaction that has nothing to merge into them: each is given two deletions of
// keys that nobody has, one on either side.
func (e *engine) rewrite(ctx context.Context) error {
	from, to := []byte{familySnapshot}, []byte{familyPosition + 1}
	const tries = 10 // others may cut meanwhile
	for range tries {
		if err := e.db.Flush(); err != nil {
			return err
		}
		if err := e.db.Compact(ctx, from, to, false); err != nil {
			return err
		}
		levels, err := e.db.SSTables()
		if err != nil {
			return err
		}
		batch := e.db.NewBatch()
		for _, table := range slices.Concat(levels...) {
			if table.Virtual {
				// A batch that is not committed yet does not fail.
				_ = batch.Delete(table.Smallest.UserKey[:1], nil)
				_ = batch.Delete(append(slices.Clone(table.Largest.UserKey), 0), nil)
			}
		}
		if batch.Empty() {
			return batch.Close()
		}
		if err := errors.Join(batch.Commit(pebble.Sync), batch.Close()); err != nil {
			return err
		}
	}
	return errors.New("tables were cut again and again")
}

// superfluous takes the snapshots before an offset out of the list, if nobody
// needs them nor the records before it. l.mu is held.
func (l *Log) superfluous(before int64) (stale []snapshot, err error) {
	plan := l.places.plan
	if plan.From < before {
		return nil, fmt.Errorf("%w: the plan is at %d", ErrNeeded, plan.From)
	}
	held := newest(l.snapshots, plan.Fold)
	if before > 0 && (len(held) == 0 || held[len(held)-1].offset < before) {
		return nil, fmt.Errorf("%w: there is no snapshot at or after it", ErrNeeded)
	}
	for name, cursor := range l.places.cursors {
		// A follower folds anew from a state that is not past its cursor.
		starts := before == 0 || slices.ContainsFunc(l.snapshots, func(o snapshot) bool {
			return o.fold == plan.Fold && o.offset >= before && o.offset <= cursor
		})
		if cursor < before || !starts {
			return nil, fmt.Errorf("%w: by the follower %s at %d", ErrNeeded, name, cursor)
		}
	}
	l.snapshots = slices.DeleteFunc(slices.Clone(l.snapshots), func(o snapshot) bool {
		if o.offset < before {
			stale = append(stale, o)
		}
		return o.offset < before
	})
	return stale, nil
}

// startGroup makes a group start at an offset, by making two of the one that
// holds it. It returns the offset, or that of the last record if it is before
// it: the last group tells where the log ends.
func (l *Log) startGroup(ctx context.Context, e *engine, offset, end int64) (int64, error) {
	offset = min(offset, end-1)
	batch := e.db.NewBatch()
	defer func() { _ = batch.Close() }() // gives memory back; it has no error
	err := eachGroup(e.db, offset, func(g group) (bool, error) {
		n := int(offset - g.first)
		if n <= 0 {
			return false, nil
		}
		all, count := g.rest, g.count
		for range n {
			if _, err := g.next(); err != nil {
				return false, err
			}
		}
		early := append(appendGroupHead(nil, n, g.time), all[:len(all)-len(g.rest)]...)
		late := append(appendGroupHead(nil, count-n, g.time), g.rest...)
		// A batch that is not committed yet does not fail.
		_ = batch.Set(logKey(g.first, kindRecord), early, nil)
		_ = batch.Set(logKey(offset, kindRecord), late, nil)
		return false, nil
	})
	if err != nil || batch.Empty() {
		return offset, err
	}
	return offset, e.run(ctx, func() error { return batch.Commit(pebble.Sync) })
}

// ForgetImports forgets how far the imports of a tenant have come.
func (l *Log) ForgetImports(ctx context.Context, id tenant.ID) error {
	e, err := l.use()
	if err != nil {
		return err
	}
	defer e.users.Done()
	from := positionKey(id.String(), "")
	to := slices.Clone(from)
	to[len(to)-1]++
	if err := e.run(ctx, func() error { return e.db.DeleteRange(from, to, pebble.Sync) }); err != nil {
		return fmt.Errorf("forget the imports of %s: %w", id, err)
	}
	return nil
}
