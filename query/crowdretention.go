package query

import (
	"slices"
	"time"
)

// retentionCrowd are the members of a cohort who came back in a period, or all.
func (r *run) retentionCrowd(q *Retention, at Cell) (crowd, error) {
	g, err := r.gridOf(q)
	if err != nil {
		return crowd{}, err
	}
	start, _ := parseMoment(at.Cohort, r.cal.loc)
	cohort := slices.Index(g.edges[:g.cohorts], start.UnixMilli())
	if cohort < 0 {
		return crowd{}, &InvalidError{[]Problem{{"/at/cohort", "bad_value", "no cohort of the question starts at " + start.Format(time.RFC3339)}}}
	}
	if !at.Size && g.begins(cohort, at.Period).After(r.now) {
		return crowd{}, nil // there is no number yet
	}
	return cohortCrowd(q, at, g, cohort), nil
}

func cohortCrowd(q *Retention, at Cell, g grid, cohort int) crowd {
	return crowd{rows: func(s *sql) string { return s.cohortCrowd(q, at, g, cohort) }}
}

func (s *sql) cohortCrowd(q *Retention, at Cell, g grid, cohort int) string {
	where := "c = " + s.integer(int64(cohort))
	switch {
	case at.Size:
	case q.Count == OnOrAfterward:
		where += " AND arrayExists(n -> n >= " + s.integer(int64(at.Period)) + ", back)"
	default:
		where += " AND has(back, " + s.integer(int64(at.Period)) + ")"
	}
	switch {
	case q.Breakdown == nil:
	case at.Breakdown == nil:
		where += " AND has = 0"
	case *at.Breakdown == Other:
		top := "SELECT has, label\nFROM (" + s.cohortMembers(q, g) + ")\nWHERE label != '" + Other + "' GROUP BY has, label" +
			" ORDER BY count() DESC, has DESC, label ASC LIMIT " + itoa(q.Breakdown.limit())
		where += " AND (has, label) NOT IN (" + top + ")"
	default:
		where += " AND has = 1 AND label = " + s.text(*at.Breakdown)
	}
	return "SELECT person\nFROM (" + s.cohortMembers(q, g) + ")\nWHERE " + where
}
