package query

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

func (r *run) trend(ctx context.Context, q *Trend) (*TrendResult, error) {
	count := len(q.Series)
	if q.Breakdown != nil {
		count *= q.Breakdown.limit() + 1
	}
	if q.compares() {
		count *= 2
	}
	starts, edges, open, err := r.bucketsOf(cmp.Or(q.Interval, Day), count)
	if err != nil {
		return nil, err
	}
	found := make([]*lines, len(q.Series))
	for i := range q.Series {
		if found[i], err = r.lines(ctx, q, i, stretch{r.from, r.to, edges}); err != nil {
			return nil, fmt.Errorf("compute series %d: %w", i, err)
		}
	}
	all := q.shown(found)
	if q.compares() {
		before, err := r.before(q, len(edges))
		if err != nil {
			return nil, err
		}
		for i := range q.Series {
			found, err := r.lines(ctx, q, i, before)
			if err != nil {
				return nil, fmt.Errorf("compute what series %d is compared with: %w", i, err)
			}
			for _, line := range all[i] {
				line.Previous = found.line(line.key).previous(len(edges))
			}
		}
	}
	result := &TrendResult{Buckets: starts, LastOpen: open, Series: []Points{}}
	if q.Formula != "" {
		result.Series = q.combine(all, len(edges))
		return result, nil
	}
	for _, series := range all {
		for _, line := range series {
			result.Series = append(result.Series, line.Points)
		}
	}
	return result, nil
}

func (q *Trend) compares() bool { return q.Compare != "" && q.Compare != CompareNone }

// before returns the stretch that the range, which has n buckets, is compared
// with.
func (r *run) before(q *Trend, n int) (stretch, error) {
	interval := cmp.Or(q.Interval, Day)
	from, to := r.cal.previous(q.Compare, interval, r.from, r.to, n)
	starts, _, ok := r.cal.buckets(interval, from, to)
	if !ok {
		return stretch{}, tooManyBuckets()
	}
	return stretch{from, to, edgesOf(starts)}, nil
}

// lines computes a series over a stretch.
func (r *run) lines(ctx context.Context, q *Trend, i int, over stretch) (*lines, error) {
	p := r.planOver(over.from, over.to)
	found := newLines(&q.Series[i], over.edges)
	var err error
	if q.Breakdown == nil {
		found.line(lineKey{})
		err = r.each(ctx, p.compileSeries(q, i, over.edges), func(rows Rows) error {
			var total uint64
			var bucket int64
			var value *float64
			if err := rows.Scan(&total, &bucket, &value); err != nil {
				return err
			}
			return found.put(lineKey{}, total == 1, bucket, value)
		})
	} else {
		err = r.each(ctx, p.compileBreakdown(q, i, over.edges, r.plan()), func(rows Rows) error {
			var level, other, has uint64
			var label string
			var bucket int64
			var value *float64
			if err := rows.Scan(&level, &other, &has, &label, &bucket, &value); err != nil {
				return err
			}
			if level > 1 {
				return nil // over all values
			}
			return found.put(lineKey{other == 1, has == 1, label}, level == 1, bucket, value)
		})
	}
	for _, line := range found.byKey {
		if q.Cumulative && len(over.edges) > 1 {
			line.accumulate()
		}
		if q.Rolling > 1 {
			line.Values = roll(line.Values, q.Rolling)
		}
	}
	return found, err
}

// previous returns the numbers of a line for beside those of another that has n
// buckets.
func (l *line) previous(n int) *Previous {
	values := make([]*float64, n)
	copy(values, l.Values)
	return &Previous{Total: l.Total, Values: values}
}

func edgesOf(starts []time.Time) []int64 {
	edges := make([]int64, len(starts))
	for n, start := range starts {
		edges[n] = start.UnixMilli()
	}
	return edges
}
