package querytest

import (
	"cmp"
	"time"

	"github.com/footfall-go/footfall/query"
)

// previous returns numbers as they stand beside those of so many buckets.
func previous(n numbers, buckets int) *query.Previous {
	p := &query.Previous{Total: n.total, Values: make([]*float64, buckets)}
	copy(p.Values, n.values)
	return p
}

// over is the same question asked of another range: what it is compared with is
// what would be the answer then.
func (a *asked) over(from, to time.Time) *asked {
	other := *a
	other.from, other.to = from, to
	return &other
}

// before returns the range that a trend of so many buckets is compared with,
// false if there is none.
func (a *asked) before(q *query.Trend, buckets int) (from, to time.Time, ok bool) {
	switch q.Compare {
	case query.PreviousYear:
		from, to = a.yearBefore(a.from), a.yearBefore(a.to)
		if !from.Before(to) {
			to = a.days(to, 1)
		}
		return from, to, true
	case query.PreviousPeriod:
		interval := cmp.Or(q.Interval, query.Day)
		if starts, _ := a.cal.buckets(interval, a.from, a.to); interval != query.Total && starts[0].Equal(a.from) {
			return a.bucketsBefore(interval, buckets), a.from, true
		}
		n := 0
		for !a.days(a.from, n+1).After(a.to) {
			n++
		}
		rest := a.to.Sub(a.days(a.from, n))
		return a.days(a.from, -n).Add(-rest), a.from, true
	}
	return from, to, false
}

// bucketsBefore returns the start of the n-th bucket before the range.
func (a *asked) bucketsBefore(i query.Interval, n int) time.Time {
	start := a.from
	for range n {
		starts, _ := a.cal.buckets(i, start.Add(-time.Millisecond), start)
		start = starts[0]
	}
	return start
}

// yearBefore returns the same local time on the same date of the year before, on
// 28 February for the 29th.
func (a *asked) yearBefore(t time.Time) time.Time {
	y, m, d := t.In(a.cal.loc).Date()
	if m == time.February && d == 29 {
		d = 28
	}
	return a.sameTime(t, dateOf(y-1, m, d))
}

// days returns the same local time some days later.
func (a *asked) days(t time.Time, n int) time.Time { return a.sameTime(t, a.cal.date(t).add(n)) }

// sameTime returns the local time of t on another date; the beginning of a day
// is one, even where that is not at midnight.
func (a *asked) sameTime(t time.Time, d date) time.Time {
	if t.Equal(a.cal.begin(a.cal.date(t))) {
		return a.cal.begin(d)
	}
	t = t.In(a.cal.loc)
	y, m, day := d.noon.Date()
	return time.Date(y, m, day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), a.cal.loc)
}
