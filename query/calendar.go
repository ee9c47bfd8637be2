package query

import (
	"errors"
	"slices"
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// calendar cuts time into the hours, days, weeks and months of a zone.
//
// The edges of buckets are computed here and nowhere else: the statements get
// them as numbers. The engine's own functions for it bring their own edition
// of the time zone rules, which may be of another year than ours.
type calendar struct {
	loc       *time.Location
	weekStart time.Weekday
}

func newCalendar(loc *time.Location, start tenant.WeekStart) calendar {
	if start == tenant.SundayFirst {
		return calendar{loc, time.Sunday}
	}
	return calendar{loc, time.Monday}
}

var errZone = errors.New("no IANA time zone")

// loadZone finds a zone by its IANA name. The machine's own zone is none of
// those, and the empty name is no answer.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, errZone
	}
	return time.LoadLocation(name)
}

// farthest is further than any zone is from UTC.
const farthest = 26 * time.Hour

// startOfDay returns the first instant of a local date. Where the date does
// not exist (Samoa skipped one in 2011) or begins late (the clock went forward
// at midnight), that is the first instant after it.
func startOfDay(year int, month time.Month, day int, loc *time.Location) time.Time {
	utc := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	at := utc.Add(-farthest).In(loc) // before the date, wherever that is
	for {
		_, offset := at.Zone()
		midnight := utc.Add(-time.Duration(offset) * time.Second)
		if midnight.Before(at) {
			return at
		}
		change, ok := changeWithin(at, midnight)
		if !ok {
			return midnight.In(loc)
		}
		at = change
	}
}

// changeWithin returns the first moment in (from, to] at which the clock of
// from's zone changes, false if there is none.
//
// The bounds of [time.Time.ZoneBounds] are exact as far as a zone's changes are
// listed. After that, which may be any year since 2007, they are those of years
// as well, at which no clock changes, and of a leap year's last day the end may
// lie before it.
func changeWithin(from, to time.Time) (time.Time, bool) {
	_, offset := from.Zone()
	for at := from; ; {
		_, end := at.ZoneBounds()
		if !end.IsZero() && !end.After(at) {
			end = at.Truncate(24 * time.Hour).Add(24 * time.Hour).In(at.Location())
		}
		if end.IsZero() || end.After(to) {
			return time.Time{}, false
		}
		if _, now := end.Zone(); now != offset {
			return end, true
		}
		at = end
	}
}

// floor returns the start of the bucket that holds t.
func (c calendar) floor(i Interval, t time.Time) time.Time {
	t = t.In(c.loc)
	if i == Hour {
		return c.startOfHour(t)
	}
	day := t.Day()
	switch i {
	case Week:
		day -= int(t.Weekday()-c.weekStart+7) % 7
	case Month:
		day = 1
	}
	start := startOfDay(t.Year(), t.Month(), day, c.loc)
	// Where the clock goes back soon after midnight, the wall shows the last
	// minutes of a day again when the next has begun, which it has for good.
	for {
		end := c.after(i, start)
		if end.After(t) {
			return start
		}
		start = end
	}
}

// next returns the end of the bucket that holds t, which is the start of the
// one that follows.
func (c calendar) next(i Interval, t time.Time) time.Time { return c.after(i, c.floor(i, t)) }

// after returns the end of the bucket that starts at start.
func (c calendar) after(i Interval, start time.Time) time.Time {
	if i == Hour {
		next := start.Truncate(time.Second).Add(time.Hour - sinceHour(start))
		if change, ok := changeWithin(start, next); ok {
			return change
		}
		return next
	}
	// A bucket may have no instant of its own (a skipped day); pass it over.
	for n := 1; ; n++ {
		if end := c.add(i, start, n); end.After(start) {
			return end
		}
	}
}

// add returns the start of the bucket n after that which starts at start.
func (c calendar) add(i Interval, start time.Time, n int) time.Time {
	y, m, d := start.In(c.loc).Date()
	switch i {
	case Week:
		// The week of a start that a skipped day has moved is that of its date.
		d -= int(start.In(c.loc).Weekday()-c.weekStart+7) % 7
		return startOfDay(y, m, d+7*n, c.loc)
	case Month:
		return startOfDay(y, m+time.Month(n), 1, c.loc)
	default:
		return startOfDay(y, m, d+n, c.loc)
	}
}

// startOfHour returns the local full hour before t, or the change of the clock
// if that is nearer: a bucket has one offset and never more than 60 minutes.
func (c calendar) startOfHour(t time.Time) time.Time {
	start := t.Truncate(time.Second).Add(-sinceHour(t))
	for {
		change, ok := changeWithin(start, t)
		if !ok {
			return start
		}
		start = change
	}
}

func sinceHour(t time.Time) time.Duration {
	return time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
}

// buckets returns the starts of the buckets that [from, to) touches and the
// end of the last; false if there are more than maxBuckets.
func (c calendar) buckets(i Interval, from, to time.Time) (starts []time.Time, end time.Time, ok bool) {
	if i == Total {
		return []time.Time{from.In(c.loc)}, to.In(c.loc), true
	}
	for t := c.floor(i, from); t.Before(to); t = c.next(i, t) {
		if len(starts) == maxBuckets {
			return nil, time.Time{}, false
		}
		starts = append(starts, t)
	}
	return slices.Clip(starts), c.next(i, starts[len(starts)-1]), true
}
