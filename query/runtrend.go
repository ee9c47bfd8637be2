package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

func (r *run) trend(ctx context.Context, q *Trend) (*TrendResult, error) {
	lines := len(q.Series)
	if q.Breakdown != nil {
		lines *= q.Breakdown.limit() + 1
	}
	starts, edges, open, err := r.bucketsOf(cmp.Or(q.Interval, Day), lines)
	if err != nil {
		return nil, err
	}
	result := &TrendResult{Buckets: starts, LastOpen: open, Series: []Points{}}
	for i := range q.Series {
		p := r.plan()
		var points []Points
		if q.Breakdown == nil {
			points, err = r.series(ctx, p.compileSeries(q, i, edges), &q.Series[i], edges)
		} else {
			points, err = r.breakdown(ctx, p.compileBreakdown(q, i, edges), &q.Series[i], edges)
		}
		if err != nil {
			return nil, fmt.Errorf("compute series %d: %w", i, err)
		}
		result.Series = append(result.Series, points...)
	}
	return result, nil
}

func (r *run) series(ctx context.Context, s Statement, m *Series, edges []int64) ([]Points, error) {
	line := newPoints(m, len(edges))
	at := bucketIndex(edges)
	err := r.each(ctx, s, func(rows Rows) error {
		var total uint64
		var bucket int64
		var value *float64
		if err := rows.Scan(&total, &bucket, &value); err != nil {
			return err
		}
		return line.put(total == 1, at, bucket, m.finish(value), len(edges) == 1)
	})
	return []Points{line}, err
}

// ranked is a line with what it is sorted by.
type ranked struct {
	Points
	other, has bool
	label      string
}

func (r *run) breakdown(ctx context.Context, s Statement, m *Series, edges []int64) ([]Points, error) {
	type key struct {
		other, has uint64
		label      string
	}
	lines := map[key]*ranked{}
	at := bucketIndex(edges)
	err := r.each(ctx, s, func(rows Rows) error {
		var level uint64
		var k key
		var bucket int64
		var value *float64
		if err := rows.Scan(&level, &k.other, &k.has, &k.label, &bucket, &value); err != nil {
			return err
		}
		if level > 1 {
			return nil // over all values
		}
		line := lines[k]
		if line == nil {
			line = &ranked{Points: newPoints(m, len(edges)), other: k.other == 1, has: k.has == 1, label: k.label}
			switch {
			case line.other:
				other := Other
				line.Breakdown = &other
			case line.has:
				line.Breakdown = &line.label
			}
			lines[k] = line
		}
		return line.put(level == 1, at, bucket, m.finish(value), len(edges) == 1)
	})
	sorted := make([]*ranked, 0, len(lines))
	for _, line := range lines {
		sorted = append(sorted, line)
	}
	slices.SortFunc(sorted, compareLines)
	points := make([]Points, len(sorted))
	for i, line := range sorted {
		points[i] = line.Points
	}
	return points, err
}

// compareLines puts the greatest first and the others last.
func compareLines(a, b *ranked) int {
	return cmp.Or(
		compareBools(a.other, b.other),
		cmp.Compare(orderOf(b.Total), orderOf(a.Total)),
		compareBools(!a.has, !b.has),
		cmp.Compare(a.label, b.label),
	)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func orderOf(f *float64) float64 {
	if f == nil {
		return math.Inf(-1)
	}
	return *f
}

func newPoints(m *Series, buckets int) Points {
	line := Points{Name: cmp.Or(m.Name, m.Event), Values: make([]*float64, buckets), Total: m.finish(nil)}
	for i := range line.Values {
		line.Values[i] = m.finish(nil)
	}
	return line
}

// put stores a number; where there is one bucket it is the total as well.
func (p *Points) put(total bool, at map[int64]int, bucket int64, value *float64, only bool) error {
	if total {
		p.Total = value
		if only {
			p.Values[0] = value
		}
		return nil
	}
	i, ok := at[bucket]
	if !ok {
		return fmt.Errorf("the store made up a bucket at %d s", bucket)
	}
	p.Values[i] = value
	return nil
}

// finish turns what a statement says into the number of an answer: counts and
// sums of nothing are 0, other measures of nothing are none.
func (s *Series) finish(value *float64) *float64 {
	if value == nil || math.IsNaN(*value) || math.IsInf(*value, 0) {
		switch s.measure() {
		case CountEvents, CountPersons, CountSessions, Sum:
			if value == nil {
				return new(float64)
			}
		}
		return nil
	}
	return value
}
