package match

import (
	"cmp"
	"slices"
	"sort"
)

// Matcher matches unit after unit. It belongs to one goroutine.
type Matcher struct {
	funnel Funnel

	events []Event // of the unit
	// order are the indexes of the events that match a step, part after part,
	// a part being the events that agree on what is held.
	order  []int32
	parts  []part
	groups []group // of a part
	breaks []int64 // times of all that break, sorted
	barred [MaxExclusions][]int64

	next [MaxSteps]int // the group in which attempts look for a step
	ties ties

	best    Attempt
	buckets []Attempt
	current Attempt // the one under way
}

// part is a range of Matcher.order.
type part struct{ from, to int32 }

// group is the events of a part that have one time: a range of Matcher.order.
type group struct {
	time     int64
	from, to int32
	bits     uint32 // of all of them
	// tie is 0 if no two steps can want the same event, else the number of the
	// group among those where they can.
	tie int32
	// quiet says that some of the events break nothing.
	quiet bool
}

// New returns a Matcher. The funnel's slices stay the caller's and are not
// changed.
func New(f Funnel) *Matcher { return &Matcher{funnel: f} }

// Sort puts the events of a unit in the order that Match needs.
func Sort(events []Event) {
	slices.SortFunc(events, func(a, b Event) int {
		if a.Time != b.Time {
			return cmp.Compare(a.Time, b.Time)
		}
		return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor))
	})
}

// Match finds the attempts of a unit. The events are sorted and stay as they
// are until the results have been read.
func (m *Matcher) Match(events []Event) {
	m.events = events
	m.best = Attempt{entry: -1}
	m.buckets = m.buckets[:0]
	m.split()
	for i, p := range m.parts {
		m.gather(p)
		m.current.part = int32(i)
		if m.funnel.Order == Any {
			m.anyOrder()
		} else {
			m.inOrder()
		}
	}
}

// Best returns the attempt that got furthest, of several the earliest, nil if
// there is none. It is valid until the next Match.
func (m *Matcher) Best() *Attempt {
	if m.best.dropped || m.best.Level == 0 {
		return nil
	}
	m.trace(&m.best)
	return &m.best
}

// Buckets calls yield with the same for each bucket in which an attempt began.
func (m *Matcher) Buckets(yield func(*Attempt)) {
	for i := range m.buckets {
		if a := &m.buckets[i]; !a.dropped && a.Level > 0 {
			m.trace(a)
			yield(a)
		}
	}
}

// split fills order, parts, breaks and barred.
func (m *Matcher) split() {
	m.order, m.parts, m.breaks = m.order[:0], m.parts[:0], m.breaks[:0]
	for i := range m.funnel.Exclude {
		m.barred[i] = m.barred[i][:0]
	}
	mask := uint32(1)<<m.funnel.Steps - 1
	for i := range m.events {
		e := &m.events[i]
		if e.Bits&mask != 0 {
			m.order = append(m.order, int32(i))
		}
		if m.funnel.Order == Strict && e.Bits&Breaks != 0 {
			m.breaks = append(m.breaks, e.Time)
		}
		for j := range m.funnel.Exclude {
			if e.Bits&ExclusionBit(j) != 0 {
				m.barred[j] = append(m.barred[j], e.Time)
			}
		}
	}
	if len(m.order) == 0 {
		return
	}
	if !m.funnel.Holds {
		m.parts = append(m.parts, part{0, int32(len(m.order))})
		return
	}
	slices.SortFunc(m.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.events[a].Hold, m.events[b].Hold), cmp.Compare(a, b))
	})
	from := 0
	for i := range m.order {
		if i > from && m.events[m.order[i]].Hold != m.events[m.order[from]].Hold {
			m.parts = append(m.parts, part{int32(from), int32(i)})
			from = i
		}
	}
	m.parts = append(m.parts, part{int32(from), int32(len(m.order))})
}

// gather makes the groups of a part.
func (m *Matcher) gather(p part) {
	m.groups, m.next = m.groups[:0], [MaxSteps]int{}
	mask := uint32(1)<<m.funnel.Steps - 1
	ties := int32(0)
	for i := p.from; i < p.to; {
		g := group{time: m.events[m.order[i]].Time, from: i}
		shared := false
		for ; i < p.to && m.events[m.order[i]].Time == g.time; i++ {
			bits := m.events[m.order[i]].Bits
			g.bits |= bits & mask
			shared = shared || bits&mask&(bits&mask-1) != 0
			g.quiet = g.quiet || bits&Breaks == 0
		}
		g.to = i
		if shared && g.to-g.from > 1 {
			ties++
			g.tie = ties
		}
		m.groups = append(m.groups, g)
	}
	m.ties.reset(int(ties), m.funnel.Steps)
}

// settle takes what exclusions leave of the current attempt, which lives to
// the last moment, and keeps it where it is the best.
func (m *Matcher) settle(last int64) {
	a := &m.current
	a.dropped = false
	end := last + 1
	for j, x := range m.funnel.Exclude {
		if a.Level < x.After {
			continue
		}
		at, ok := after(m.barred[j], a.Times[x.After-1])
		if ok && at < end && (a.Level < x.Before || at < a.Times[x.Before-1]) {
			end = at
		}
	}
	if end <= last {
		a.dropped = m.funnel.Drops
		for a.Level > 0 && a.Times[a.Level-1] >= end {
			a.Level--
		}
	}
	m.best.take(a)
	if len(m.funnel.Edges) > 0 {
		m.bucketOf(a.Times[0]).take(a)
	}
}

// take keeps the better of two attempts. That a unit is dropped stays.
func (a *Attempt) take(other *Attempt) {
	if a.dropped || other.dropped {
		a.dropped = true
		return
	}
	if other.Level > a.Level || other.Level == a.Level && other.entry < a.entry {
		bucket := a.Bucket
		*a = *other
		a.Bucket = bucket
	}
}

// done reports whether an attempt that begins with an event cannot be better
// than what is known.
func (m *Matcher) done(entry int32) bool {
	if m.funnel.Drops && len(m.funnel.Exclude) > 0 || m.best.Level < m.funnel.Steps || entry < m.best.entry {
		return false
	}
	if len(m.funnel.Edges) == 0 {
		return true
	}
	of := m.bucketOf(m.events[entry].Time)
	return of.Level == m.funnel.Steps && entry > of.entry
}

// bucketOf returns the attempt of the bucket of a time.
func (m *Matcher) bucketOf(t int64) *Attempt {
	bucket := sort.Search(len(m.funnel.Edges), func(i int) bool { return m.funnel.Edges[i] > t }) - 1
	at, ok := slices.BinarySearchFunc(m.buckets, bucket, func(a Attempt, bucket int) int { return cmp.Compare(a.Bucket, bucket) })
	if !ok {
		m.buckets = slices.Insert(m.buckets, at, Attempt{Bucket: bucket, entry: -1})
	}
	return &m.buckets[at]
}

// after returns the first of sorted times that is later than t.
func after(times []int64, t int64) (int64, bool) {
	i := sort.Search(len(times), func(i int) bool { return times[i] > t })
	if i == len(times) {
		return 0, false
	}
	return times[i], true
}
