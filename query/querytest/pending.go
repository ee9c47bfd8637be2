package querytest

import "time"

type retentionResult struct {
	Groups []retentionGroup `json:"groups"`
}

type retentionGroup struct {
	Breakdown *string    `json:"breakdown"`
	Cohorts   []cohort   `json:"cohorts"`
	Mean      []*float64 `json:"mean"`
}

type cohort struct {
	From     time.Time `json:"from"`
	Size     uint64    `json:"size"`
	Values   []*uint64 `json:"values"`
	Complete int       `json:"complete"`
}

type segmentResult struct {
	Count uint64 `json:"count"`
}
