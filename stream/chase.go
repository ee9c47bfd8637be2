package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// chase is the work of a durable tap during one ownership of a partition: it
// folds what the store has confirmed once more, from a place of its own. All
// of it is one goroutine.
type chase struct {
	*tapper
	o *owned
	f Follower

	state   *fold.State
	cursor  int64 // as kept by the log
	applied int64 // the state holds the records before it
	hand    []footfall.Record
	out     footfall.Batch // the events of [cursor, applied)
	bytes   int
	since   time.Time // when the first record of out was folded
	told    int       // refusals that the state knows of
	erased  []footfall.Erasure
	orders  []footfall.Erasure // of [cursor, applied), to tell the sink of
	rows    footfall.Upserts   // what else follows from the log is the processor's
	base    snapshotted
}

// run works until the partition is lost or drained, or the tap must stop.
func (c *chase) run() {
	c.change(func(v *tapView) { v.placed, v.trouble, v.stopped = false, nil, false })
	for {
		err := c.start()
		if err == nil {
			err = c.follow()
		}
		if errors.Is(err, ErrTrimmed) && c.tap.Recover {
			err = c.skip()
			if err == nil {
				continue
			}
		}
		switch {
		case err == nil, errors.Is(err, errTapEnds), errors.Is(err, ErrFenced), c.o.ctx.Err() != nil:
		default:
			c.halt(err)
		}
		return
	}
}

// errTapEnds is why a tap that is in trouble ends when the Runner stops.
var errTapEnds = errors.New("the tap goes on at the next start")

// follow goes after the horizon.
func (c *chase) follow() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		safe, refusals, closed, moved := c.o.horizon.look()
		if err := c.hear(refusals); err != nil {
			return err
		}
		gathered := c.applied > c.cursor
		switch {
		case c.applied < safe:
			if err := c.gather(safe); err != nil {
				return err
			}
		case gathered && (closed || time.Since(c.since) >= c.tap.MaxAge):
			if err := c.flush(); err != nil {
				return err
			}
		case closed:
			return nil
		default:
			wait := time.Hour
			if gathered {
				wait = c.tap.MaxAge - time.Since(c.since)
			}
			timer.Reset(wait)
			select {
			case <-moved:
			case <-timer.C:
			case <-c.o.ctx.Done():
				return context.Cause(c.o.ctx)
			}
		}
	}
}

// hear takes note of what was disposed of meanwhile: the state must know what
// is in quarantine before it folds the records those events are in, and what was
// erased is not to be given to the sink, though it be in hand already.
func (c *chase) hear(refusals int) error {
	if refusals == c.told {
		return nil
	}
	gone, err := c.disposed(c.cursor)
	if err != nil {
		return err
	}
	c.told, c.erased = refusals, gone.Erasures
	c.state.Rejected(gone.Rejected)
	return nil
}

func (c *chase) disposed(from int64) (gone footfall.Disposed, err error) {
	err = c.retry("read what was rejected", func(ctx context.Context) (err error) {
		gone, err = c.o.r.cfg.Store.Disposed(ctx, c.o.key.epoch, c.o.key.partition, from)
		return err
	})
	return gone, err
}

// gather folds what one read brings, no further than the horizon, and writes
// whenever enough has come together.
func (c *chase) gather(safe int64) error {
	if len(c.hand) == 0 {
		if err := c.read(); err != nil {
			return err
		}
	}
	for len(c.hand) > 0 && c.hand[0].Offset < safe {
		rec := &c.hand[0]
		if c.applied > c.cursor && (len(c.out.Events)+int(rec.Events) > c.tap.MaxRows || c.bytes+size(rec) > c.tap.MaxBytes) {
			return c.flush() // what is in quarantine may have changed meanwhile
		}
		if c.applied == c.cursor {
			c.since = time.Now()
		}
		if err := c.apply(rec); err != nil {
			return err
		}
		c.bytes += size(rec)
		c.hand = c.hand[1:]
		if c.state.Erasures()+len(c.orders) > 0 {
			return c.flush() // it stands before what comes after
		}
	}
	if len(c.hand) > 0 && c.hand[0].Offset >= safe {
		c.applied = safe // offsets need not be contiguous
	}
	return nil
}

func (c *chase) read() error {
	return c.retry("read the log", func(ctx context.Context) (err error) {
		c.hand, err = c.f.Read(ctx, c.applied, readBytes)
		return err
	})
}

func (c *chase) apply(rec *footfall.Record) error {
	if err := c.state.Apply(rec, &c.out); err != nil {
		return fmt.Errorf("fold the record at offset %d: %w", rec.Offset, err)
	}
	c.applied = rec.Offset + 1
	if c.state.Dirty() >= replayUpserts {
		c.settle()
	}
	return nil
}

// settle drops the rows that the processor writes, but for the erasures, which
// are the sink's matter, too.
func (c *chase) settle() {
	c.state.Flush(&c.rows)
	c.orders = append(c.orders, c.rows.Erasures...)
	c.rows.Reset()
}

// retry is like that of the processor, whose troubles these are not.
func (c *chase) retry(what string, f func(context.Context) error) error {
	for n := 0; ; n++ {
		err := c.o.call(c.o.ctx, f)
		switch {
		case err == nil:
			return nil
		case c.o.ctx.Err() != nil:
			return context.Cause(c.o.ctx)
		case errors.Is(err, ErrFenced):
			return ErrFenced
		case errors.Is(err, ErrTrimmed), footfall.IsPermanent(err):
			return fmt.Errorf("%s: %w", what, err)
		}
		c.trouble(fmt.Errorf("%s: %w", what, err))
		if err := c.pause(n); err != nil {
			return err
		}
	}
}

// pause waits before the next try; a Runner that stops waits for none.
func (c *chase) pause(try int) error {
	timer := time.NewTimer(c.o.backoff(try))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.o.stop:
		return errTapEnds
	case <-c.o.ctx.Done():
		return context.Cause(c.o.ctx)
	}
}
