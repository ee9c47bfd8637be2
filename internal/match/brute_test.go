package match

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The slow way: every entry by itself, group after group, every way to give
// events to steps. Only the order of what is tried is the same: first events
// first.

// give finds the first way to give the steps from one to another distinct events
// among those at the indexes, nil if there is none.
func give(events []Event, among []int, from, to int) []int {
	if from == to {
		return []int{}
	}
	for at, i := range among {
		if events[i].Bits>>from&1 == 0 {
			continue
		}
		rest := slices.Delete(slices.Clone(among), at, at+1)
		if others := give(events, rest, from+1, to); others != nil {
			return append([]int{i}, others...)
		}
	}
	return nil
}

// rank returns how many of the steps the events at the indexes can be given to,
// each to one.
func rank(events []Event, among []int, free uint32) int {
	if len(among) == 0 {
		return 0
	}
	best := rank(events, among[1:], free)
	for step := range MaxSteps {
		if bit := uint32(1) << step; free&bit != 0 && events[among[0]].Bits&bit != 0 {
			best = max(best, 1+rank(events, among[1:], free&^bit))
		}
	}
	return best
}

type slow struct {
	level   int
	times   []int64
	events  []int
	dropped bool
}

func slowAttempt(f *Funnel, events []Event, entry int) slow {
	t := events[entry].Time
	holds := func(i int) bool { return !f.Holds || events[i].Hold == events[entry].Hold }
	a := slow{}
	reach := func(t int64, of ...int) {
		for _, i := range of {
			a.times, a.events = append(a.times, t), append(a.events, i)
		}
	}
	if f.Order != Any {
		reach(t, entry)
	}
	var soFar []int // any: what may be used
	for at := 0; at < len(events); {
		time, first := events[at].Time, at
		for at < len(events) && events[at].Time == time {
			at++
		}
		if time < t || time >= f.Reach || f.Window >= 0 && time-t > f.Window || len(a.times) == f.Steps {
			continue
		}
		var group []int
		breaks := 0
		excluded := [MaxExclusions]bool{}
		for i := first; i < at; i++ {
			if i != entry && holds(i) || f.Order == Any && holds(i) {
				group = append(group, i)
			}
			if i != entry && events[i].Bits&Breaks != 0 {
				breaks++
			}
			for j := range f.Exclude {
				excluded[j] = excluded[j] || events[i].Bits&ExclusionBit(j) != 0
			}
		}
		before := len(a.times)
		if f.Order == Any {
			for _, i := range group {
				if level := rank(events, append(slices.Clone(soFar), i), 1<<f.Steps-1); level > len(a.times) {
					reach(time, i)
				}
				soFar = append(soFar, i)
			}
		} else {
			for to := f.Steps; to > before; to-- {
				if used := give(events, group, before, to); used != nil {
					reach(time, used...)
					break
				}
			}
		}
		for j, x := range f.Exclude {
			if time > t && excluded[j] && before >= x.After && len(a.times) < x.Before {
				a.times, a.events = a.times[:before], a.events[:before]
				a.level, a.dropped = before, f.Drops
				return a
			}
		}
		if f.Order == Strict && time > t {
			for _, i := range a.events[before:] {
				if events[i].Bits&Breaks != 0 {
					breaks--
				}
			}
			if breaks > 0 {
				break
			}
		}
	}
	a.level = len(a.times)
	return a
}

// slowly returns the best attempt of the entries in a range, and whether it is
// any.
func slowly(f *Funnel, events []Event, from, to int64) (best slow) {
	for entry, e := range events {
		begins := e.Bits&1 != 0 || f.Order == Any && e.Bits&(1<<f.Steps-1) != 0
		if !begins || e.Time < from || e.Time >= to {
			continue
		}
		a := slowAttempt(f, events, entry)
		if a.dropped {
			return slow{dropped: true}
		}
		if a.level > best.level {
			best = a
		}
	}
	return best
}

func requireSame(tb testing.TB, f *Funnel, events []Event, want slow, got *Attempt) {
	tb.Helper()
	if want.level == 0 {
		require.Nil(tb, got, "%+v\n%+v", f, events)
		return
	}
	require.NotNil(tb, got, "%+v\n%+v", f, events)
	used := make([]int, got.Level)
	for i := range used {
		used[i] = int(got.Events[i])
	}
	require.Equal(tb, want, slow{level: got.Level, times: slices.Clone(got.Times[:got.Level]), events: used}, "%+v\n%+v", f, events)
}

func generate(random *rand.Rand) (Funnel, []Event) {
	f := Funnel{
		Steps: 1 + random.IntN(5), Order: Order(random.IntN(3)), Window: int64(random.IntN(12)) - 2,
		From: int64(random.IntN(4)), To: int64(5 + random.IntN(10)), Holds: random.IntN(4) == 0, Drops: random.IntN(2) == 0,
	}
	f.Reach = f.To
	if random.IntN(2) == 0 {
		f.Reach = never
	}
	for range random.IntN(3) {
		if f.Steps > 1 {
			after := 1 + random.IntN(f.Steps-1)
			f.Exclude = append(f.Exclude, Exclusion{after, after + 1 + random.IntN(f.Steps-after)})
		}
	}
	for at := f.From; at < f.To && random.IntN(3) > 0; at += 1 + int64(random.IntN(4)) {
		f.Edges = append(f.Edges, at)
	}
	if len(f.Edges) > 0 {
		f.Edges[0] = f.From
	}
	width, many := 1+random.IntN(16), random.IntN(3)
	var events []Event
	for i := range random.IntN(11) {
		e := Event{Time: int64(random.IntN(width)), Minor: uint64(i), Hold: uint64(random.IntN(2))}
		e.Bits = 1 << random.IntN(f.Steps)
		for range many {
			e.Bits |= 1 << random.IntN(f.Steps)
		}
		if random.IntN(6) == 0 {
			e.Bits = 0
		}
		if random.IntN(5) > 0 {
			e.Bits |= Breaks
		}
		for j := range f.Exclude {
			if random.IntN(6) == 0 {
				e.Bits |= ExclusionBit(j)
			}
		}
		events = append(events, e)
	}
	Sort(events)
	return f, events
}

// TestAgreesWithTheSlowWay compares generated cases.
func TestAgreesWithTheSlowWay(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	levels := map[int]int{}
	for range 60_000 {
		f, events := generate(random)
		m := New(f)
		m.Match(events)
		want := slowly(&f, events, f.From, f.To)
		levels[want.level]++
		requireSame(t, &f, events, want, m.Best())
		if len(f.Edges) == 0 {
			continue
		}
		buckets := map[int]*Attempt{}
		m.Buckets(func(a *Attempt) {
			c := *a
			buckets[a.Bucket] = &c
		})
		for i, from := range f.Edges {
			to := f.To
			if i+1 < len(f.Edges) {
				to = f.Edges[i+1]
			}
			requireSame(t, &f, events, slowly(&f, events, from, to), buckets[i])
		}
	}
	require.Greater(t, levels[5], 100, "the cases are too simple: %v", levels)
}

// TestTiesAreInAnyOrder compares the level of ordered funnels with the best of all
// orders that the ties allow, in which each step is simply the next that fits.
func TestTiesAreInAnyOrder(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 3000 {
		f, events := generate(random)
		events = events[:min(len(events), 7)]
		f.Order, f.Exclude, f.Holds, f.Edges = Ordered, nil, false, nil
		best := 0
		permute(events, 0, func(sequence []Event) {
			for i, e := range sequence {
				if e.Bits&1 == 0 || e.Time < f.From || e.Time >= f.To {
					continue
				}
				level := 1
				for _, next := range sequence[i+1:] {
					inside := next.Time < f.Reach && (f.Window < 0 || next.Time-e.Time <= f.Window)
					if level < f.Steps && inside && next.Bits>>level&1 != 0 {
						level++
					}
				}
				best = max(best, level)
			}
		})
		m := New(f)
		m.Match(events)
		got := 0
		if a := m.Best(); a != nil {
			got = a.Level
		}
		require.Equal(t, best, got, "%+v\n%+v", f, events)
	}
}

// permute visits all orders of events of equal time.
func permute(events []Event, at int, visit func([]Event)) {
	if at == len(events) {
		visit(events)
		return
	}
	for i := at; i < len(events) && events[i].Time == events[at].Time; i++ {
		events[at], events[i] = events[i], events[at]
		permute(events, at+1, visit)
		events[at], events[i] = events[i], events[at]
	}
}
