package stream

import (
	"context"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// upserter holds the rows that leave beside the events: versioned, so that
// they may be written again, and never ahead of the events they follow from.
// That last part is what makes an erasure final: the rows it deletes are all
// in the store when it gets there.
type upserter struct {
	rows footfall.Upserts
	to   int64 // what the records before it changed
	full bool  // collected and not yet acknowledged
	last time.Time
	done chan error
}

func (u *upserter) free() bool { return !u.full }

// collect takes the changed rows out of the state.
func (u *upserter) collect(s *fold.State, to int64, now time.Time) {
	s.Flush(&u.rows)
	u.to, u.full, u.last = to, true, now
}

// sendUpserts writes what was collected, beside all else.
func (o *owned) sendUpserts() {
	o.wg.Go(func() { o.ups.done <- o.writeUpserts() })
}

func (o *owned) writeUpserts() error {
	if o.ups.rows.Len() == 0 {
		return nil
	}
	err := o.retry(o.ctx, upserting, "write sessions, links and ledger", func(ctx context.Context) error {
		o.ups.rows.Partition = o.key.partition
		return o.r.cfg.Store.Upsert(ctx, &o.ups.rows)
	})
	if err != nil && o.ctx.Err() == nil {
		return stopf("the store refuses rows that follow from the log: %w", err)
	}
	return err
}

// upserted takes note of the store's answer.
func (o *owned) upserted(err error) error {
	if err != nil {
		return err
	}
	o.ups.full = false
	erased := len(o.ups.rows.Erasures) > 0
	if n := len(o.ups.rows.Erasures); erased {
		// Before anybody can learn that it is done: no tap begins to write what
		// was erased once that is known.
		o.horizon.erased(n)
		for _, t := range o.feeds {
			t.erase(o.ups.rows.Erasures)
		}
	}
	o.ups.rows.Reset()
	o.written = max(o.written, o.ups.to)
	o.status.write(o.written)
	if erased {
		// So that what stands before it can go soon, also where who wants it gone
		// is another process.
		o.snaps.want(o.written)
	}
	return nil
}

// upsertNow writes everything that changed and waits for it. Only start uses it.
func (o *owned) upsertNow() error {
	o.ups.collect(o.state, o.applied, time.Now())
	return o.upserted(o.writeUpserts())
}

// unwritten reports whether there are rows to collect.
func (o *owned) unwritten() bool { return o.written < o.applied || o.state.Dirty() > 0 }
