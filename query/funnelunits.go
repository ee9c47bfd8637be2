package query

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
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
	words  [][]uint64
	labels []string
	dest   []any
	events []match.Event
	// where in words something begins, -1 if it is not there
	place, held, who int
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
	u := &funnelUnit{shape: p.shapeOf(q, listed), place: -1, held: -1, who: -1}
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
	n := 1
	add := func(more int, used bool) (at int) {
		if !used {
			return -1
		}
		at, n = n, n+more
		return at
	}
	add(1, u.shape.wide)
	u.place = add(2, u.shape.placed)
	u.held = add(1, u.shape.held)
	u.who = add(2, u.shape.who == ofEvents)
	u.words = make([][]uint64, n)
	if u.shape.who == ofUnits {
		u.dest = append(u.dest, (*string)(&u.id))
	}
	for i := range u.words {
		u.dest = append(u.dest, &u.words[i])
	}
	if u.shape.labeled {
		u.dest = append(u.dest, &u.labels)
	}
	return u
}

// read takes the next unit.
func (u *funnelUnit) read(rows Rows) error {
	if err := rows.Scan(u.dest...); err != nil {
		return err
	}
	u.events = u.events[:0]
	for i, word := range u.words[0] {
		var e match.Event
		e.Value = uint32(i)
		if u.shape.wide {
			e.Time, e.Bits = u.shape.base+int64(word), u.bits(u.words[1][i])
		} else {
			e.Time, e.Bits = u.shape.base+int64(word>>u.shape.bits), u.bits(word)
		}
		if u.place >= 0 {
			e.Major, e.Minor = u.words[u.place][i], u.words[u.place+1][i]
		}
		if u.held >= 0 {
			e.Hold = u.words[u.held][i]
		}
		u.events = append(u.events, e)
	}
	match.Sort(u.events)
	return nil
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
// for none; false if it belongs to no group.
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
func (u *funnelUnit) person(a *match.Attempt) (id footfall.ID) {
	if u.who < 0 {
		return u.id.id()
	}
	i := u.events[a.Events[0]].Value
	binary.LittleEndian.PutUint64(id[:8], u.words[u.who][i])
	binary.LittleEndian.PutUint64(id[8:], u.words[u.who+1][i])
	return id
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
