package tenant

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Tenant is an id with its settings.
type Tenant struct {
	ID ID
	Settings
}

// Settings are the rules a tenant's numbers follow. The zero value is usable:
// every field has a default, which [Settings.WithDefaults] fills in.
type Settings struct {
	// Version distinguishes successive settings of one tenant in the log.
	Version uint32
	// Zone is the IANA name of the time zone whose days, weeks and months
	// queries use. Defaults to "UTC".
	Zone string
	// WeekStart is the first day of the week. Defaults to Monday; use
	// SundayFirst for Sunday, whose number is the zero value.
	WeekStart WeekStart
	// SessionGap is the inactivity that ends a session. Defaults to 30m.
	SessionGap time.Duration
	// SessionCap is the longest a session lasts. Defaults to 24h.
	SessionCap time.Duration
	// Session says what events are to sessions, beside the gap and the cap. Its
	// zero value treats all alike.
	Session Session
	// DedupWindow is how long, in log time, a message id is remembered.
	// Defaults to 2h; never under 1h.
	DedupWindow time.Duration
	// Retention is how long events are kept by their time. Defaults to 0:
	// for ever.
	Retention time.Duration
	// Dedicated gives the tenant partitions of its own, so that it can be
	// dropped in one statement. It is fixed when the tenant is created.
	Dedicated bool
	// Origins are the web origins that may send with the tenant's write
	// keys, each scheme://host or scheme://host:port without patterns; "*" is
	// any. Defaults to any.
	Origins []string
	// IP is what is kept of the addresses events come from. Defaults to
	// TruncateIP.
	IP IPPolicy
	// Limits bound what the tenant may send. Defaults to none.
	Limits Limits
	// Redact says what of an event is secret and is not stored. Defaults to
	// the names and forms it lists.
	Redact Redact
	// Caps bound what makes columns of its own. Default to those it lists.
	Caps Caps
	// QueryTime bounds one query. Defaults to 10s.
	QueryTime time.Duration
	// Queries is how many questions are answered at once; others wait for their
	// turn. Defaults to 0: any number that the engine has room for.
	Queries int
	// QueryRows and QueryMemory bound the rows that a statement of a question
	// reads and the bytes of memory it uses. Default to 0: the bounds of the
	// engine, which hold in any case.
	QueryRows   int64
	QueryMemory int64
}

// WeekStart is the first day of a week.
type WeekStart uint8

// The two first days of the week in use.
const (
	MondayFirst WeekStart = iota
	SundayFirst
)

// IPPolicy is what is kept of addresses. It is applied before an event is
// stored anywhere, the log included; the country is looked up before that.
type IPPolicy uint8

// The policies for addresses.
const (
	// TruncateIP keeps the network: the first 24 bits of IPv4, 48 of IPv6.
	TruncateIP IPPolicy = iota
	// DropIP keeps nothing of them.
	DropIP
	// KeepIP keeps them whole.
	KeepIP
)

// WithDefaults returns the settings with empty fields filled in.
func (s Settings) WithDefaults() Settings {
	s.Zone = cmp.Or(s.Zone, "UTC")
	s.SessionGap = cmp.Or(s.SessionGap, 30*time.Minute)
	s.SessionCap = cmp.Or(s.SessionCap, 24*time.Hour)
	s.DedupWindow = cmp.Or(s.DedupWindow, 2*time.Hour)
	s.QueryTime = cmp.Or(s.QueryTime, 10*time.Second)
	s.Limits = s.Limits.WithDefaults()
	s.Caps = s.Caps.withDefaults()
	s.Origins = normalOrigins(s.Origins)
	return s
}

// Validate reports every mistake in the settings at once. Defaults must have
// been filled in.
func (s Settings) Validate() error {
	var errs []error
	if _, err := time.LoadLocation(s.Zone); err != nil {
		errs = append(errs, fmt.Errorf("timezone: %w", err))
	}
	check := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			errs = append(errs, fmt.Errorf("%s: %v is not between %v and %v", name, d, low, high))
		}
	}
	check("session.gap", s.SessionGap, time.Second, 24*time.Hour)
	check("session.cap", s.SessionCap, s.SessionGap, 7*24*time.Hour)
	check("dedup.window", s.DedupWindow, time.Hour, 24*time.Hour)
	check("limits.query_time", s.QueryTime, time.Millisecond, time.Hour)
	if s.Queries < 0 || s.QueryRows < 0 || s.QueryMemory < 0 {
		errs = append(errs, fmt.Errorf("limits.queries, query_rows and query_memory: %d, %d and %d, of which one is negative", s.Queries, s.QueryRows, s.QueryMemory))
	}
	errs = append(errs, s.Limits.validate()...)
	if s.Retention < 0 {
		errs = append(errs, fmt.Errorf("retention: %v is negative; 0 means for ever", s.Retention))
	}
	if s.WeekStart > SundayFirst {
		errs = append(errs, fmt.Errorf("week_start: %d is neither monday nor sunday", s.WeekStart))
	}
	if s.IP > KeepIP {
		errs = append(errs, fmt.Errorf("ip: %d is neither truncate, drop nor keep", s.IP))
	}
	errs = append(errs, validateOrigins(s.Origins), s.Redact.validate(), s.Caps.validate(), s.Session.validate())
	return errors.Join(errs...)
}

// Location returns the tenant's time zone, UTC if its name is unknown.
func (s Settings) Location() *time.Location {
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Silo returns the name of the partition family the tenant's rows live in: its
// own id if it is dedicated, "" for the pooled rest.
func (t *Tenant) Silo() string {
	if t.Dedicated {
		return t.ID.String()
	}
	return ""
}
