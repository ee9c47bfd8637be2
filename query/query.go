package query

import "time"

// Query is a question: a [*Trend], [*Funnel], [*Retention], [*SegmentSize],
// [*Sessions], [*Events] or [*Persons]. No other package implements it.
type Query interface {
	// Kind returns the name of the kind in JSON.
	Kind() string
	// Validate returns an [*InvalidError] with every mistake, or nil.
	Validate() error

	scope() *Scope
	check(c *checker)
}

// Scope is what every question has.
type Scope struct {
	// Range is the time the question is about. It is required.
	Range Range `json:"range"`
	// Zone is the IANA name of the time zone of days, weeks and months.
	// Defaults to the tenant's.
	Zone string `json:"zone,omitempty"`
	// Filter is true for the events that count. Defaults to all.
	Filter *Filter `json:"filter,omitempty"`
	// MaxAge is how old an answer may be that somebody else had to the same
	// question, such as "10s", by what it could see (Answer.Watermark). Many who
	// look at the same dashboard again and again are best served so. It is at most
	// an hour. Defaults to none: all that can be seen now is in the answer. It means
	// nothing in a question that another one is about, and for events and persons:
	// who has been erased is on no list from then on.
	MaxAge string `json:"max_age,omitempty"`
}

// maxAgeOf returns how old an answer to a sound question may be.
func maxAgeOf(q Query) time.Duration {
	switch q.(type) {
	case *Events, *Persons:
		return 0
	}
	age, _ := parseSpan(q.scope().MaxAge)
	return age
}

func (s *Scope) scope() *Scope { return s }

// Selector chooses events by name and filter.
type Selector struct {
	// Event is the name of the events, or "*" for all that somebody did.
	Event string `json:"event"`
	// Filter is true for the events that count. Defaults to all.
	Filter *Filter `json:"filter,omitempty"`
	// Name is what the series is called in the answer. Defaults to Event.
	Name string `json:"name,omitempty"`
}

// Trend asks for numbers over time.
type Trend struct {
	Scope
	// Interval is the width of a bucket. Defaults to a day.
	Interval Interval `json:"interval,omitempty"`
	// Series are the lines of the chart, at least one.
	Series []Series `json:"series"`
	// Breakdown splits each series by the values of a property.
	Breakdown *Breakdown `json:"breakdown,omitempty"`
	// Formula makes one line of the series, which are A, B, C … in it: "A / B",
	// with + - * / ( ) and numbers, and has its text as its name. What is
	// divided by 0 is none. Defaults to a line for each series.
	Formula string `json:"formula,omitempty"`
	// Compare adds the numbers of an earlier range to each line. Defaults to
	// none.
	Compare Comparison `json:"compare,omitempty"`
	// Cumulative makes each value that of all buckets so far; persons and
	// sessions are counted once.
	Cumulative bool `json:"cumulative,omitempty"`
	// Rolling makes each value the mean of so many buckets up to its own, fewer
	// at the beginning of the range. Defaults to 1.
	Rolling int `json:"rolling,omitempty"`
}

// Comparison says which earlier range a trend is compared with.
type Comparison string

// The comparisons.
const (
	CompareNone    Comparison = "none"
	PreviousPeriod Comparison = "previous_period" // as long as the range and right before it
	PreviousYear   Comparison = "previous_year"   // the same dates of the year before
)

// Series is one line of a chart.
type Series struct {
	Selector
	// Measure is the number asked for. Defaults to events.
	Measure Measure `json:"measure,omitempty"`
	// Of is the property that sum, avg, min, max, median and the percentiles
	// are about, such as "event.price", "person.age" or "session.duration".
	Of string `json:"of,omitempty"`
	// Approximate allows an estimate, which takes a small part of the memory and
	// the answer says (Answer.Exact): of persons, sessions and events per person
	// within about 1 %, exact up to some hundreds; of median and percentiles a
	// number of the data whose rank is within 0.2 % of the one asked for. Other
	// measures are exact without any cost, and refuse it.
	Approximate bool `json:"approximate,omitempty"`
}

// Breakdown splits by the values of a property.
type Breakdown struct {
	Property string `json:"property"`
	// Limit is how many values are shown, those with the greatest measure
	// over the whole range; the others are "$other". Defaults to 10.
	Limit int `json:"limit,omitempty"`
}

// Measure is the number a [Series] asks for.
type Measure string

// The measures.
const (
	CountEvents   Measure = "events"
	CountPersons  Measure = "persons"
	CountSessions Measure = "sessions"
	PerPerson     Measure = "per_person" // events per person
	Sum           Measure = "sum"
	Avg           Measure = "avg"
	Min           Measure = "min"
	Max           Measure = "max"
	Median        Measure = "median"
	P90           Measure = "p90"
	P95           Measure = "p95"
	P99           Measure = "p99"
)

// Sessions asks how long and how deep sessions are and where they begin and
// end.
type Sessions struct {
	Scope
	// Interval is the width of a bucket. Defaults to the total.
	Interval Interval `json:"interval,omitempty"`
}

// Events asks for the events themselves, newest first, those that say who
// somebody is included.
type Events struct {
	Scope
	// Person is whose events are asked for: "user:ID" or "visitor:ID".
	// Defaults to everybody's.
	Person string `json:"person,omitempty"`
	// Limit is the size of a page, at most 1000. Defaults to 100.
	Limit int `json:"limit,omitempty"`
	// Cursor is the Next of the page before. Defaults to the first page.
	Cursor string `json:"cursor,omitempty"`
}

// Persons asks who is behind a number, or, without Of, who was seen: the persons
// with an event in the range for which the filter is true, be it only one that
// says who they are.
type Persons struct {
	Scope
	// Of is the question whose number it is, a [*Trend], [*Funnel],
	// [*Retention] or [*SegmentSize], and At where in the answer the number is.
	// Range and zone may stand in either question then, the filter in Of.
	Of Query `json:"of,omitempty"`
	At *Cell `json:"at,omitempty"`
	// Limit is the size of a page, at most 1000. Defaults to 100.
	Limit int `json:"limit,omitempty"`
	// Cursor is the Next of the page before. Defaults to the first page.
	Cursor string `json:"cursor,omitempty"`
}

// Kind returns "trend".
func (q *Trend) Kind() string { return "trend" }

// Kind returns "sessions".
func (q *Sessions) Kind() string { return "sessions" }

// Kind returns "events".
func (q *Events) Kind() string { return "events" }

// Kind returns "persons".
func (q *Persons) Kind() string { return "persons" }

// Validate implements [Query].
func (q *Trend) Validate() error { return validate(q) }

// Validate implements [Query].
func (q *Sessions) Validate() error { return validate(q) }

// Validate implements [Query].
func (q *Events) Validate() error { return validate(q) }

// Validate implements [Query].
func (q *Persons) Validate() error { return validate(q) }
