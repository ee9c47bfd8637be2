package querytest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// World is what was sent, as a store holds it: the events with their sessions,
// and beside them what says who somebody is. The lists are in any order; every
// row has its tenant. The zero World is empty.
type World struct {
	Events   []footfall.Event
	Sessions []footfall.Session
	Links    []footfall.Link
	Traits   []footfall.Trait
	IDs      []footfall.IDText
	// Segments are stored segments by their id, for a World of one tenant.
	Segments map[string]StoredSegment

	log log // of what was loaded
}

// Answer answers a question of a tenant, whose Settings must have their
// defaults, as it would be answered at some moment. The answer has no text and
// no stats.
func (w *World) Answer(t *tenant.Tenant, q query.Query, now time.Time) (*query.Answer, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	a, err := w.ask(t, q, now)
	if err != nil {
		return nil, err
	}
	answer := &query.Answer{Kind: q.Kind(), Zone: a.cal.loc.String(), Exact: true}
	if !a.always {
		answer.Range = query.Window{From: a.from.In(a.cal.loc), To: a.to.In(a.cal.loc)}
	}
	answer.Result, err = a.result(q)
	if id := *a.unknown; err == nil && id != "" {
		err = fmt.Errorf("querytest: there is no segment %q", id)
	}
	return answer, err
}

// ask begins to answer a sound question.
func (w *World) ask(t *tenant.Tenant, q query.Query, now time.Time) (*asked, error) {
	a := &asked{world: w, tenant: t, now: now, unknown: new(string)}
	scope := scopeOf(q)
	zone := cmp.Or(scope.Zone, t.Zone, "UTC")
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("load the zone %q: %w", zone, err)
	}
	a.cal = newCalendar(loc, t.WeekStart)
	a.moment = a.at(q)
	a.gather()
	if a.always = scope.Range == (query.Range{}); a.always {
		// Only a segment needs none: it is about all that was before it.
		a.to = now.Add(time.Millisecond)
	} else {
		if a.from, a.to = a.rangeOf(scope.Range, a.moment); !a.from.Before(a.to) {
			return nil, fmt.Errorf("querytest: in %s the range ends before it begins", zone)
		}
	}
	return a, nil
}

// at returns the moment at which a question is asked.
func (a *asked) at(q query.Query) time.Time {
	if p, ok := q.(*query.Persons); ok && p.Of != nil {
		q = p.Of
	}
	if s, ok := q.(*query.SegmentSize); ok && s.At != "" {
		at, _ := a.cal.instant(s.At)
		return at
	}
	return a.now
}

var errKind = errors.New("querytest: no such kind of question")

func (a *asked) result(q query.Query) (any, error) {
	switch q := q.(type) {
	case *query.Trend:
		return a.trend(q)
	case *query.Funnel:
		return a.funnel(q), nil
	case *query.Retention:
		return a.retention(q), nil
	case *query.SegmentSize:
		return &query.SegmentResult{Count: uint64(len(a.members(q)))}, nil
	case *query.Sessions:
		return a.sessions(q), nil
	case *query.Events:
		return a.events(q), nil
	case *query.Persons:
		return a.persons(q)
	}
	return nil, errKind
}

// scopeOf returns the scope of a question; that of the question whose number
// it is about may have half of it.
func scopeOf(q query.Query) query.Scope {
	switch q := q.(type) {
	case *query.Trend:
		return q.Scope
	case *query.Funnel:
		return q.Scope
	case *query.Retention:
		return q.Scope
	case *query.SegmentSize:
		return q.Scope
	case *query.Sessions:
		return q.Scope
	case *query.Events:
		return q.Scope
	case *query.Persons:
		if q.Of == nil {
			return q.Scope
		}
		s := scopeOf(q.Of)
		if s.Range == (query.Range{}) {
			s.Range = q.Range
		}
		s.Zone = cmp.Or(s.Zone, q.Zone)
		return s
	}
	return query.Scope{}
}

// asked is one question about a world: whose, when, and what there is.
type asked struct {
	world  *World
	tenant *tenant.Tenant
	now    time.Time
	moment time.Time // of what filters say of persons: now, or when a segment is asked about
	cal    *calendar

	from, to time.Time
	always   bool // there is no range

	unknown *string // the id of a segment that is not there, if one was needed

	facts  []*fact // of the tenant, in order of time and then of the log
	people *people
	spoken map[footfall.ID]map[string]string // what each person says, by key
}

// fact is an event with what is known about it.
type fact struct {
	*footfall.Event
	at     time.Time
	person footfall.ID
	values map[string]value
}

// actor is the id that an event speaks for by itself.
func actor(e *footfall.Event) footfall.ID {
	if e.User.IsZero() {
		return e.Visitor
	}
	return e.User
}

// gather makes facts of the tenant's events. Of copies of one event that the
// deduplication let through, the first of a day counts.
func (a *asked) gather() {
	a.people = newPeople(a.world, a.tenant)
	type key struct {
		day     int64
		name    string
		visitor footfall.ID
		message string
	}
	first := map[key]*footfall.Event{}
	for i := range a.world.Events {
		e := &a.world.Events[i]
		if e.Tenant != a.tenant.ID {
			continue
		}
		k := key{floorDiv(int64(e.Time), 86_400_000), e.Name, e.Visitor, e.MessageID}
		if old := first[k]; old == nil || e.Position.Offset < old.Position.Offset {
			first[k] = e
		}
	}
	for _, e := range first {
		a.facts = append(a.facts, &fact{
			Event: e, at: e.Time.Time(), person: a.people.of(actor(e)), values: flatten(e.Properties, e.Derived),
		})
	}
	slices.SortFunc(a.facts, compareFacts)
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// compareFacts orders by time, and by the place in the log where that is equal.
func compareFacts(a, b *fact) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), comparePlaces(a.Position, b.Position), strings.Compare(a.MessageID, b.MessageID))
}

func comparePlaces(p, q footfall.Position) int {
	return cmp.Or(
		cmp.Compare(p.Epoch, q.Epoch), cmp.Compare(p.Offset, q.Offset),
		cmp.Compare(p.Index, q.Index), cmp.Compare(p.Partition, q.Partition),
	)
}

// within returns the facts of a half-open span of time that fulfil all
// conditions, but not what the tenant no longer keeps.
func (a *asked) within(from, to time.Time, conditions ...func(*fact) bool) []*fact {
	var found []*fact
	for _, f := range a.facts {
		if f.at.Before(from) || !f.at.Before(to) || a.expired(f) {
			continue
		}
		if !slices.ContainsFunc(conditions, func(is func(*fact) bool) bool { return !is(f) }) {
			found = append(found, f)
		}
	}
	return found
}

func (a *asked) expired(f *fact) bool {
	keep := a.tenant.Retention
	return keep > 0 && f.at.Before(a.now.Add(-keep).Truncate(time.Millisecond))
}

// chosen is the condition of a selector.
func (a *asked) chosen(s *query.Selector) func(*fact) bool {
	return func(f *fact) bool {
		named := f.Name == s.Event
		if s.Event == "*" {
			named = f.Type.Behaviour()
		}
		return named && a.passes(s.Filter, f)
	}
}

// shared is the condition of a question's own filter.
func (a *asked) shared(filter *query.Filter) func(*fact) bool {
	return func(f *fact) bool { return a.passes(filter, f) }
}

func behaviour(f *fact) bool { return f.Type.Behaviour() }
