package query

import "time"

// stretch is a range of time with the starts of its buckets.
type stretch struct {
	from, to time.Time
	edges    []int64
}

// previous returns the range that one of n buckets is compared with: the same
// dates of the year before, where 29 February becomes the 28th; or the n
// buckets right before, and if the range does not begin with a bucket as many
// days of the calendar, with what is left over as it is.
func (c calendar) previous(how Comparison, i Interval, from, to time.Time, n int) (time.Time, time.Time) {
	if how == PreviousYear {
		start, end := c.yearBefore(from), c.yearBefore(to)
		if !start.Before(end) { // of 28 February to the 29th nothing would be left
			end = c.addDays(end, 1)
		}
		return start, end
	}
	if i == Total || !c.floor(i, from).Equal(from) {
		days, rest := c.length(from, to)
		return c.addDays(from, -days).Add(-rest), from
	}
	start := from
	for range n {
		start = c.floor(i, start.Add(-time.Millisecond))
	}
	return start, from
}

// yearBefore returns the same local time of the year before.
func (c calendar) yearBefore(t time.Time) time.Time {
	t = t.In(c.loc)
	if t.Month() == time.February && t.Day() == 29 {
		t = c.addDays(t, -1)
	}
	return c.at(t, t.Year()-1, t.Month(), t.Day())
}

// addDays returns the same local time some days later.
func (c calendar) addDays(t time.Time, n int) time.Time {
	t = t.In(c.loc)
	return c.at(t, t.Year(), t.Month(), t.Day()+n)
}

// at returns the local time of t on another date. The start of a day stays one.
func (c calendar) at(t time.Time, year int, month time.Month, day int) time.Time {
	if c.floor(Day, t).Equal(t) {
		return startOfDay(year, month, day, c.loc)
	}
	return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.loc)
}

// length takes a range apart into days of the calendar and the rest.
func (c calendar) length(from, to time.Time) (days int, rest time.Duration) {
	days = int(to.Sub(from)/(24*time.Hour)) + 1 // a day may have 25 hours, but two have fewer than 72
	for c.addDays(from, days).After(to) {
		days--
	}
	return days, to.Sub(c.addDays(from, days))
}
