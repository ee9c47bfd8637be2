package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// start finds the tap's place and makes the state there.
func (c *chase) start() error {
	cursor, first, err := c.place()
	if err != nil {
		return err
	}
	r := restorer{p: c.o.p, key: c.o.key, retry: c.retry, damaged: func(offset int64, err error) {
		c.log.Warn("snapshot cannot be restored, trying an older one", "offset", offset, "error", err)
	}}
	state, at, err := r.restore(cursor)
	if err != nil {
		return err
	}
	if at < first {
		return fmt.Errorf("the state at the tap's place %d cannot be rebuilt: the newest snapshot is at %d and the log starts at %d: %w",
			cursor, at, first, ErrTrimmed)
	}
	_, c.told, _, _ = c.o.horizon.look() // before asking: what comes later is asked again
	gone, err := c.disposed(at)
	if err != nil {
		return err
	}
	state.Rejected(gone.Rejected)
	c.state, c.applied, c.cursor, c.erased = state, at, at, gone.Erasures
	c.hand, c.bytes, c.orders = nil, 0, nil
	clear(c.out.Events)
	c.out = footfall.Batch{Epoch: c.o.key.epoch, Partition: c.o.key.partition, Events: c.out.Events[:0]}
	c.base = snapshotted{offset: at, events: accepted(state.Totals()), looked: time.Now()}
	if err := c.replay(cursor); err != nil {
		return err
	}
	return c.move(cursor)
}

// place returns where the tap goes on and where the log starts.
func (c *chase) place() (cursor, first int64, err error) {
	known := false
	err = c.retry("find the tap's place", func(ctx context.Context) (err error) {
		if first, _, err = c.o.p.Bounds(ctx); err == nil {
			cursor, known, err = c.f.Cursor(ctx)
		}
		return err
	})
	switch {
	case err != nil || known:
		return cursor, first, err
	case c.tap.FromNow:
		cursor, _, _, _ = c.o.horizon.look()
		return cursor, first, nil
	}
	cursor, err = c.oldest(first)
	return cursor, first, err
}

// oldest returns the first offset at which there is a state: the start of a
// log that is whole, else the oldest snapshot.
func (c *chase) oldest(first int64) (int64, error) {
	if first == 0 {
		return 0, nil
	}
	at := int64(-1)
	limit, _, _, _ := c.o.horizon.look()
	err := c.retry("look for the oldest snapshot", func(ctx context.Context) error {
		for limit >= first {
			offset, data, err := c.o.p.Snapshots().Load(ctx, fold.Version, limit)
			if err != nil || data == nil {
				return err
			}
			if err := data.Close(); err != nil {
				return err
			}
			if offset >= first {
				at = offset
			}
			limit = offset - 1
		}
		return nil
	})
	if err == nil && at < 0 {
		err = fmt.Errorf("there is no snapshot at or after offset %d, where the log starts: %w", first, ErrTrimmed)
	}
	return at, err
}

// replay folds the records before the place; their events were given.
func (c *chase) replay(cursor int64) error {
	for c.applied < cursor {
		if len(c.hand) == 0 {
			if err := c.read(); err != nil {
				return err
			}
		}
		for len(c.hand) > 0 && c.applied < cursor {
			if c.hand[0].Offset >= cursor {
				c.applied = cursor // offsets need not be contiguous
				break
			}
			if err := c.apply(&c.hand[0]); err != nil {
				return err
			}
			c.hand = c.hand[1:]
			clear(c.out.Events)
			c.out.Events = c.out.Events[:0]
		}
	}
	c.settle()
	c.orders = nil // those before the place were told
	return nil
}

// skip moves the place of a tap that retention has overtaken behind the gap.
func (c *chase) skip() error {
	var first, from int64
	err := c.retry("find the tap's place", func(ctx context.Context) (err error) {
		if first, _, err = c.o.p.Bounds(ctx); err == nil {
			from, _, err = c.f.Cursor(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	to, err := c.oldest(first)
	if err != nil {
		return err
	}
	if to <= from {
		return fmt.Errorf("no snapshot is ahead of the tap's place %d: %w", from, ErrTrimmed)
	}
	c.log.Warn("tap goes on behind records that retention has removed", "from", from, "to", to)
	return c.retry("move the tap's place", func(ctx context.Context) error { return c.f.Move(ctx, to) })
}
