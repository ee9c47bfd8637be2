package querytest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// persons lists who is behind a number, or who did something.
func (a *asked) persons(q *query.Persons) (*query.PersonsResult, error) {
	found, err := a.behind(q)
	if err != nil {
		return nil, err
	}
	var ids []footfall.ID
	for id := range found {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	result := &query.PersonsResult{Total: uint64(len(ids)), Persons: []query.Person{}}
	if q.Cursor != "" {
		ids = ids[slices.IndexFunc(ids, func(id footfall.ID) bool { return personCursor(id) == q.Cursor })+1:]
	}
	if size := cmp.Or(q.Limit, defaultPage); len(ids) > size {
		ids = ids[:size]
		next := personCursor(ids[size-1])
		result.Next = &next
	}
	for _, id := range ids {
		result.Persons = append(result.Persons, a.person(id))
	}
	return result, nil
}

func personCursor(id footfall.ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte("p" + id.String()))
}

// person describes somebody.
func (a *asked) person(id footfall.ID) query.Person {
	p := query.Person{ID: a.people.name(id), Visitors: []string{}, Traits: a.shownTraits(id)}
	if a.people.texts[id].Kind == footfall.KindUser {
		p.User = a.people.text(id)
	}
	seen := map[footfall.ID]bool{}
	for _, f := range a.facts {
		if f.person != id || f.Visitor == f.User || seen[f.Visitor] || a.expired(f) {
			continue
		}
		seen[f.Visitor] = true
		if text := a.people.text(f.Visitor); text != nil {
			p.Visitors = append(p.Visitors, *text)
		}
	}
	slices.Sort(p.Visitors)
	if first, last := a.seen(id, latest); first != nil {
		p.FirstSeen, p.LastSeen = first.at, last.at
	}
	return p
}

// latest is a moment behind all events.
var latest = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)

// seen returns the first and the last of what somebody did up to a moment or, of
// one who had done nothing, of what says who that is.
func (a *asked) seen(person footfall.ID, at time.Time) (first, last *fact) {
	for _, did := range []bool{true, false} {
		for _, f := range a.facts {
			if f.person != person || did && !behaviour(f) || f.at.After(at) || a.expired(f) {
				continue
			}
			if first == nil {
				first = f
			}
			last = f
		}
		if first != nil {
			break
		}
	}
	return first, last
}

// behind returns the persons behind a number.
func (a *asked) behind(q *query.Persons) (map[footfall.ID]bool, error) {
	at := query.Cell{}
	if q.At != nil {
		at = *q.At
	}
	switch of := q.Of.(type) {
	case nil:
		return personsOf(a.within(a.from, a.to, a.shared(q.Filter))), nil
	case *query.Trend:
		return a.behindTrend(of, at)
	case *query.Funnel:
		return a.behindFunnel(of, at), nil
	case *query.Retention:
		return a.behindRetention(of, at), nil
	case *query.SegmentSize:
		return a.members(of), nil
	}
	return nil, errKind
}

func personsOf(facts []*fact) map[footfall.ID]bool {
	found := map[footfall.ID]bool{}
	for _, f := range facts {
		found[f.person] = true
	}
	return found
}

// behindTrend returns who did the events that a number of a trend is about.
func (a *asked) behindTrend(q *query.Trend, at query.Cell) (map[footfall.ID]bool, error) {
	m := &q.Series[at.Series]
	labels := a.top(q, m)
	if q.Formula != "" {
		labels = a.top(q, &q.Series[0]) // whose values all have
	}
	facts := a.ofLabel(q.Breakdown, labels, labelAt(at), a.eventsOf(q, m, a.from, a.to))
	if at.Bucket == "" {
		return personsOf(facts), nil
	}
	starts, _ := a.cal.buckets(cmp.Or(q.Interval, query.Day), a.from, a.to)
	start, _ := a.cal.instant(at.Bucket)
	i := bucket(starts, start)
	if i < 0 || !starts[i].Equal(start) {
		return nil, fmt.Errorf("querytest: no bucket starts at %s", at.Bucket)
	}
	return personsOf(slices.DeleteFunc(facts, func(f *fact) bool {
		b := bucket(starts, f.at)
		return b > i || b < i && !q.Cumulative
	})), nil
}

// labelAt is the value of a breakdown that a cell names.
func labelAt(at query.Cell) label {
	switch {
	case at.Breakdown == nil:
		return label{}
	case *at.Breakdown == query.Other:
		return label{other: true}
	}
	return label{text: *at.Breakdown, has: true}
}
