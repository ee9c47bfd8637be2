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
		if f.at.After(at) || a.expired(f) || found[f.person] {
			continue
		}
		if a.inSegment(f.person, &q.Segment, at, a.shared(q.Filter)) {
			found[f.person] = true
		}
	}
	return found
}

// inSegment reports whether a person is in a segment at a moment. Only events
// count of which counts is true.
func (a *asked) inSegment(person footfall.ID, s *query.Segment, at time.Time, counts func(*fact) bool) bool {
	switch {
	case s.ID != "":
		return a.hasStored(person, s.ID, at, counts)
	case s.And != nil:
		for i := range s.And {
			if !a.inSegment(person, &s.And[i], at, counts) {
				return false
			}
		}
		return true
	case s.Or != nil:
		for i := range s.Or {
			if a.inSegment(person, &s.Or[i], at, counts) {
				return true
			}
		}
		return false
	case s.Not != nil:
		return !a.inSegment(person, s.Not, at, counts)
	case s.FirstSeen != nil:
		from, to := a.rangeOf(*s.FirstSeen, at)
		first, _ := a.seen(person, at)
		return first != nil && !first.at.Before(from) && first.at.Before(to)
	case s.Did == nil:
		v, ok := a.trait(person, s.Property[len("person."):])
		return a.compare(v, ok, s.Op, s.Value)
	}
	done := a.did(person, s, at, counts)
	if s.Then != nil || s.NotThen != nil {
		return a.didThen(person, s, done, at, counts)
	}
	n := len(done)
	if s.Times == nil {
		return n >= 1
	}
	t := s.Times
	return (t.AtLeast == nil || n >= *t.AtLeast) && (t.AtMost == nil || n <= *t.AtMost) && (t.Exactly == nil || n == *t.Exactly)
}

// did returns the events of a person that a condition is about.
func (a *asked) did(person footfall.ID, s *query.Segment, at time.Time, counts func(*fact) bool) []*fact {
	from, to := time.Time{}, at.Add(time.Millisecond)
	switch {
	case s.Within != nil:
		from, to = a.rangeOf(*s.Within, at)
	case !a.always:
		from, to = a.from, a.to
	}
	return a.within(from, to, func(f *fact) bool { return f.person == person && !f.at.After(at) }, a.chosen(s.Did), counts)
}

// didThen reports whether one thing was followed by another in time, or one was
// not and the time for it is over.
func (a *asked) didThen(person footfall.ID, s *query.Segment, done []*fact, at time.Time, counts func(*fact) bool) bool {
	then := s.Then
	if then == nil {
		then = s.NotThen
	}
	in := duration(s.In)
	for _, first := range done {
		followed := false
		for _, f := range a.facts {
			if f.person == person && compareFacts(f, first) > 0 && f.at.Sub(first.at) <= in && !f.at.After(at) &&
				!a.expired(f) && a.chosen(then)(f) && counts(f) {
				followed = true
			}
		}
		if s.Then != nil && followed || s.NotThen != nil && !followed && !first.at.Add(in).After(at) {
			return true
		}
	}
	return false
}
