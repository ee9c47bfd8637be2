package query

import (
	"fmt"
	"strconv"
	"time"
)

// RetentionResult is the result of [Retention].
type RetentionResult struct {
	// Groups has one for each value of the breakdown, or one alone.
	Groups []CohortGroup `json:"groups"`
}

// CohortGroup is the retention of those with one value of the breakdown.
type CohortGroup struct {
	// Breakdown is the value of the property, [Other] for all that are not
	// shown, and nil for starts without the property or without a breakdown.
	Breakdown *string `json:"breakdown"`
	// Cohorts has one for each interval of the range.
	Cohorts []CohortRow `json:"cohorts"`
	// Mean is the rate of return of each period over all members of the cohorts
	// for which the period is complete; nil where there are none.
	Mean []*float64 `json:"mean"`
}

// CohortRow are those who started in one interval.
type CohortRow struct {
	From time.Time `json:"from"`
	Size uint64    `json:"size"`
	// Values is how many of them returned in each period, that of the start
	// first; nil where the period has not begun for anybody.
	Values []*uint64 `json:"values"`
	// Complete is how many of the periods are over for everybody.
	Complete int `json:"complete"`
}

func (r *RetentionResult) table() [][]string {
	rows := [][]string{{"breakdown", "cohort", "size", "complete"}}
	for i := range r.Groups {
		for j := range r.Groups[i].Cohorts {
			c := &r.Groups[i].Cohorts[j]
			row := []string{cell(r.Groups[i].Breakdown), moment(&c.From), strconv.FormatUint(c.Size, 10), strconv.Itoa(c.Complete)}
			for period, value := range c.Values {
				if len(rows) == 1 {
					rows[0] = append(rows[0], fmt.Sprintf("period_%d", period))
				}
				text := ""
				if value != nil {
					text = strconv.FormatUint(*value, 10)
				}
				row = append(row, text)
			}
			rows = append(rows, row)
		}
	}
	return rows
}
