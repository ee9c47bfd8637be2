package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

func (r *run) retention(ctx context.Context, q *Retention) (*RetentionResult, error) {
	g, err := r.gridOf(q)
	if err != nil {
		return nil, err
	}
	type key struct {
		other, has uint64
		label      string
	}
	groups := map[key]*cohortGroup{}
	if q.Breakdown == nil {
		groups[key{}] = newCohortGroup(g)
	}
	err = r.each(ctx, r.plan().compileRetention(q, g), func(rows Rows) error {
		var k key
		var cohort, period int64
		var n uint64
		if err := rows.Scan(&k.other, &k.has, &k.label, &cohort, &period, &n); err != nil {
			return err
		}
		if cohort < 0 || cohort >= int64(g.cohorts) || period < -1 || period > int64(g.periods) {
			return fmt.Errorf("the store made up period %d of cohort %d", period, cohort)
		}
		group := groups[k]
		if group == nil {
			group = newCohortGroup(g)
			group.other, group.has, group.label = k.other == 1, k.has == 1, k.label
			groups[k] = group
		}
		if period < 0 {
			group.sizes[cohort] = n
			group.size += n
		} else {
			group.counts[cohort][period] = n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("compute the cohorts: %w", err)
	}
	sorted := make([]*cohortGroup, 0, len(groups))
	for _, group := range groups {
		sorted = append(sorted, group)
	}
	slices.SortFunc(sorted, func(a, b *cohortGroup) int {
		return cmp.Or(compareBools(a.other, b.other), cmp.Compare(b.size, a.size), compareBools(!a.has, !b.has), cmp.Compare(a.label, b.label))
	})
	result := &RetentionResult{Groups: make([]CohortGroup, len(sorted))}
	for i, group := range sorted {
		result.Groups[i] = group.finish(q, g, r)
	}
	return result, nil
}

// gridOf checks that the answer is not too large before it cuts time for it.
func (r *run) gridOf(q *Retention) (grid, error) {
	lines := q.periods() + 1
	if q.Breakdown != nil {
		lines *= q.Breakdown.limit() + 1
	}
	starts, _, _, err := r.bucketsOf(cmp.Or(q.Interval, Day), lines)
	if err != nil {
		return grid{}, err
	}
	return r.cal.gridOf(q, starts), nil
}

// cohortGroup collects the numbers of one value of a breakdown.
type cohortGroup struct {
	other, has bool
	label      string
	size       uint64 // of all cohorts
	sizes      []uint64
	counts     [][]uint64
}

func newCohortGroup(g grid) *cohortGroup {
	group := &cohortGroup{sizes: make([]uint64, g.cohorts), counts: make([][]uint64, g.cohorts)}
	for i := range group.counts {
		group.counts[i] = make([]uint64, g.periods+1)
	}
	return group
}

func (c *cohortGroup) finish(q *Retention, g grid, r *run) CohortGroup {
	group := CohortGroup{Cohorts: make([]CohortRow, g.cohorts), Mean: make([]*float64, g.periods+1)}
	switch {
	case c.other:
		other := Other
		group.Breakdown = &other
	case c.has:
		group.Breakdown = &c.label
	}
	returned, persons := make([]uint64, g.periods+1), make([]uint64, g.periods+1)
	for i := range group.Cohorts {
		if q.Count == OnOrAfterward {
			// Who came back last in a period came back then or later in each
			// before it.
			for j := g.periods; j > 0; j-- {
				c.counts[i][j-1] += c.counts[i][j]
			}
		}
		row := CohortRow{From: g.starts[i], Size: c.sizes[i], Values: make([]*uint64, g.periods+1)}
		for j := range row.Values {
			if g.begins(i, j).After(r.now) {
				break
			}
			row.Values[j] = &c.counts[i][j]
			if row.Complete == j && !g.ends(i, j).After(r.now) {
				row.Complete++
				returned[j] += c.counts[i][j]
				persons[j] += c.sizes[i]
			}
		}
		group.Cohorts[i] = row
	}
	for j := range group.Mean {
		if persons[j] > 0 {
			mean := float64(returned[j]) / float64(persons[j])
			group.Mean[j] = &mean
		}
	}
	return group
}

// begins returns when a period of a cohort begins for those whose does first.
func (g grid) begins(cohort, period int) time.Time {
	if g.width == 0 {
		return g.starts[cohort+period]
	}
	return g.starts[cohort].Add(time.Duration(period) * g.rolling())
}

// ends returns when a period of a cohort is over for everybody.
func (g grid) ends(cohort, period int) time.Time {
	if g.width == 0 {
		return g.bucketEnd(cohort + period)
	}
	return g.bucketEnd(cohort).Add(time.Duration(period+1) * g.rolling())
}

func (g grid) rolling() time.Duration { return time.Duration(g.width) * time.Millisecond }

func (g grid) bucketEnd(i int) time.Time {
	if i+1 < len(g.starts) {
		return g.starts[i+1]
	}
	return time.UnixMilli(g.end)
}
