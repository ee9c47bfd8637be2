package query

import (
	"strconv"
	"strings"
	"time"
)

// Range is the time a question is about: half-open from From to To, or the
// Last of something.
type Range struct {
	// From and To are dates, which mean local midnight in the zone of the
	// question, or RFC 3339 times.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Last is an integer and one of s, m, h, d, w: that many seconds,
	// minutes, hours, days or weeks of the calendar, the open one included.
	// "1d" is today.
	Last string `json:"last,omitempty"`
}

// Interval is the width of a bucket.
type Interval string

// The intervals.
const (
	Hour  Interval = "hour"
	Day   Interval = "day"
	Week  Interval = "week"
	Month Interval = "month"
	Total Interval = "total"
)

// The store keeps times between these; a question about others is a mistake.
var (
	earliest = time.Date(1900, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2299, 12, 30, 0, 0, 0, 0, time.UTC)
)

// check judges a range in a zone, or as far as can be without one: which of a
// date and a time comes first is known when the zone of the tenant is.
func (r Range) check(c *checker, path string, loc *time.Location) {
	switch {
	case r == Range{}:
		c.fail(path, "required", "range is required: from and to, or last")
	case r.Last != "" && (r.From != "" || r.To != ""):
		c.fail(path, "conflict", "a range is either from and to, or last")
	case r.Last != "":
		if _, _, ok := parseLast(r.Last); !ok {
			c.fail(path+"/last", "bad_value", "last is an integer from 1 and one of s, m, h, d, w, such as %q, at most 100 years; not %q", "30d", clip(r.Last))
		}
	default:
		from, fromOK := c.checkMoment(path+"/from", r.From, loc)
		to, toOK := c.checkMoment(path+"/to", r.To, loc)
		if loc == nil && isDate(r.From) != isDate(r.To) {
			to = to.Add(farthest)
		}
		if fromOK && toOK && !from.Before(to) {
			c.fail(path, "bad_value", endsBefore)
		}
	}
}

const endsBefore = "a range ends after it begins"

// mistaken is the error of a question whose range, in the zone of its tenant,
// does not end after it begins: a date may be one that the zone skipped.
func mistaken(q Query) error {
	path := "/range"
	if p, ok := q.(*Persons); ok && p.Of != nil && p.Of.scope().Range != (Range{}) {
		path = "/of/range"
	}
	return &InvalidError{[]Problem{{path, "bad_value", endsBefore}}}
}

// checkMoment reads a time in a zone, nil for any.
func (c *checker) checkMoment(path, text string, loc *time.Location) (time.Time, bool) {
	if text == "" {
		c.fail(path, "required", "a range has both from and to")
		return time.Time{}, false
	}
	if loc == nil {
		loc = time.UTC
	}
	t, ok := parseMoment(text, loc)
	switch {
	case !ok:
		c.fail(path, "bad_value", "a time is a date or an RFC 3339 time, not %q", clip(text))
	case t.Before(earliest) || t.After(latest):
		c.fail(path, "bad_value", "a time is between the years 1900 and 2299")
		ok = false
	}
	return t, ok
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// parseMoment reads a date as its first instant in loc, or an RFC 3339 time.
func parseMoment(text string, loc *time.Location) (time.Time, bool) {
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return startOfDay(d.Year(), d.Month(), d.Day(), loc), true
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.Truncate(time.Millisecond), err == nil
}

// century bounds Last.
const century = 100 * 366 * 24 * time.Hour

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

func parseLast(text string) (n int, unit byte, ok bool) {
	if text == "" {
		return 0, 0, false
	}
	digits, unit := text[:len(text)-1], text[len(text)-1]
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 10 {
		return 0, 0, false
	}
	n, err := strconv.Atoi(digits)
	width, known := units[unit]
	return n, unit, err == nil && known && n >= 1 && time.Duration(n) <= century/width
}

// resolve returns the instants a sound range stands for.
func (r Range) resolve(now time.Time, cal calendar) (from, to time.Time) {
	if r.Last == "" {
		from, _ = parseMoment(r.From, cal.loc)
		to, _ = parseMoment(r.To, cal.loc)
		return from, to
	}
	n, unit, _ := parseLast(r.Last)
	switch unit {
	case 'd', 'w':
		interval := Day
		if unit == 'w' {
			interval = Week
		}
		return cal.add(interval, cal.floor(interval, now), 1-n), cal.next(interval, now)
	default:
		width := units[unit]
		to = now.Truncate(width).Add(width)
		if unit == 'h' {
			to = cal.next(Hour, now)
		}
		return to.Add(-time.Duration(n) * width), to
	}
}

// parseSpan reads an integer and its unit as a length of time; a day has 24
// hours.
func parseSpan(text string) (time.Duration, bool) {
	n, unit, ok := parseLast(text)
	return time.Duration(n) * units[unit], ok
}
