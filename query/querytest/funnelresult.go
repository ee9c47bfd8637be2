package querytest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// attempts returns the attempt that counts of each unit, of those that begin in
// a span of time.
func (a *asked) attempts(q *query.Funnel, from, to time.Time) []*attempt {
	var all []*attempt
	for _, events := range a.units(q) {
		m := &matcher{asked: a, q: q, events: events, known: map[*fact][]bool{}}
		if t := m.best(from, to); t != nil {
			all = append(all, t)
		}
	}
	return all
}

// labelOfAttempt returns the value of an attempt for a breakdown, false if it is
// in no group.
func (a *asked) labelOfAttempt(b *query.FunnelBreakdown, t *attempt) (label, bool) {
	if b == nil {
		return label{}, true
	}
	events := t.events
	switch b.Attribution {
	case query.AtStep:
		if t.level() < b.Step {
			return label{}, false
		}
		events = events[b.Step-1 : b.Step]
	case query.LastTouch:
		events = slices.Clone(events)
		slices.Reverse(events)
	}
	for _, f := range events {
		if l := a.labelOf(&b.Breakdown, f); l.has {
			return l, true
		}
	}
	return label{}, true
}

// grouped returns attempts by their value.
func (a *asked) grouped(b *query.FunnelBreakdown, all []*attempt) map[label][]*attempt {
	groups := map[label][]*attempt{}
	for _, t := range all {
		if l, ok := a.labelOfAttempt(b, t); ok {
			groups[l] = append(groups[l], t)
		}
	}
	return groups
}

// reached counts the attempts that reached each step.
func reached(q *query.Funnel, all []*attempt) []uint64 {
	counts := make([]uint64, len(q.Steps))
	for _, t := range all {
		for i := range t.events {
			counts[i]++
		}
	}
	return counts
}

// funnelLabels returns the values that are shown, those with the most attempts
// first, and the others last.
func funnelLabels(q *query.Funnel, groups map[label][]*attempt) []label {
	if q.Breakdown == nil {
		return []label{{}}
	}
	var labels []label
	for l := range groups {
		if l.text != query.Other {
			labels = append(labels, l)
		}
	}
	slices.SortFunc(labels, func(x, y label) int {
		return cmp.Or(
			slices.Compare(reached(q, groups[y]), reached(q, groups[x])),
			-compareBools(x.has, y.has), cmp.Compare(x.text, y.text),
		)
	})
	labels = labels[:min(len(labels), limitOf(&q.Breakdown.Breakdown))]
	if len(labels) < len(groups) {
		labels = append(labels, label{other: true})
	}
	return labels
}

// ofGroup returns the attempts of one of the groups.
func ofGroup(groups map[label][]*attempt, labels []label, l label) []*attempt {
	if !l.other {
		return groups[l]
	}
	var rest []*attempt
	for own, attempts := range groups {
		if !slices.Contains(labels, own) {
			rest = append(rest, attempts...)
		}
	}
	return rest
}

func (a *asked) funnel(q *query.Funnel) *query.FunnelResult {
	groups := a.grouped(q.Breakdown, a.attempts(q, a.from, a.to))
	var starts []time.Time
	var buckets []map[label][]*attempt
	if q.Interval != "" {
		starts, _ = a.cal.buckets(q.Interval, a.from, a.to)
	}
	for i, start := range starts {
		end := a.to
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		of := a.grouped(q.Breakdown, a.attempts(q, later(start, a.from), end))
		buckets = append(buckets, of)
		for l := range of {
			if _, ok := groups[l]; !ok {
				groups[l] = nil // it counts in a bucket only
			}
		}
	}
	labels := funnelLabels(q, groups)
	result := &query.FunnelResult{Groups: []query.FunnelGroup{}}
	for _, l := range labels {
		g := query.FunnelGroup{Breakdown: l.shown(), Steps: steps(q, ofGroup(groups, labels, l)), Trend: []query.FunnelBucket{}}
		for i, of := range buckets {
			g.Trend = append(g.Trend, query.FunnelBucket{From: starts[i], Counts: reached(q, ofGroup(of, labels, l))})
		}
		result.Groups = append(result.Groups, g)
	}
	return result
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// steps returns the numbers of the steps.
func steps(q *query.Funnel, all []*attempt) []query.FunnelStep {
	counts := reached(q, all)
	list := make([]query.FunnelStep, len(q.Steps))
	for i := range list {
		s := &list[i]
		s.Name, s.Count = cmp.Or(q.Steps[i].Name, q.Steps[i].Event), counts[i]
		s.FromFirst = ratio(float64(counts[i]), float64(counts[0]))
		if i == 0 {
			s.FromPrevious, s.Histogram = s.FromFirst, []query.Bin{}
			continue
		}
		s.Dropped = counts[i-1] - counts[i]
		s.FromPrevious = ratio(float64(counts[i]), float64(counts[i-1]))
		var took []float64
		for _, t := range all {
			if t.level() > i {
				took = append(took, seconds(t.events[i].at.Sub(t.events[i-1].at)))
			}
		}
		s.Seconds, s.Histogram = spread(took), histogram(took)
	}
	return list
}

// divisions of time by which seconds are counted.
var divisions = []string{"1s", "2s", "5s", "10s", "15s", "30s", "1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h", "3h", "6h", "12h", "1d", "2d", "1w", "2w", "4w", "8w", "16w", "32w", "64w", "128w", "256w", "512w", "1024w"}

// histogram counts seconds by the finest division that does it in at most twenty
// steps from the least to the most.
func histogram(took []float64) []query.Bin {
	for _, division := range divisions {
		width := duration(division).Seconds()
		counts := map[int64]uint64{}
		for _, s := range took {
			counts[int64(math.Floor(s/width))]++
		}
		steps := slices.Sorted(maps.Keys(counts))
		if len(steps) > 0 && steps[len(steps)-1]-steps[0] >= 20 {
			continue
		}
		bins := []query.Bin{}
		for _, n := range steps {
			bins = append(bins, query.Bin{From: n * int64(width), To: (n + 1) * int64(width), Count: counts[n]})
		}
		return bins
	}
	return nil
}

// behindFunnel returns who is behind a number of a funnel: of each unit the
// person who did the entry.
func (a *asked) behindFunnel(q *query.Funnel, at query.Cell) map[footfall.ID]bool {
	groups := a.grouped(q.Breakdown, a.attempts(q, a.from, a.to))
	labels := funnelLabels(q, groups)
	found := map[footfall.ID]bool{}
	for _, t := range ofGroup(groups, labels, labelAt(at)) {
		if t.level() >= at.Step && at.Outcome != query.Dropped || t.level() == at.Step-1 && at.Outcome == query.Dropped {
			found[t.events[0].person] = true
		}
	}
	return found
}

func funnelRows(r *query.FunnelResult) []string {
	var rows []string
	for _, g := range r.Groups {
		if len(r.Groups) > 1 || g.Breakdown != nil {
			rows = append(rows, "group "+valueWord(g.Breakdown))
		}
		for _, s := range g.Steps {
			rows = append(rows, fmt.Sprintf("%s %d dropped %d rates %s %s seconds %s %s %s", quote(s.Name), s.Count, s.Dropped,
				short(s.FromPrevious), short(s.FromFirst), short(s.Seconds.Mean), short(s.Seconds.Median), short(s.Seconds.P90)))
		}
		for _, b := range g.Trend {
			row := b.From.Format(time.RFC3339Nano)
			for _, n := range b.Counts {
				row += fmt.Sprint(" ", n)
			}
			rows = append(rows, row)
		}
	}
	return rows
}
