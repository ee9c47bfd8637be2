package querytest

import (
	"strconv"
	"time"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// calendar finds the edges of hours, days, weeks and months by looking at the
// clock on the wall minute by minute.
type calendar struct {
	loc   *time.Location
	first time.Weekday
	days  map[date]time.Time // what was found before
}

func newCalendar(loc *time.Location, start tenant.WeekStart) *calendar {
	c := &calendar{loc: loc, first: time.Monday, days: map[date]time.Time{}}
	if start == tenant.SundayFirst {
		c.first = time.Sunday
	}
	return c
}

// date is a day as it stands on a calendar, at noon in UTC, so that arithmetic
// on it knows no clock.
type date struct{ noon time.Time }

func dateOf(year int, month time.Month, day int) date {
	return date{time.Date(year, month, day, 12, 0, 0, 0, time.UTC)}
}

func (c *calendar) date(t time.Time) date { return dateOf(t.In(c.loc).Date()) }

func (d date) add(days int) date { return date{d.noon.AddDate(0, 0, days)} }

// begin returns the first instant at which the calendar on the wall shows a
// date or, if it never does, a later one.
func (c *calendar) begin(d date) time.Time {
	if t, ok := c.days[d]; ok {
		return t
	}
	t := d.noon.Add(-38 * time.Hour) // no zone is 26 hours ahead
	for c.date(t).noon.Before(d.noon) {
		t = t.Add(time.Minute)
	}
	t = t.In(c.loc)
	c.days[d] = t
	return t
}

// step returns the first date of the n-th bucket from that which holds a date.
func (c *calendar) step(i query.Interval, d date, n int) date {
	switch i {
	case query.Week:
		for d.noon.Weekday() != c.first {
			d = d.add(-1)
		}
		return d.add(7 * n)
	case query.Month:
		return dateOf(d.noon.Year(), d.noon.Month()+time.Month(n), 1)
	}
	return d.add(n)
}

// edges returns the edges of buckets one after the other: the first is the
// start of that which holds from, the last at or after to, with at least so many
// buckets. A bucket without an instant, such as a day that was skipped, is none.
// A day begins once, though the wall may show the last minutes of the day before
// it again.
func (c *calendar) edges(i query.Interval, from, to time.Time, least int) []time.Time {
	if i == query.Hour {
		return c.hours(from, to, least)
	}
	var edges []time.Time
	for n := 0; ; n++ {
		edge := c.begin(c.step(i, c.date(from), n))
		if len(edges) > 0 && !edge.After(edges[len(edges)-1]) {
			continue
		}
		if !edge.After(from) {
			edges = edges[:0] // that before it ends here
		}
		edges = append(edges, edge)
		if !edge.Before(to) && len(edges) > least {
			return edges
		}
	}
}

// hours returns the instants at which an hour begins: where the clock on the
// wall shows a full one and where it changes; see edges.
func (c *calendar) hours(from, to time.Time, least int) []time.Time {
	minute := func(n int64) time.Time { return time.Unix(60*n, 0).In(c.loc) }
	offset := func(t time.Time) int { _, o := t.Zone(); return o }
	begins := func(n int64) bool {
		return minute(n).Minute() == 0 || offset(minute(n)) != offset(minute(n-1))
	}
	n := floorDiv(from.Unix(), 60)
	for !begins(n) {
		n--
	}
	edges := []time.Time{minute(n)}
	for edges[len(edges)-1].Before(to) || len(edges) <= least {
		n++
		if begins(n) {
			edges = append(edges, minute(n))
		}
	}
	return edges
}

// buckets returns the starts of the buckets that a range touches and the end of
// the last of them.
func (c *calendar) buckets(i query.Interval, from, to time.Time) (starts []time.Time, end time.Time) {
	if i == query.Total {
		return []time.Time{from.In(c.loc)}, to.In(c.loc)
	}
	edges := c.edges(i, from, to, 1)
	return edges[:len(edges)-1], edges[len(edges)-1]
}

// bucket returns the number of the bucket that holds t.
func bucket(starts []time.Time, t time.Time) int {
	n := -1
	for n+1 < len(starts) && !t.Before(starts[n+1]) {
		n++
	}
	return n
}

// instant reads a date, which is its first instant, or an RFC 3339 time.
func (c *calendar) instant(text string) (time.Time, bool) {
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return c.begin(dateOf(d.Date())), true
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.Truncate(time.Millisecond), err == nil
}

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// span reads a number and its unit.
func span(text string) (n int, unit byte) {
	n, _ = strconv.Atoi(text[:len(text)-1]) // the question is sound
	return n, text[len(text)-1]
}

// rangeOf returns the instants of a range as it is understood at a moment.
func (a *asked) rangeOf(r query.Range, now time.Time) (from, to time.Time) {
	if r.Last == "" {
		from, _ = a.cal.instant(r.From)
		to, _ = a.cal.instant(r.To)
		return from, to
	}
	n, unit := span(r.Last)
	switch unit {
	case 'd', 'w':
		interval := query.Day
		if unit == 'w' {
			interval = query.Week
		}
		open := a.cal.edges(interval, now, now, 1)
		return a.cal.begin(a.cal.step(interval, a.cal.date(open[0]), 1-n)), open[1]
	case 'h':
		to = a.cal.hours(now, now, 1)[1]
		return to.Add(-time.Duration(n) * time.Hour), to
	}
	to = now.Truncate(units[unit]).Add(units[unit])
	return to.Add(-time.Duration(n) * units[unit]), to
}

// duration reads a length of time in which a day has 24 hours.
func duration(text string) time.Duration {
	n, unit := span(text)
	return time.Duration(n) * units[unit]
}
