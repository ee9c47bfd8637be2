package tenant

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// Limits bound what a tenant may send. A zero field is no limit.
//
// What counts is every message of a request, those that are then refused and
// those that were sent before included, because they cost the same; only a
// request that an outage kept out of the log is given back. A request is taken
// as a whole or not at all.
type Limits struct {
	// Rate is how many events a second a tenant may send for any length of
	// time. Defaults to 0: any number.
	Rate float64
	// Burst is how many may come at once after a pause: a bucket of this
	// size is refilled at Rate, and a request needs as many as it has
	// events. One that has more than Burst needs a full bucket, and leaves a
	// debt that is paid before the next: so it passes at last and Rate
	// holds. Defaults to one second of Rate, at least 1.
	Burst int64
	// PerDay is how many events a tenant may send from midnight to midnight
	// UTC: a day of the same length for everybody and every process. One
	// request alone may have more, if it is the first of its day. Defaults to
	// 0: any number.
	PerDay int64
}

// IsZero reports whether there is no limit at all.
func (l Limits) IsZero() bool { return l == Limits{} }

// WithDefaults returns the limits with what depends on other fields filled in.
func (l Limits) WithDefaults() Limits {
	if l.Rate > 0 {
		l.Burst = cmp.Or(l.Burst, max(1, int64(math.Ceil(min(l.Rate, maxRate)))))
	}
	return l
}

// The bounds of limits, far outside what a log takes: inside them the
// arithmetic of [Buckets] is exact.
const (
	maxRate   = 1e9
	maxEvents = 1e15
	maxRefill = 366 * 24 * time.Hour
)

// validate reports every mistake, defaults filled in.
func (l Limits) validate() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if l.Rate < 0 || l.Rate > maxRate || math.IsNaN(l.Rate) {
		fail("limits.rate: %v is not between 0 and %d", l.Rate, int64(maxRate))
		return errs
	}
	switch {
	case l.Burst < 0:
		fail("limits.burst: %d is negative", l.Burst)
	case l.Burst > 0 && l.Rate == 0:
		fail("limits.burst: it needs a limits.rate to be refilled at")
	case l.Rate > 0 && float64(l.Burst)/l.Rate > maxRefill.Seconds():
		fail("limits.burst: %d takes more than a year to refill", l.Burst)
	}
	if l.PerDay < 0 || l.PerDay > maxEvents {
		fail("limits.per_day: %d is not between 0 and %d", l.PerDay, int64(maxEvents))
	}
	return errs
}

// Window names one of the limits.
type Window uint8

// The limits there are.
const (
	NoWindow Window = iota
	RateWindow
	DayWindow
)

// String returns the name the limit has in headers and metrics.
func (w Window) String() string {
	switch w {
	case RateWindow:
		return "rate"
	case DayWindow:
		return "day"
	default:
		return "none"
	}
}

// Quota is what became of a request that asked for events, and what is left.
type Quota struct {
	// Exceeded is the limit that refused the request; NoWindow if none did.
	Exceeded Window
	// Wait is how long it takes until the same request may pass, if nothing
	// else is sent meanwhile.
	Wait time.Duration
	// Rate and Day say what is left of either; zero without such a limit.
	Rate, Day Left
}

// Left is what is left of a limit.
type Left struct {
	Quota  int64         // what there is at most
	Window time.Duration // in which it is given out
	Events int64         // what is left of it
	Reset  time.Duration // until all of it is there again
}
