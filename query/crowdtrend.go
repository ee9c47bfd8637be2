package query

import (
	"slices"
	"time"
)

// trendCrowd are the persons who did the events of a series that a number of a
// trend is about: in its bucket, or in all up to the end of that where numbers
// are cumulative; with its value of the breakdown. Of a formula the series are
// the lines; a mean of several buckets is that of its last.
func (p *plan) trendCrowd(q *Trend, at Cell, edges []int64) (crowd, error) {
	from, to := p.from, p.to
	if at.Bucket != "" {
		start, _ := parseMoment(at.Bucket, p.cal.loc)
		i := slices.Index(edges, start.UnixMilli())
		if i < 0 {
			return crowd{}, &InvalidError{[]Problem{{"/at/bucket", "bad_value", "no bucket of the question starts at " + start.Format(time.RFC3339)}}}
		}
		if i+1 < len(edges) {
			to = edges[i+1]
		}
		if !q.Cumulative {
			from = max(from, edges[i])
		}
	}
	m := q.Series[at.Series]
	m.Measure, m.Of, m.Approximate = CountPersons, "", false
	return crowd{rows: func(s *sql) string {
		s.shared = q.Filter
		wide := s.plan
		cell := *wide
		cell.since = max(wide.since, from)
		cell.to = max(cell.since, to)
		s.plan = &cell
		rows := s.seriesRows(&m, q.Breakdown, nil)
		s.plan = wide
		if q.Breakdown == nil {
			return rows
		}
		return "SELECT person FROM (" + rows + ")\nWHERE " + s.behind(q, at)
	}}, nil
}

// behind is true for rows with the value of the breakdown that a cell names.
func (s *sql) behind(q *Trend, at Cell) string {
	switch {
	case at.Breakdown == nil:
		return "has = 0"
	case *at.Breakdown == Other:
		return "(has, label) NOT IN (" + s.topValues(q, at.Series) + ")"
	}
	return "has = 1 AND label = " + s.text(*at.Breakdown)
}
