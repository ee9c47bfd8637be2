package querytest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// widths are the rolling periods.
var widths = map[query.Interval]time.Duration{
	query.Hour: time.Hour, query.Day: 24 * time.Hour, query.Week: 7 * 24 * time.Hour, query.Month: 30 * 24 * time.Hour,
}

// member is a person in a cohort.
type member struct {
	start *fact
	back  []bool // by period
}

// cohorts is what a retention is made of: the edges of the cohorts' buckets and
// of the periods behind them, and who is in each.
type cohorts struct {
	edges   []time.Time
	count   int
	members [][]member // by cohort
}

func periodsOf(q *query.Retention) int { return cmp.Or(q.Periods, 7) }

// starts returns the events by which a person enters cohorts.
func (a *asked) starts(q *query.Retention, c *cohorts, person footfall.ID) []*fact {
	of := func(f *fact) bool { return f.person == person }
	since := a.from
	if cmp.Or(q.Cohort, query.FirstEver) == query.FirstEver {
		since = time.Time{}
	}
	all := a.within(since, a.to, of, a.chosen(&q.Start), a.shared(q.Filter))
	if len(all) == 0 {
		return nil
	}
	if q.Cohort != query.Recurring {
		if all[0].at.Before(a.from) {
			return nil // the first ever was before the range
		}
		return all[:1]
	}
	var first []*fact
	for _, f := range all {
		if len(first) == 0 || bucket(c.edges, f.at) != bucket(c.edges, first[len(first)-1].at) {
			first = append(first, f)
		}
	}
	return first
}

func (a *asked) cohorts(q *query.Retention) *cohorts {
	interval := cmp.Or(q.Interval, query.Day)
	starts, _ := a.cal.buckets(interval, a.from, a.to)
	c := &cohorts{count: len(starts), members: make([][]member, len(starts))}
	c.edges = a.cal.edges(interval, a.from, a.to, len(starts)+periodsOf(q))
	for person := range personsOf(a.facts) {
		of := func(f *fact) bool { return f.person == person }
		returns := a.within(a.from, latest, of, a.chosen(&q.Return), a.shared(q.Filter))
		for _, start := range a.starts(q, c, person) {
			n := bucket(c.edges, start.at)
			m := member{start: start, back: make([]bool, periodsOf(q)+1)}
			for j := range m.back {
				from, to := c.period(q, n, j, start)
				m.back[j] = slices.ContainsFunc(returns, func(f *fact) bool {
					if f.at.Before(start.at) || f.at.Before(from) {
						return false
					}
					return f.at.Before(to) || q.Count == query.OnOrAfterward
				})
			}
			c.members[n] = append(c.members[n], m)
		}
	}
	return c
}

// period returns the period j of a member of the cohort n.
func (c *cohorts) period(q *query.Retention, n, j int, start *fact) (from, to time.Time) {
	if q.Buckets != query.RollingBuckets {
		return c.edges[n+j], c.edges[n+j+1]
	}
	width := widths[cmp.Or(q.Interval, query.Day)]
	return start.at.Add(time.Duration(j) * width), start.at.Add(time.Duration(j+1) * width)
}

// span returns when the period j of a cohort begins for the first who can be in
// it, and when it is over for all.
func (c *cohorts) span(q *query.Retention, n, j int) (begins, over time.Time) {
	if q.Buckets != query.RollingBuckets {
		return c.edges[n+j], c.edges[n+j+1]
	}
	width := widths[cmp.Or(q.Interval, query.Day)]
	return c.edges[n].Add(time.Duration(j) * width), c.edges[n+1].Add(time.Duration(j+1) * width)
}

// retentionLabels returns the values that are shown, those of most persons first.
func (a *asked) retentionLabels(q *query.Retention, c *cohorts) []label {
	if q.Breakdown == nil {
		return []label{{}}
	}
	sizes := map[label]int{}
	for _, members := range c.members {
		for _, m := range members {
			sizes[a.labelOf(q.Breakdown, m.start)]++
		}
	}
	var labels []label
	for l := range sizes {
		if l.text != query.Other {
			labels = append(labels, l)
		}
	}
	slices.SortFunc(labels, func(x, y label) int {
		return cmp.Or(cmp.Compare(sizes[y], sizes[x]), -compareBools(x.has, y.has), cmp.Compare(x.text, y.text))
	})
	labels = labels[:min(len(labels), limitOf(q.Breakdown))]
	if len(labels) < len(sizes) {
		labels = append(labels, label{other: true})
	}
	return labels
}

// ofLine returns the members of a cohort with one of the values.
func (a *asked) ofLine(q *query.Retention, labels []label, l label, members []member) []member {
	if q.Breakdown == nil {
		return members
	}
	var kept []member
	for _, m := range members {
		if own := a.labelOf(q.Breakdown, m.start); own == l || l.other && !slices.Contains(labels, own) {
			kept = append(kept, m)
		}
	}
	return kept
}

func (a *asked) retention(q *query.Retention) *query.RetentionResult {
	c := a.cohorts(q)
	labels := a.retentionLabels(q, c)
	result := &query.RetentionResult{Groups: []query.CohortGroup{}}
	for _, l := range labels {
		g := query.CohortGroup{Breakdown: l.shown(), Cohorts: []query.CohortRow{}}
		returned, persons := make([]float64, periodsOf(q)+1), make([]float64, periodsOf(q)+1)
		for n := range c.count {
			members := a.ofLine(q, labels, l, c.members[n])
			row := query.CohortRow{From: c.edges[n], Size: uint64(len(members))}
			for j := range periodsOf(q) + 1 {
				begins, over := c.span(q, n, j)
				if begins.After(a.now) {
					row.Values = append(row.Values, nil)
					continue
				}
				back := uint64(0)
				for _, m := range members {
					if m.back[j] {
						back++
					}
				}
				row.Values = append(row.Values, &back)
				if !over.After(a.now) {
					row.Complete++
					returned[j] += float64(back)
					persons[j] += float64(len(members))
				}
			}
			g.Cohorts = append(g.Cohorts, row)
		}
		for j := range returned {
			g.Mean = append(g.Mean, ratio(returned[j], persons[j]))
		}
		result.Groups = append(result.Groups, g)
	}
	return result
}

// behindRetention returns who is behind a number of a retention.
func (a *asked) behindRetention(q *query.Retention, at query.Cell) map[footfall.ID]bool {
	c := a.cohorts(q)
	labels := a.retentionLabels(q, c)
	start, _ := a.cal.instant(at.Cohort)
	found := map[footfall.ID]bool{}
	n := bucket(c.edges, start)
	if n < 0 {
		return found // there is no such cohort
	}
	if begins, _ := c.span(q, n, at.Period); !at.Size && begins.After(a.now) {
		return found // there is no number yet
	}
	for _, m := range a.ofLine(q, labels, labelAt(at), c.members[n]) {
		if at.Size || m.back[at.Period] {
			found[m.start.person] = true
		}
	}
	return found
}

func retentionRows(r *query.RetentionResult) []string {
	var rows []string
	for _, g := range r.Groups {
		if len(r.Groups) > 1 || g.Breakdown != nil {
			rows = append(rows, "group "+valueWord(g.Breakdown))
		}
		for _, c := range g.Cohorts {
			words := []string{c.From.Format(time.RFC3339Nano), fmt.Sprint(c.Size), ":"}
			for _, v := range c.Values {
				if v == nil {
					words = append(words, "-")
				} else {
					words = append(words, fmt.Sprint(*v))
				}
			}
			rows = append(rows, strings.Join(append(words, "complete", fmt.Sprint(c.Complete)), " "))
		}
		words := []string{"mean"}
		for _, f := range g.Mean {
			words = append(words, short(f))
		}
		rows = append(rows, strings.Join(words, " "))
	}
	return rows
}
