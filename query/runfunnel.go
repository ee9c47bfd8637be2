package query

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/match"
)

func (r *run) funnel(ctx context.Context, q *Funnel) (*FunnelResult, error) {
	var starts []time.Time
	var edges []int64
	if q.Interval != "" {
		lines := len(q.Steps)
		if q.Breakdown != nil {
			lines *= q.Breakdown.limit() + 1
		}
		var err error
		if starts, edges, _, err = r.bucketsOf(q.Interval, lines); err != nil {
			return nil, err
		}
	}
	t := newFunnelTable(q, r.engine.config.MaxMemory)
	err := r.matchFunnel(ctx, q, edges, false, func(u *funnelUnit, m *match.Matcher) error {
		t.add(u, m)
		if edges != nil {
			t.addTrend(u, m)
		}
		if t.spent > t.memory {
			return errTooMuch("the funnel has too many units or values")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("match the funnel: %w", err)
	}
	return t.result(starts), nil
}

// funnelTable are the numbers of a funnel by the label of its breakdown.
type funnelTable struct {
	funnel *Funnel
	groups map[string]*funnelNumbers
	// spent is about how many bytes are held, and memory how many may be.
	spent, memory int64
}

// funnelNumbers are those of a group.
type funnelNumbers struct {
	counts []uint64
	waits  [][]int64 // milliseconds from the step before, by step
	trend  map[int][]uint64
}

func newFunnelTable(q *Funnel, memory int64) *funnelTable {
	t := &funnelTable{funnel: q, groups: map[string]*funnelNumbers{}, memory: memory}
	if q.Breakdown == nil {
		t.group("") // there is always one
	}
	return t
}

func (t *funnelTable) group(label string) *funnelNumbers {
	g := t.groups[label]
	if g == nil {
		steps := len(t.funnel.Steps)
		g = &funnelNumbers{counts: make([]uint64, steps), waits: make([][]int64, steps), trend: map[int][]uint64{}}
		t.groups[strings.Clone(label)] = g
		t.spent += int64(200 + len(label) + 32*steps)
	}
	return g
}

// of returns the group that an attempt counts in, nil for none.
func (t *funnelTable) of(u *funnelUnit, a *match.Attempt) *funnelNumbers {
	if t.funnel.Breakdown == nil {
		return t.group("")
	}
	label, ok := u.label(t.funnel.Breakdown, a)
	if !ok {
		return nil
	}
	return t.group(label)
}

// add counts a unit.
func (t *funnelTable) add(u *funnelUnit, m *match.Matcher) {
	a := m.Best()
	if a == nil {
		return
	}
	if g := t.of(u, a); g != nil {
		count(g.counts, a.Level)
		for i := 1; i < a.Level; i++ {
			g.waits[i] = append(g.waits[i], a.Times[i]-a.Times[i-1])
		}
		t.spent += 16 * int64(a.Level-1) // a slice that grows is twice there
	}
}

// addTrend counts a unit in the buckets of its entries.
func (t *funnelTable) addTrend(u *funnelUnit, m *match.Matcher) {
	m.Buckets(func(a *match.Attempt) {
		g := t.of(u, a)
		if g == nil {
			return
		}
		if g.trend[a.Bucket] == nil {
			g.trend[a.Bucket] = make([]uint64, len(g.counts))
			t.spent += int64(64 + 8*len(g.counts))
		}
		count(g.trend[a.Bucket], a.Level)
	})
}

func count(counts []uint64, level int) {
	for i := range level {
		counts[i]++
	}
}

// ranking returns the labels, the greatest first.
func (t *funnelTable) ranking() []string {
	return slices.SortedFunc(maps.Keys(t.groups), func(a, b string) int {
		for i, n := range t.groups[a].counts {
			if other := t.groups[b].counts[i]; n != other {
				return cmp.Compare(other, n)
			}
		}
		// A label without a value is empty and goes behind the others.
		return cmp.Or(compareBools(a == "", b == ""), cmp.Compare(a, b))
	})
}

// shown returns the labels that have a group of their own and the others. A
// value that is called as they are is always among them.
func (t *funnelTable) shown() (shown, others []string) {
	for _, label := range t.ranking() {
		if label == "="+Other || t.funnel.Breakdown != nil && len(shown) == t.funnel.Breakdown.limit() {
			others = append(others, label)
		} else {
			shown = append(shown, label)
		}
	}
	return shown, others
}

func (t *funnelTable) result(starts []time.Time) *FunnelResult {
	result := &FunnelResult{Groups: []FunnelGroup{}}
	shown, others := t.shown()
	for _, label := range shown {
		result.Groups = append(result.Groups, t.groups[label].result(t.funnel, shownLabel(label), starts))
	}
	if len(others) > 0 {
		rest := t.groups[others[0]]
		for _, label := range others[1:] {
			rest.merge(t.groups[label])
		}
		other := Other
		result.Groups = append(result.Groups, rest.result(t.funnel, &other, starts))
	}
	return result
}

func (g *funnelNumbers) merge(other *funnelNumbers) {
	for i, n := range other.counts {
		g.counts[i] += n
		g.waits[i] = append(g.waits[i], other.waits[i]...)
	}
	for bucket, counts := range other.trend {
		if g.trend[bucket] == nil {
			g.trend[bucket] = counts
			continue
		}
		for i, n := range counts {
			g.trend[bucket][i] += n
		}
	}
}

func (g *funnelNumbers) result(q *Funnel, breakdown *string, starts []time.Time) FunnelGroup {
	names := make([]string, len(q.Steps))
	for i := range q.Steps {
		names[i] = cmp.Or(q.Steps[i].Name, q.Steps[i].Event)
	}
	group := FunnelGroup{Breakdown: breakdown, Steps: stepsOf(names, g.counts, g.waits), Trend: make([]FunnelBucket, len(starts))}
	for i, start := range starts {
		group.Trend[i] = FunnelBucket{From: start, Counts: g.trend[i]}
		if group.Trend[i].Counts == nil {
			group.Trend[i].Counts = make([]uint64, len(names))
		}
	}
	return group
}
