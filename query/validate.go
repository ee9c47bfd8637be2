package query

import (
	"time"
)

// Bounds of a question, so that no stranger's text costs more than a chart is
// worth.
const (
	maxText        = 8 << 10 // bytes of a name or value
	maxPattern     = 1000    // bytes of a regular expression
	maxValues      = 1000    // values of a list
	maxFilterNodes = 200
	maxFilterDepth = 20
	maxOfPersons   = 20 // conditions on persons: the engine finds out anew for each who is who
	maxSeries      = 26
	maxBuckets     = 10_000
	maxCells       = 500_000 // series × values of a breakdown × buckets
	maxBreakdown   = 1000
	maxPage        = 1000

	maxSteps      = 20
	maxExclusions = 10
	maxHeld       = 3
	maxPeriods    = 366
	maxTimes      = 1_000_000 // of a count in a segment
	maxFormula    = 500       // bytes
	maxRolling    = 366
	maxSegmentID  = 100 // bytes

	defaultBreakdown = 10
	defaultPage      = 100
)

func (q *Trend) check(c *checker) {
	q.Scope.check(c)
	c.checkInterval(q.Interval)
	if len(q.Series) == 0 {
		c.fail("/series", "required", "at least one series is required")
	}
	if len(q.Series) > maxSeries {
		c.fail("/series", "too_many", "a trend has at most %d series", maxSeries)
		return
	}
	for i := range q.Series {
		q.Series[i].check(c, index("/series", i))
	}
	if q.Breakdown != nil {
		q.Breakdown.check(c)
	}
	if q.Formula != "" {
		if _, err := parseFormula(q.Formula, len(q.Series)); err != nil {
			c.fail("/formula", "bad_value", "%s", err)
		}
	}
	oneOf(c, "/compare", q.Compare, CompareNone, PreviousPeriod, PreviousYear)
	if q.Rolling < 0 || q.Rolling > maxRolling {
		c.fail("/rolling", "bad_value", "rolling is between 1 and %d", maxRolling)
	}
	if q.Rolling > 1 && q.Cumulative {
		c.fail("/rolling", "conflict", "a line is either cumulative or rolling")
	}
}

func (b *Breakdown) check(c *checker) {
	c.checkProperty("/breakdown/property", b.Property)
	if b.Limit < 0 || b.Limit > maxBreakdown {
		c.fail("/breakdown/limit", "bad_value", "a limit is between 1 and %d", maxBreakdown)
	}
}

func (s *Series) check(c *checker, path string) {
	c.checkSelector(path, &s.Selector)
	switch s.Measure {
	case "", CountEvents, CountPersons, CountSessions, PerPerson:
		if s.Of != "" {
			c.fail(path+"/of", "bad_value", "%q counts and has no property", s.measure())
		}
	case Sum, Avg, Min, Max, Median, P90, P95, P99:
		if s.Of == "" {
			c.fail(path+"/of", "required", "%q needs a property", s.Measure)
		} else if c.checkProperty(path+"/of", s.Of) && parseProperty(s.Of).scope == ofSegment {
			c.fail(path+"/of", "bad_value", "%s is no number", clip(s.Of))
		}
	default:
		c.fail(path+"/measure", "bad_value", "a measure is one of events, persons, sessions, per_person, sum, avg, min, max, median, p90, p95 and p99, not %q", clip(string(s.Measure)))
		return
	}
	if s.Approximate && !s.measure().estimated() {
		c.fail(path+"/approximate", "bad_value", "%q is exact at no cost", s.measure())
	}
}

func (q *Sessions) check(c *checker) {
	q.Scope.check(c)
	c.checkInterval(q.Interval)
}

func (q *Events) check(c *checker) {
	q.Scope.check(c)
	c.checkPage(q.Limit)
	if q.Person != "" {
		if _, _, ok := parsePerson(q.Person); !ok {
			c.fail("/person", "bad_value", "a person is %q or %q, unlike %q", "user:ID", "visitor:ID", clip(q.Person))
		}
	}
	if q.Cursor != "" {
		if _, ok := parseEventCursor(q.Cursor); !ok {
			c.fail("/cursor", "bad_value", "a cursor is the next of an earlier answer")
		}
	}
}

func (q *Persons) check(c *checker) {
	if q.Of == nil {
		q.Scope.check(c)
	} else {
		q.checkInherited(c, q.Of.scope())
	}
	q.checkCell(c)
	c.checkPage(q.Limit)
	if q.Cursor != "" {
		if _, ok := parsePersonCursor(q.Cursor); !ok {
			c.fail("/cursor", "bad_value", "a cursor is the next of an earlier answer")
		}
	}
}

// check returns the zone of the question, nil if that is the tenant's, which is
// not known here.
func (s *Scope) check(c *checker) *time.Location {
	loc, err := loadZone(s.Zone)
	if s.Zone != "" && err != nil {
		c.fail("/zone", "bad_value", "%q is no IANA time zone", clip(s.Zone))
	}
	s.Range.check(c, "/range", loc)
	if s.Filter != nil {
		c.checkFilter("/filter", s.Filter, 1)
	}
	s.checkMaxAge(c)
	return loc
}

func (s *Scope) checkMaxAge(c *checker) {
	if s.MaxAge == "" {
		return
	}
	if age, ok := parseSpan(s.MaxAge); ok && age > time.Hour {
		c.fail("/max_age", "bad_value", "an answer is at most an hour old, not %q", clip(s.MaxAge))
		return
	}
	c.checkSpan("/max_age", s.MaxAge, "")
}

// checkInherited allows to give a range and a zone once or twice, if they are
// the same, and a filter where it belongs.
func (q *Persons) checkInherited(c *checker, of *Scope) {
	if q.Range != (Range{}) && of.Range != (Range{}) && q.Range != of.Range {
		c.fail("/range", "conflict", "the question in of has another range")
	}
	if q.Zone != "" && of.Zone != "" && q.Zone != of.Zone {
		c.fail("/zone", "conflict", "the question in of has another zone")
	}
	if q.Filter != nil {
		c.fail("/filter", "conflict", "the filter is that of the question in of")
	}
	q.checkMaxAge(c)
}

// location returns the zone of the question, UTC if it names none.
func (s *Scope) location() *time.Location {
	if loc, err := loadZone(s.Zone); err == nil {
		return loc
	}
	return time.UTC
}

// checkSpan reports a text that is no length of time.
func (c *checker) checkSpan(path, text, other string) {
	if _, ok := parseSpan(text); !ok {
		if other != "" {
			other = ", or " + other
		}
		c.fail(path, "bad_value", "a span is an integer from 1 and one of s, m, h, d, w, such as %q, at most 100 years%s; not %q", "24h", other, clip(text))
	}
}

// checkSegmentID allows what stands in a path without escapes.
func (c *checker) checkSegmentID(path, id string) {
	if !isSegmentID(id) {
		c.fail(path, "bad_value", "the id of a segment has 1 to %d letters, digits, - and _, unlike %q", maxSegmentID, clip(id))
	}
}

func (c *checker) checkInterval(i Interval) {
	switch i {
	case "", Hour, Day, Week, Month, Total:
	default:
		c.fail("/interval", "bad_value", "an interval is hour, day, week, month or total, not %q", clip(string(i)))
	}
}

func (c *checker) checkSelector(path string, s *Selector) {
	switch {
	case s.Event == "":
		c.fail(path+"/event", "required", "event is required; %q is any", "*")
	case len(s.Event) > maxText:
		c.fail(path+"/event", "too_long", "a name has at most %d bytes", maxText)
	case !isText(s.Event):
		c.fail(path+"/event", "bad_value", "a name is UTF-8 without zero bytes")
	}
	if len(s.Name) > maxText {
		c.fail(path+"/name", "too_long", "a name has at most %d bytes", maxText)
	}
	if s.Filter != nil {
		c.checkFilter(path+"/filter", s.Filter, 1)
	}
}

func (c *checker) checkPage(limit int) {
	if limit < 0 || limit > maxPage {
		c.fail("/limit", "bad_value", "a limit is between 1 and %d", maxPage)
	}
}

func (s *Series) measure() Measure {
	if s.Measure == "" {
		return CountEvents
	}
	return s.Measure
}
