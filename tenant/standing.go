package tenant

import (
	"math"
	"time"
)

// Standing is how much of its [Limits] a tenant has used at a moment: all that
// has to be kept of it, by whoever counts for one process or for several.
type Standing struct {
	// Clock is the moment, by the clock of who counts.
	Clock time.Time
	// Owed is how long it takes from then until the bucket is full again.
	Owed time.Duration
	// Used is how many events were taken on the day of Clock.
	Used int64
}

// After returns the standing at a later moment, if nothing is taken until then.
func (s Standing) After(d time.Duration) Standing {
	later := Standing{Clock: s.Clock.Add(d), Owed: max(0, s.Owed-d), Used: s.Used}
	if dayOf(later.Clock) != dayOf(s.Clock) {
		later.Used = 0
	}
	return later
}

// Take counts n events, if the limits allow all of them, and returns what
// became of the request and where the tenant stands then. Zero events only ask
// whether a request of one would pass. The limits must have their defaults.
func (l Limits) Take(s Standing, n int64) (Quota, Standing) {
	var q Quota
	if l.Rate > 0 {
		if wait := s.Owed - l.Credit(n); wait > 0 {
			q.Exceeded, q.Wait = RateWindow, wait
		}
	}
	if l.PerDay > 0 && s.Used > 0 && s.Used+max(n, 1) > l.PerDay {
		// The day is what the sender has to wait for, whatever the rate says.
		q.Exceeded, q.Wait = DayWindow, untilMidnight(s.Clock)
	}
	if q.Exceeded == NoWindow && n > 0 {
		if l.Rate > 0 {
			s.Owed += l.Span(n)
		}
		if l.PerDay > 0 {
			s.Used += n
		}
	}
	if l.Rate > 0 {
		owed := s.Owed.Seconds() * l.Rate
		q.Rate = Left{
			Quota: l.Burst, Window: l.Span(l.Burst),
			Events: max(0, int64(math.Floor(float64(l.Burst)-owed+1e-6))), Reset: s.Owed,
		}
	}
	if l.PerDay > 0 {
		q.Day = Left{Quota: l.PerDay, Window: day, Events: max(0, l.PerDay-s.Used), Reset: untilMidnight(s.Clock)}
	}
	return q, s
}

// Span is how long Rate takes to give n events, 0 without a Rate.
func (l Limits) Span(n int64) time.Duration {
	if l.Rate <= 0 {
		return 0
	}
	return time.Duration(min(math.Round(float64(n)/l.Rate*float64(time.Second)), math.MaxInt64/4))
}

// Credit is how much may be owed at most for a request of n events to pass. One
// that is larger than the bucket needs a full one, and a question is one event.
func (l Limits) Credit(n int64) time.Duration {
	return l.Span(l.Burst - min(max(n, 1), l.Burst))
}

const day = 24 * time.Hour

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

func untilMidnight(t time.Time) time.Duration {
	return day - time.Duration(t.UnixNano()%int64(day))
}
