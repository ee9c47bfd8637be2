package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// The shop's year. Nothing depends on when the command runs.
var (
	opened = time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	closed = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
)

const (
	days       = 365
	perPerson  = 20 // events of a person on average
	categories = 40
)

// facts are what was generated, to count the store by.
type facts struct {
	Events   int64            `json:"events"`
	Names    map[string]int64 `json:"names"`
	Sessions int64            `json:"sessions"`
	Persons  int64            `json:"persons"`
}

// shop makes the events of a shop, a day at a time. Visits have a page and a
// product for each step; a quarter of the products go to the cart, and of the
// carts a few to the end. New visitors come all year; who returns was mostly
// here lately. Three persons in ten have an account: they log in on their
// first visit, and a third of them have a second device.
type shop struct {
	tenant   tenant.ID
	silo     string
	rng      *rand.Rand
	total    int64
	persons  int
	visitors int
	used     int // visitors that have come
	came     []bool
	seen     []bool // persons that did something
	offset   int64
	facts    facts
}

func newShop(t *tenant.Tenant, total int64) *shop {
	persons := max(10, int(total/perPerson))
	visitors := persons + persons/10
	return &shop{
		tenant: t.ID, silo: t.Silo(), rng: rand.New(rand.NewPCG(1, 2)), total: total, persons: persons, visitors: visitors,
		came: make([]bool, visitors), seen: make([]bool, persons), facts: facts{Names: map[string]int64{}},
	}
}

// user returns the account of a visitor, -1 for none. Second devices come
// behind the first ones.
func (s *shop) user(visitor int) int {
	switch {
	case visitor >= s.persons:
		return visitor - s.persons
	case visitor < 3*s.persons/10:
		return visitor
	}
	return -1
}

func userText(user int) string       { return fmt.Sprintf("u-%07d", user) }
func visitorText(visitor int) string { return fmt.Sprintf("8a6f0d1c-0000-4000-8000-%012d", visitor) }

// day returns what a processor would write of one day.
func (s *shop) day(number int) (*footfall.Batch, *footfall.Upserts) {
	up := &footfall.Upserts{}
	start := footfall.MillisOf(opened.AddDate(0, 0, number))
	target := s.total * int64(number+1) / days
	var events []footfall.Event
	for s.facts.Events < target {
		at := start + footfall.Millis(s.rng.Int64N(24*3600*1000))
		visit := s.visit(s.visitor(), at, up)
		s.facts.Events += int64(len(visit))
		events = append(events, visit...)
	}
	slices.SortStableFunc(events, func(a, b footfall.Event) int { return cmp.Compare(a.Time, b.Time) })
	return s.placed(events, up), up
}

// placed gives the events of a day, which are in order, places in the log.
func (s *shop) placed(events []footfall.Event, up *footfall.Upserts) *footfall.Batch {
	batch := &footfall.Batch{From: s.offset, Events: events}
	open := map[uint64]int{}
	for i := range events {
		e := &events[i]
		e.Position.Offset = s.offset
		s.offset++
		s.facts.Names[e.Name]++
		if e.Type == footfall.Identify {
			up.Links = append(up.Links, footfall.Link{
				Tenant: s.tenant, Silo: s.silo, Kind: footfall.LinkUser, From: e.Visitor, User: e.User, Time: e.Received, Position: e.Position,
			})
			continue
		}
		n, ok := open[e.Session]
		if !ok {
			n = len(up.Sessions)
			open[e.Session] = n
			up.Sessions = append(up.Sessions, footfall.Session{
				Tenant: s.tenant, Silo: s.silo, Visitor: e.Visitor, Session: e.Session, Opened: e.Time, Start: e.Time,
			})
			s.facts.Sessions++
		}
		session := &up.Sessions[n]
		session.Last, session.Version = e.Time, footfall.Version(0, e.Position.Offset)
		session.Events++
		if e.Type == footfall.Page {
			session.Views++
		}
	}
	batch.To = s.offset
	return batch
}

// visitor returns who comes next. All have come when all events are made.
func (s *shop) visitor() int {
	if due := int(float64(s.visitors) * float64(s.facts.Events+1) / float64(s.total)); s.used < min(due, s.visitors) || s.used == 0 {
		s.used++
		return s.shuffled(s.used - 1)
	}
	back := int(s.rng.ExpFloat64() * float64(s.visitors) / 10)
	return s.shuffled(max(0, s.used-1-back))
}

// shuffled makes the order in which visitors come one that their numbers do
// not tell.
func (s *shop) shuffled(n int) int { return int((int64(n)*stride(s.visitors) + 7) % int64(s.visitors)) }

// stride returns a number without a common divisor with n.
func stride(n int) int64 {
	gcd := func(a, b int) int {
		for b != 0 {
			a, b = b, a%b
		}
		return a
	}
	step := n*6/10 + 1
	for gcd(step, n) != 1 {
		step++
	}
	return int64(step)
}

// visit returns the events of one visit.
func (s *shop) visit(visitor int, at footfall.Millis, up *footfall.Upserts) []footfall.Event {
	user := s.user(visitor)
	person := visitor
	if user >= 0 {
		person = user
	}
	v := visit{shop: s, at: at, anonymous: visitorText(visitor), browser: browsers[visitor%len(browsers)]}
	v.visitor = schema.VisitorID(s.tenant, v.anonymous)
	first := !s.came[visitor]
	s.came[visitor] = true
	if user >= 0 && !first {
		v.login(user)
	}
	v.page(0)
	if first {
		up.IDs = append(up.IDs, footfall.IDText{Tenant: s.tenant, Silo: s.silo, ID: v.visitor, Kind: footfall.KindVisitor, Text: v.anonymous})
	}
	if user >= 0 && first {
		v.login(user)
		v.identify(user, up)
	}
	if s.rng.IntN(4) != 0 {
		v.shopping()
	}
	// Who comes in the last minute of the year may do nothing before it is over.
	if !s.seen[person] && v.events[0].Time < footfall.MillisOf(closed) {
		s.seen[person] = true
		s.facts.Persons++
	}
	return v.events
}
