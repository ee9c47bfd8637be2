package querytest

import (
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// members returns who is in a segment.
func (a *asked) members(q *query.SegmentSize) map[footfall.ID]bool {
	at := a.at(q)
	found := map[footfall.ID]bool{}
	for _, f := range a.facts {
		if !f.at.After(at) && !a.expired(f) && a.inSegment(f.person, &q.Segment, at, q.Filter) {
			found[f.person] = true
		}
	}
	return found
}

// inSegment reports whether a person is in a segment at a moment. The filter is
// true for the events that count.
func (a *asked) inSegment(person footfall.ID, s *query.Segment, at time.Time, filter *query.Filter) bool {
	switch {
	case s.ID != "":
		stored, ok := a.world.Segments[s.ID]
		return ok && a.inSegment(person, &stored, at, filter)
	case s.And != nil:
		for i := range s.And {
			if !a.inSegment(person, &s.And[i], at, filter) {
				return false
			}
		}
		return true
	case s.Or != nil:
		for i := range s.Or {
			if a.inSegment(person, &s.Or[i], at, filter) {
				return true
			}
		}
		return false
	case s.Not != nil:
		return !a.inSegment(person, s.Not, at, filter)
	case s.FirstSeen != nil:
		from, to := a.rangeOf(*s.FirstSeen, at)
		first, _ := a.seen(person, at)
		return first != nil && !first.at.Before(from) && first.at.Before(to)
	case s.Did == nil:
		v, ok := a.trait(person, s.Property[len("person."):])
		return a.compare(v, ok, s.Op, s.Value)
	}
	done := a.did(person, s, at, filter)
	if s.Then != nil || s.NotThen != nil {
		return a.didThen(person, s, done, at, filter)
	}
	n := len(done)
	if s.Times == nil {
		return n >= 1
	}
	t := s.Times
	return (t.AtLeast == nil || n >= *t.AtLeast) && (t.AtMost == nil || n <= *t.AtMost) && (t.Exactly == nil || n == *t.Exactly)
}

// did returns the events of a person that a condition is about.
func (a *asked) did(person footfall.ID, s *query.Segment, at time.Time, filter *query.Filter) []*fact {
	from, to := time.Time{}, at.Add(time.Millisecond)
	switch {
	case s.Within != nil:
		from, to = a.rangeOf(*s.Within, at)
	case !a.always:
		from, to = a.from, a.to
	}
	return a.within(from, to, func(f *fact) bool { return f.person == person && !f.at.After(at) }, a.chosen(s.Did), a.shared(filter))
}

// didThen reports whether one thing was followed by another in time, or one was
// not and the time for it is over.
func (a *asked) didThen(person footfall.ID, s *query.Segment, done []*fact, at time.Time, filter *query.Filter) bool {
	then := s.Then
	if then == nil {
		then = s.NotThen
	}
	in := duration(s.In)
	for _, first := range done {
		followed := false
		for _, f := range a.facts {
			if f.person == person && compareFacts(f, first) > 0 && f.at.Sub(first.at) <= in && !f.at.After(at) &&
				!a.expired(f) && a.chosen(then)(f) && a.passes(filter, f) {
				followed = true
			}
		}
		if s.Then != nil && followed || s.NotThen != nil && !followed && !first.at.Add(in).After(at) {
			return true
		}
	}
	return false
}
