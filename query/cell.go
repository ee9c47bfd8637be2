package query

import (
	"cmp"
	"slices"
)

// Cell names a number of the answer to a question, whose persons are asked for.
// Which members it has depends on the kind of the question; the others are
// mistakes.
type Cell struct {
	// Series is the index of a line of a trend.
	Series int `json:"series,omitempty"`
	// Bucket is the start of a bucket of a trend, as the answer has it.
	// Defaults to the total.
	Bucket string `json:"bucket,omitempty"`
	// Breakdown is the value of the line or group in a question with a
	// breakdown, [Other] for those not shown, and nil for no value.
	Breakdown *string `json:"breakdown,omitempty"`
	// Step is the number of a step of a funnel, the first being 1, and Outcome
	// whether those who got there are meant or those who got to the step before
	// and no further. Outcome defaults to [Converted].
	Step    int     `json:"step,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	// Cohort is the start of a cohort of a retention, as the answer has it, and
	// Period the number of a period.
	Cohort string `json:"cohort,omitempty"`
	Period int    `json:"period,omitempty"`
	// Size means the number of the cohort itself, whoever came back: there is
	// no Period then.
	Size bool `json:"size,omitempty"`
}

// Outcome is how a step of a funnel went.
type Outcome string

// The outcomes.
const (
	Converted Outcome = "converted"
	Dropped   Outcome = "dropped"
)

// cells are the members of a cell by the kind of the question.
var cells = map[string][]string{
	"trend":     {"series", "bucket", "breakdown"},
	"funnel":    {"step", "outcome", "breakdown"},
	"retention": {"cohort", "period", "size", "breakdown"},
	"segment":   {},
}

func (q *Persons) checkCell(c *checker) {
	if q.Of == nil {
		if q.At != nil {
			c.fail("/at", "conflict", "at names a number of the question in of, which is missing")
		}
		return
	}
	allowed, ok := cells[q.Of.Kind()]
	if !ok {
		c.fail("/of/kind", "bad_value", "persons are behind the numbers of a trend, funnel, retention or segment, not of kind %q", q.Of.Kind())
		return
	}
	inner := checker{nodes: c.nodes, ofPersons: c.ofPersons, beside: c.beside}
	of := q.question()
	of.check(&inner)
	for _, p := range inner.problems {
		c.fail("/of"+p.Path, p.Code, "%s", p.Message)
	}
	c.nodes, c.ofPersons = inner.nodes, inner.ofPersons
	for _, named := range inner.segments {
		c.segments = append(c.segments, reference{"/of" + named.path, named.id})
	}
	at := q.cell()
	for name, used := range map[string]bool{
		"series": at.Series != 0, "bucket": at.Bucket != "", "breakdown": at.Breakdown != nil,
		"step": at.Step != 0, "outcome": at.Outcome != "", "cohort": at.Cohort != "", "period": at.Period != 0, "size": at.Size,
	} {
		if used && !slices.Contains(allowed, name) {
			c.fail("/at/"+name, "unknown_field", "a cell of kind %q has no %q", q.Of.Kind(), name)
		}
	}
	if len(inner.problems) == 0 {
		at.check(c, of)
	}
}

// question returns Of with the range and the zone of q, where Of has none of its
// own.
func (q *Persons) question() Query {
	var of Query
	switch q := q.Of.(type) {
	case *Trend:
		of = copyOf(q)
	case *Funnel:
		of = copyOf(q)
	case *Retention:
		of = copyOf(q)
	case *SegmentSize:
		of = copyOf(q)
	default:
		return q
	}
	s := of.scope()
	if s.Range == (Range{}) {
		s.Range = q.Range
	}
	s.Zone = cmp.Or(s.Zone, q.Zone)
	return of
}

// scopeOf returns the scope of a question, or of that in it whose number it is.
func scopeOf(q Query) *Scope {
	if p, ok := q.(*Persons); ok && p.Of != nil {
		return p.question().scope()
	}
	return q.scope()
}

func copyOf[T any](v *T) *T {
	c := *v
	return &c
}

// cell returns where in the answer the number is.
func (q *Persons) cell() Cell {
	if q.At == nil {
		return Cell{}
	}
	return *q.At
}

func (at *Cell) check(c *checker, of Query) {
	loc := of.scope().location()
	oneOf(c, "/at/outcome", at.Outcome, Converted, Dropped)
	switch of := of.(type) {
	case *Trend:
		if at.Series < 0 || at.Series >= len(of.Series) {
			c.fail("/at/series", "bad_value", "a series is from 0 to %d", len(of.Series)-1)
		}
		if at.Bucket != "" {
			c.checkMoment("/at/bucket", at.Bucket, loc)
		}
		at.checkBreakdown(c, of.Breakdown != nil)
	case *Funnel:
		first := 1
		if at.Outcome == Dropped {
			first = 2
		}
		if at.Step < first || at.Step > len(of.Steps) {
			c.fail("/at/step", "bad_value", "a step is from %d to %d", first, len(of.Steps))
		}
		at.checkBreakdown(c, of.Breakdown != nil)
	case *Retention:
		c.checkMoment("/at/cohort", at.Cohort, loc)
		if periods := of.periods(); at.Period < 0 || at.Period > periods {
			c.fail("/at/period", "bad_value", "a period is from 0 to %d", periods)
		} else if at.Size && at.Period != 0 {
			c.fail("/at/size", "conflict", "the size of a cohort is that of no period")
		}
		at.checkBreakdown(c, of.Breakdown != nil)
	}
}

func (at *Cell) checkBreakdown(c *checker, has bool) {
	if at.Breakdown != nil && !has {
		c.fail("/at/breakdown", "conflict", "the question in of has no breakdown")
	}
}
