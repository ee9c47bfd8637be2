package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/match"
)

// funnelUnit is a unit of a funnel as a statement returns it. Its buffers are
// used again for the next one.
type funnelUnit struct {
	shape  funnelShape
	funnel match.Funnel
	id     hexID
	data   string
	dest   []any // what a row is read into
	words  []uint64
	events []match.Event
	// labels and persons are those of the events, which their Value counts.
	labels  []string
	persons []footfall.ID
}

// matchFunnel matches all units with a funnel, one after the other, and calls
// visit for each.
func (r *run) matchFunnel(ctx context.Context, q *Funnel, edges []int64, listed bool, visit func(*funnelUnit, *match.Matcher) error) error {
	p := r.plan()
	p.limits.result = p.limits.rows // no unit is returned that was not read
	u := newFunnelUnit(q, p, edges, listed)
	m := match.New(u.funnel)
	return r.each(ctx, p.compileFunnel(q, u.shape), func(rows Rows) error {
		if err := u.read(rows); err != nil {
			return err
		}
		m.Match(u.events)
		return visit(u, m)
	})
}

func newFunnelUnit(q *Funnel, p *plan, edges []int64, listed bool) *funnelUnit {
	u := &funnelUnit{shape: p.shapeOf(q, listed)}
	u.funnel = match.Funnel{
		Steps: len(q.Steps), Window: q.window(), From: p.since, To: p.to, Reach: math.MaxInt64,
		Drops: q.Exclusion == DropsPerson, Holds: u.shape.held, Edges: edges,
	}
	switch q.Order {
	case Strict:
		u.funnel.Order = match.Strict
	case AnyOrder:
		u.funnel.Order = match.Any
	}
	if q.Reach == WithinRange {
		u.funnel.Reach = p.to
	}
	for i := range q.Exclude {
		u.funnel.Exclude = append(u.funnel.Exclude, match.Exclusion{After: q.Exclude[i].After, Before: q.Exclude[i].Before})
	}
	if u.shape.who == ofUnits {
		u.dest = append(u.dest, (*string)(&u.id))
	}
	u.dest = append(u.dest, &u.data)
	return u
}

// read takes the next unit.
func (u *funnelUnit) read(rows Rows) error {
	if err := rows.Scan(u.dest...); err != nil {
		return err
	}
	u.events, u.labels, u.persons = u.events[:0], u.labels[:0], u.persons[:0]
	if u.shape.bare() {
		return u.readWords()
	}
	size := 8 * len(u.shape.record())
	for left := u.data; left != ""; {
		if len(left) < size {
			return errRecord
		}
		e := match.Event{Value: uint32(len(u.events))}
		word := number64(&left)
		if u.shape.wide {
			e.Time, e.Bits = u.shape.base+int64(word), u.bits(number64(&left))
		} else {
			word &^= 1 << 63
			e.Time, e.Bits = u.shape.base+int64(word>>u.shape.bits), u.bits(word)
		}
		if u.shape.placed {
			e.Major, e.Minor = number64(&left), number64(&left)
		}
		if u.shape.held {
			e.Hold = number64(&left)
		}
		if u.shape.who == ofEvents {
			var id footfall.ID
			copy(id[:], left)
			left = left[len(id):]
			u.persons = append(u.persons, id)
		}
		if u.shape.labeled {
			if len(left) < 4 {
				return errRecord
			}
			length := int(left[0]) | int(left[1])<<8 | int(left[2])<<16 | int(left[3])<<24
			if left = left[4:]; len(left) < length {
				return errRecord
			}
			u.labels = append(u.labels, left[:length])
			left = left[length:]
		}
		u.events = append(u.events, e)
	}
	match.Sort(u.events)
	return nil
}

// readWords takes a unit whose events are a word each. Words are sorted in a third
// of the time that events take, and in the order of their times, which are above
// the bits.
func (u *funnelUnit) readWords() error {
	u.words = u.words[:0]
	for left := u.data; left != ""; {
		if len(left) < 8 {
			return errRecord
		}
		u.words = append(u.words, number64(&left)&^(1<<63))
	}
	slices.Sort(u.words)
	for i, word := range u.words {
		u.events = append(u.events, match.Event{Time: u.shape.base + int64(word>>u.shape.bits), Bits: u.bits(word), Value: uint32(i)})
	}
	return nil
}

// errRecord says that a statement and read are not of one mind.
var errRecord = errors.New("the events of a unit are cut short")

// number64 takes 8 bytes off the front of a text that has them.
func number64(left *string) uint64 {
	s := (*left)[:8]
	*left = (*left)[8:]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// bits puts what a word says an event matches where a Matcher looks for it.
func (u *funnelUnit) bits(word uint64) uint32 {
	steps, exclusions := u.funnel.Steps, len(u.funnel.Exclude)
	of := uint32(word & (1<<steps - 1))
	of |= uint32(word>>steps&(1<<exclusions-1)) * match.ExclusionBit(0)
	if u.funnel.Order == match.Strict && word>>(steps+exclusions)&1 != 0 {
		of |= match.Breaks
	}
	return of
}

// label returns the value that an attempt belongs to, with "=" in front, empty
// for none; false if it belongs to no group. It is part of the unit's data: what
// is kept of it is to be cloned.
func (u *funnelUnit) label(b *FunnelBreakdown, a *match.Attempt) (string, bool) {
	at := func(step int) string { return u.labels[u.events[a.Events[step]].Value] }
	switch b.Attribution {
	case AtStep:
		if a.Level < b.Step {
			return "", false
		}
		return at(b.Step - 1), true
	case LastTouch:
		for step := a.Level - 1; step >= 0; step-- {
			if label := at(step); label != "" {
				return label, true
			}
		}
	default:
		for step := range a.Level {
			if label := at(step); label != "" {
				return label, true
			}
		}
	}
	return "", true
}

// person returns who the unit is, or who began the attempt.
func (u *funnelUnit) person(a *match.Attempt) footfall.ID {
	if u.shape.who == ofUnits {
		return u.id.id()
	}
	return u.persons[u.events[a.Events[0]].Value]
}

// shownLabel returns the value behind a label.
func shownLabel(label string) *string {
	text, has := strings.CutPrefix(label, "=")
	if !has {
		return nil
	}
	return &text
}

// errTooMuch says that an answer does not fit into a question's memory.
func errTooMuch(what string) error { return fmt.Errorf("%w: %s", ErrLimit, what) }
