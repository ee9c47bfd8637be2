package query

// Retention asks how many of those who did one thing do another, or the same,
// in the periods that follow.
type Retention struct {
	Scope
	// Interval is the width of a cohort and of a period: an hour, day, week or
	// month. Defaults to a day.
	Interval Interval `json:"interval,omitempty"`
	// Periods is how many periods follow that of the start, at most 366.
	// Defaults to 7.
	Periods int `json:"periods,omitempty"`
	// Start is what puts a person into a cohort, by its time, which lies in the
	// range.
	Start Selector `json:"start"`
	// Return is what shows that a person is back. It may lie after the range.
	Return Selector `json:"return"`
	// Cohort says which of a person's starts count. Defaults to [FirstEver].
	Cohort Cohort `json:"cohort,omitempty"`
	// Count says when a person is back. Defaults to [OnPeriod].
	Count Count `json:"count,omitempty"`
	// Buckets says where a period begins. Defaults to [CalendarBuckets].
	Buckets Buckets `json:"buckets,omitempty"`
	// Breakdown splits by the values of a property at the start.
	Breakdown *Breakdown `json:"breakdown,omitempty"`
}

// Cohort says which of a person's starts count.
type Cohort string

// The cohorts.
const (
	FirstEver    Cohort = "first_ever"     // the very first, if it lies in the range
	FirstInRange Cohort = "first_in_range" // the first in the range
	Recurring    Cohort = "recurring"      // the first in each interval
)

// Count says when a person is back.
type Count string

// The counts.
const (
	OnPeriod      Count = "on"          // in that very period
	OnOrAfterward Count = "on_or_after" // in that period or at any time after it
)

// Buckets says where a period begins.
type Buckets string

// The buckets. A rolling day has 24 hours, a week 7 of them, a month 30.
const (
	CalendarBuckets Buckets = "calendar" // with the calendar's hour, day, week or month
	RollingBuckets  Buckets = "rolling"  // with the person's own start
)

const defaultPeriods = 7

// Kind returns "retention".
func (q *Retention) Kind() string { return "retention" }

// Validate implements [Query].
func (q *Retention) Validate() error { return validate(q) }

func (q *Retention) check(c *checker) {
	q.Scope.check(c)
	oneOf(c, "/interval", q.Interval, Hour, Day, Week, Month)
	if q.Periods < 0 || q.Periods > maxPeriods {
		c.fail("/periods", "bad_value", "periods is between 1 and %d", maxPeriods)
	}
	c.checkSelector("/start", &q.Start)
	c.checkSelector("/return", &q.Return)
	oneOf(c, "/cohort", q.Cohort, FirstEver, FirstInRange, Recurring)
	oneOf(c, "/count", q.Count, OnPeriod, OnOrAfterward)
	oneOf(c, "/buckets", q.Buckets, CalendarBuckets, RollingBuckets)
	if q.Breakdown != nil {
		q.Breakdown.check(c)
	}
}

func (q *Retention) periods() int {
	if q.Periods == 0 {
		return defaultPeriods
	}
	return q.Periods
}
