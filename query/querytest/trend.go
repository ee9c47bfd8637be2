package querytest

import (
	"cmp"
	"fmt"
	"go/parser"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/query"
)

// label is a value of a breakdown: a text, nothing, or all that are not shown.
type label struct {
	text  string
	has   bool
	other bool
}

func (l label) shown() *string {
	switch {
	case l.other:
		other := query.Other
		return &other
	case l.has:
		return &l.text
	}
	return nil
}

// labelOf returns the value of an event for a breakdown.
func (a *asked) labelOf(b *query.Breakdown, f *fact) label {
	if b == nil {
		return label{}
	}
	v, ok := a.property(b.Property, f)
	return label{text: v.text, has: ok}
}

func limitOf(b *query.Breakdown) int { return cmp.Or(b.Limit, 10) }

// eventsOf returns what a series is about in a span of time.
func (a *asked) eventsOf(q *query.Trend, m *query.Series, from, to time.Time) []*fact {
	return a.within(from, to, a.chosen(&m.Selector), a.shared(q.Filter))
}

// top returns the values of a breakdown that are shown, the greatest by the
// series' own measure first, and the others last if there are any.
func (a *asked) top(q *query.Trend, m *query.Series) []label {
	all := map[label][]*fact{}
	for _, f := range a.eventsOf(q, m, a.from, a.to) {
		l := a.labelOf(q.Breakdown, f)
		all[l] = append(all[l], f)
	}
	if q.Breakdown == nil {
		return []label{{}}
	}
	var labels []label
	for l := range all {
		if l.text != query.Other { // whose name that is
			labels = append(labels, l)
		}
	}
	slices.SortFunc(labels, func(x, y label) int {
		return cmp.Or(
			cmp.Compare(rank(a.measure(m, all[y])), rank(a.measure(m, all[x]))),
			-compareBools(x.has, y.has),
			cmp.Compare(x.text, y.text),
		)
	})
	labels = labels[:min(len(labels), limitOf(q.Breakdown))]
	if len(labels) < len(all) {
		labels = append(labels, label{other: true})
	}
	return labels
}

func rank(f *float64) float64 {
	if f == nil {
		return math.Inf(-1)
	}
	return *f
}

func compareBools(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// ofLabel keeps the events of one of the lines.
func (a *asked) ofLabel(b *query.Breakdown, labels []label, l label, facts []*fact) []*fact {
	if b == nil {
		return facts
	}
	var kept []*fact
	for _, f := range facts {
		own := a.labelOf(b, f)
		if own == l || l.other && !slices.Contains(labels, own) {
			kept = append(kept, f)
		}
	}
	return kept
}

// numbers are the total of a line and its values by bucket.
type numbers struct {
	total  *float64
	values []*float64
}

// count returns the numbers of a line over a range.
func (a *asked) count(q *query.Trend, m *query.Series, labels []label, l label, from, to time.Time) numbers {
	facts := a.ofLabel(q.Breakdown, labels, l, a.eventsOf(q, m, from, to))
	starts, _ := a.cal.buckets(cmp.Or(q.Interval, query.Day), from, to)
	n := numbers{total: a.measure(m, facts)}
	buckets := make([][]*fact, len(starts))
	for _, f := range facts {
		b := bucket(starts, f.at)
		buckets[b] = append(buckets[b], f)
	}
	var sofar []*fact
	for _, of := range buckets {
		if q.Cumulative {
			sofar = append(sofar, of...)
			of = sofar
		}
		n.values = append(n.values, a.measure(m, of))
	}
	if q.Rolling > 1 {
		n.values = rolling(n.values, q.Rolling)
	}
	return n
}

// rolling returns the mean of each number and of those before it, as far as they
// are any.
func rolling(values []*float64, n int) []*float64 {
	means := make([]*float64, len(values))
	for i := range values {
		var window []float64
		for _, v := range values[max(0, i+1-n) : i+1] {
			if v != nil {
				window = append(window, *v)
			}
		}
		means[i] = ratio(sum(window), float64(len(window)))
	}
	return means
}

func (a *asked) trend(q *query.Trend) (*query.TrendResult, error) {
	starts, end := a.cal.buckets(cmp.Or(q.Interval, query.Day), a.from, a.to)
	if a.to.Before(end) {
		end = a.to
	}
	result := &query.TrendResult{Buckets: starts, LastOpen: end.After(a.now), Series: []query.Points{}}
	if q.Formula != "" {
		return result, a.formula(q, result)
	}
	for i := range q.Series {
		m := &q.Series[i]
		labels := a.top(q, m)
		for _, l := range labels {
			n := a.count(q, m, labels, l, a.from, a.to)
			points := query.Points{Name: cmp.Or(m.Name, m.Event), Breakdown: l.shown(), Total: n.total, Values: n.values}
			if from, to, ok := a.before(q, len(starts)); ok {
				points.Previous = previous(a.over(from, to).count(q, m, labels, l, from, to), len(starts))
			}
			result.Series = append(result.Series, points)
		}
	}
	return result, nil
}

// formula adds a line for each value of the breakdown that the first series
// shows, and for all others if any series has some.
func (a *asked) formula(q *query.Trend, result *query.TrendResult) error {
	f, err := parser.ParseExpr(strings.ToUpper(q.Formula))
	if err != nil {
		return fmt.Errorf("querytest: read the formula: %w", err)
	}
	labels := a.top(q, &q.Series[0])
	others := label{other: true}
	for i := range q.Series {
		if rest := a.ofLabel(q.Breakdown, labels, others, a.eventsOf(q, &q.Series[i], a.from, a.to)); q.Breakdown != nil && len(rest) > 0 && !slices.Contains(labels, others) {
			labels = append(labels, others)
		}
	}
	buckets := len(result.Buckets)
	over := func(a *asked, l label, from, to time.Time) numbers {
		all := make([]numbers, len(q.Series))
		for i := range q.Series {
			all[i] = a.count(q, &q.Series[i], labels, l, from, to)
		}
		n := numbers{total: arithmetic(f, func(i int) *float64 { return all[i].total })}
		for b := range all[0].values {
			n.values = append(n.values, arithmetic(f, func(i int) *float64 { return all[i].values[b] }))
		}
		return n
	}
	for _, l := range labels {
		n := over(a, l, a.from, a.to)
		points := query.Points{Name: q.Formula, Breakdown: l.shown(), Total: n.total, Values: n.values}
		if from, to, ok := a.before(q, buckets); ok {
			points.Previous = previous(over(a.over(from, to), l, from, to), buckets)
		}
		result.Series = append(result.Series, points)
	}
	return nil
}
