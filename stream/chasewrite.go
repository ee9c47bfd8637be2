package stream

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// flush gives away what was gathered, and then moves the place behind it.
func (c *chase) flush() error {
	if err := c.deliver(c.out.Events); err != nil {
		return err
	}
	clear(c.out.Events)
	c.out.Events, c.bytes = c.out.Events[:0], 0
	c.settle()
	if err := c.tell(); err != nil {
		return err
	}
	if err := c.move(c.applied); err != nil {
		return err
	}
	return c.save()
}

// move makes a place durable.
func (c *chase) move(to int64) error {
	if err := c.retry("move the tap's place", func(ctx context.Context) error { return c.f.Move(ctx, to) }); err != nil {
		return err
	}
	c.cursor = to
	accepted := accepted(c.state.Totals())
	c.change(func(v *tapView) { v.placed, v.cursor, v.accepted = true, to, accepted })
	c.mended()
	return nil
}

// accepted adds up the events of all tenants.
func accepted(totals []fold.Totals) (n uint64) {
	for i := range totals {
		n += totals[i].Accepted()
	}
	return n
}

// deliver writes events until the sink has all of them, or the dead letter has
// those that it refused.
func (c *chase) deliver(events []footfall.Event) error {
	sink, dead, try := c.tap.Sink, false, 0
	for {
		// Each time, because a sink that fails may do so for longer than it takes
		// to erase somebody.
		_, refusals, _, _ := c.o.horizon.look()
		if err := c.hear(refusals); err != nil {
			return err
		}
		if events = spared(events, c.erased); len(events) == 0 {
			return nil
		}
		ctx, cancel := context.WithTimeout(c.o.ctx, c.o.r.cfg.CallTimeout)
		err := c.write(ctx, sink, events)
		cancel()
		left := failed(events, err)
		if n := len(events) - len(left); n > 0 {
			c.gave(n, dead)
			try = 0
		}
		events = left
		switch {
		case err == nil || len(left) == 0:
			return nil
		case c.o.ctx.Err() != nil:
			return context.Cause(c.o.ctx)
		case footfall.IsPermanent(err):
			if dead || c.tap.DeadLetter == nil {
				return fmt.Errorf("the sink refuses %d events from offset %d on for good: %w", len(events), events[0].Position.Offset, err)
			}
			c.log.Warn("events go to the tap's dead letter", "events", len(events), "offset", events[0].Position.Offset, "error", err)
			sink, dead, try = c.tap.DeadLetter, true, 0
			continue
		}
		c.trouble(err)
		if err := c.pause(try); err != nil {
			return err
		}
		try++
	}
}

// tell lets the sinks know of the erasures behind the events they have.
func (c *chase) tell() error {
	for i := range c.orders {
		told := false
		for _, sink := range []footfall.Sink{c.tap.Sink, c.tap.DeadLetter} {
			eraser, ok := sink.(footfall.Eraser)
			if !ok {
				continue
			}
			told = true
			e := c.orders[i]
			err := c.retry("tell the sink of erasure "+e.Name, func(ctx context.Context) error {
				return c.call(ctx, func(ctx context.Context) error { return eraser.Erase(ctx, &e) })
			})
			if err != nil {
				return err
			}
		}
		if told {
			c.change(func(v *tapView) { v.erased++ })
		}
	}
	clear(c.orders)
	c.orders = c.orders[:0]
	return nil
}

// spared returns the events that no erasure covers, in other memory if that is
// not all of them: others may read these.
func spared(events []footfall.Event, erased []footfall.Erasure) []footfall.Event {
	gone := func(ev *footfall.Event) bool {
		return slices.ContainsFunc(erased, func(e footfall.Erasure) bool { return erases(&e, ev) })
	}
	for i := range events {
		if !gone(&events[i]) {
			continue
		}
		left := slices.Clone(events[:i])
		for j := range events[i:] {
			if ev := &events[i+j]; !gone(ev) {
				left = append(left, *ev)
			}
		}
		return left
	}
	return events
}

// gave counts what the sink or the dead letter has.
func (c *chase) gave(n int, dead bool) {
	if dead {
		c.change(func(v *tapView) { v.refused += uint64(n) })
		c.r.inst.tapRefused.Add(c.o.ctx, int64(n), c.attrs)
		return
	}
	c.change(func(v *tapView) { v.given += uint64(n) })
	c.count(n, 0)
}

// snapshotted is what the tap knows of snapshots at or before its place.
type snapshotted struct {
	offset int64
	events uint64 // accepted before it
	looked time.Time
}

// save keeps the state now and then if the tap is so far behind that no
// snapshot of the processor serves it: a start would have to fold everything
// since the last one, as long as the log has it. What follows from the records
// before the place must be written, because the processor may start here, too.
func (c *chase) save() error {
	cfg := &c.o.r.cfg
	seen := accepted(c.state.Totals())
	if seen-c.base.events < uint64(cfg.SnapshotEvents) && time.Since(c.base.looked) < 10*cfg.SnapshotEvery {
		return nil
	}
	if c.cursor > c.o.status.copy().written {
		return nil // it is close behind
	}
	held := int64(0)
	err := c.retry("look for a snapshot", func(ctx context.Context) error {
		offset, data, err := c.o.p.Snapshots().Load(ctx, fold.Version, c.cursor)
		if err != nil || data == nil {
			return err
		}
		held = offset
		return data.Close()
	})
	if err != nil {
		return err
	}
	if held == c.base.offset {
		held = c.cursor
		data := c.state.Snapshot()
		err = c.o.p.Snapshots().Save(c.o.ctx, fold.Version, c.cursor, data)
		_ = data.Close() // nothing is written through it
		if err != nil && c.o.ctx.Err() == nil {
			c.log.Warn("snapshot of the tap was not saved", "offset", c.cursor, "error", err)
		}
	}
	c.base = snapshotted{offset: held, events: seen, looked: time.Now()}
	return nil
}
