package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
)

// ErrLogLacks says that the log does not have what the store, or the plan, has
// of it: it is an older one, it was cut, or it is another under the same epoch.
// What is appended to such a log gets coordinates that are taken.
var ErrLogLacks = errors.New("stream: the log lacks records that the store has")

// Surveyor is a [footfall.Store] that can tell which events it has of some
// records, and so whether a log is the one it was filled from.
type Surveyor interface {
	// Survey returns events of the records [from, to) of a partition that the
	// store has, the newest first, at most so many: Tenant, MessageID and
	// Position of each.
	Survey(ctx context.Context, epoch, partition uint16, from, to int64, most int) ([]footfall.Event, error)
}

// confront refuses a log that the store, or the plan, is ahead of, and one that
// has another record where the store has its newest event: records that the
// store knows are gone from it, and new ones have taken or would take their
// place. It is asked before anything is folded, which would be the wrong thing.
//
// Only the newest event need be looked at: where a log has parted from what it
// was, it differs to its end. from is where that event is looked for first.
//
// A leader that does not know yet that it is none any more may tell an end that
// others have passed. So what speaks against the log must do so for a while.
func (o *owned) confront(plan Plan, from int64) error {
	if !o.r.readBack {
		return nil
	}
	for try := 1; ; try++ {
		lacks, err := o.contradiction(plan, from)
		switch {
		case err != nil || lacks == "":
			return err
		case try == o.r.cfg.Attempts:
			return fmt.Errorf("%w: %s: events that come now would get coordinates that are taken", ErrLogLacks, lacks)
		}
		if err := o.wait(o.ctx, o.r.settle); err != nil {
			return err
		}
	}
}

// contradiction says what speaks against the log, "" if nothing does.
func (o *owned) contradiction(plan Plan, from int64) (string, error) {
	// The store is asked before the log, whose end can only be later.
	var newest *footfall.Event
	first, end, err := o.bounds()
	if err == nil {
		newest, err = o.newest(max(from, first), first)
	}
	if err == nil {
		first, end, err = o.bounds()
	}
	switch {
	case err != nil:
		return "", err
	case plan.To > end:
		return fmt.Sprintf("plan (%d, %d) is ahead of the log, which ends at %d", plan.From, plan.To, end), nil
	case newest == nil || newest.Position.Offset < first:
		return "", nil
	case newest.Position.Offset >= end:
		return fmt.Sprintf("the log ends at %d, and the store has event %d of offset %d", end, newest.Position.Index, newest.Position.Offset), nil
	}
	same, err := o.holds(newest)
	if err != nil || same {
		return "", err
	}
	return fmt.Sprintf("event %d of offset %d is another in the log than in the store", newest.Position.Index, newest.Position.Offset), nil
}

// bounds asks the log where it begins and ends.
func (o *owned) bounds() (first, end int64, err error) {
	err = o.retry(o.ctx, reading, "read the log's bounds", func(ctx context.Context) (err error) {
		first, end, err = o.p.Bounds(ctx)
		return err
	})
	return first, end, err
}

// newest returns the newest event that the store has at or after an offset, or,
// if it has none there, before it down to another. It is nil if there is none,
// or the store cannot tell.
func (o *owned) newest(from, down int64) (*footfall.Event, error) {
	to := int64(math.MaxInt64)
	for size := int64(probe); ; size *= 2 {
		held, err := o.survey(from, to, 1)
		if err != nil {
			return nil, err
		}
		if len(held) > 0 {
			return &held[0], nil
		}
		if from <= down {
			return nil, nil //nolint:nilnil // there is none
		}
		from, to = max(down, from-size), from
	}
}

func (o *owned) survey(from, to int64, most int) (held []footfall.Event, err error) {
	s, surveys := o.r.cfg.Store.(Surveyor)
	if !surveys {
		return nil, nil
	}
	err = o.retry(o.ctx, checking, "ask the store for events", func(ctx context.Context) (err error) {
		held, err = s.Survey(ctx, o.key.epoch, o.key.partition, from, to, most)
		return err
	})
	return held, err
}

// holds reports whether the log has an event that the store has. It must not be
// called while others read the partition.
func (o *owned) holds(ev *footfall.Event) (bool, error) {
	records, err := o.readAt(ev.Position.Offset, 1)
	switch {
	case errors.Is(err, ErrTrimmed):
		return true, nil // retention was faster: nothing speaks against the log
	case err != nil:
		return false, err
	}
	return differing(records[:1], []footfall.Event{*ev}) == math.MaxInt64, nil
}

// differing returns the offset of the first record that does not have the events
// that the store has of it, of which the newest come first. A record that cannot
// be read is not refused here.
func differing(records []footfall.Record, held []footfall.Event) int64 {
	var events []footfall.Event
	of, i, unread := int64(-1), 0, false
	for _, ev := range slices.Backward(held) {
		if at := ev.Position.Offset; at != of {
			of = at
			for i < len(records) && records[i].Offset < at {
				i++
			}
			if i == len(records) || records[i].Offset != at {
				return at
			}
			var err error
			events, err = eventsOf(&records[i])
			unread = err != nil
		}
		if unread {
			continue
		}
		n := int(ev.Position.Index)
		if n >= len(events) || events[n].Tenant != ev.Tenant || events[n].MessageID != ev.MessageID {
			return of
		}
	}
	return math.MaxInt64
}

// readAt reads records when nobody else does.
func (o *owned) readAt(from int64, maxBytes int) (records []footfall.Record, err error) {
	err = o.retry(o.ctx, reading, "read the log", func(ctx context.Context) (err error) {
		records, err = o.p.Read(ctx, from, maxBytes)
		return err
	})
	return records, err
}

// eventsOf returns the events of a record, none of a command.
func eventsOf(rec *footfall.Record) ([]footfall.Event, error) {
	h, err := record.ParseHeader(rec)
	switch {
	case err != nil || h.Kind == record.Command:
		return nil, err
	case h.Kind == record.Replay:
		events, _, err := record.AppendReplay(nil, nil, rec, &h)
		return events, err
	default:
		return record.AppendEvents(nil, rec, &h)
	}
}
