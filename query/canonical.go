package query

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Canonical returns a question as JSON in a form of its own: two sound questions
// that ask the same have the same bytes. Defaults are filled in, what makes no
// difference is left out, "and" and "or" of one are that one, their parts and the
// values of lists are in one order and there once, and values and spans of time
// are written one way. [Parse] reads it, and the answer is that to q.
//
// A relative range stays relative, and a date a date: which moments they are is
// told by the clock and by the zone of the tenant.
func Canonical(q Query) []byte { return canonicalQuery(q) }

// members are those of a JSON object, which are written in the order of their names.
type members map[string]any

func (o members) bytes() json.RawMessage {
	b, err := json.Marshal(o)
	if err != nil {
		// Only texts, numbers, bools, lists of them and objects are put in.
		return json.RawMessage(strconv.Quote(err.Error()))
	}
	return b
}

func canonicalQuery(q Query) json.RawMessage {
	o := members{"kind": q.Kind()}
	if p, ok := q.(*Persons); !ok || p.Of == nil { // which has the scope of its question
		o.scope(q.scope())
	}
	switch q := q.(type) {
	case *Trend:
		q.canonical(o)
	case *Funnel:
		q.canonical(o)
	case *Retention:
		q.canonical(o)
	case *SegmentSize:
		o["segment"] = q.Segment.canonical()
		if q.At != "" {
			o["at"] = canonicalMoment(q.At)
		}
	case *Sessions:
		o["interval"] = cmp.Or(q.Interval, Total)
	case *Events:
		if q.Person != "" {
			o["person"] = q.Person
		}
		o.page(q.Limit, q.Cursor)
	case *Persons:
		q.canonical(o)
	}
	return o.bytes()
}

func (o members) scope(s *Scope) {
	if s.Range != (Range{}) {
		o["range"] = s.Range.canonical()
	}
	if s.Zone != "" {
		o["zone"] = s.Zone
	}
	o.filter(s.Filter)
}

func (o members) filter(f *Filter) {
	if f != nil {
		o["filter"] = f.canonical()
	}
}

func (o members) page(limit int, cursor string) {
	o["limit"] = page(limit)
	if cursor != "" {
		o["cursor"] = cursor
	}
}

func (r Range) canonical() members {
	if n, unit, ok := parseLast(r.Last); ok {
		return members{"last": strconv.Itoa(n) + string(unit)}
	}
	return members{"from": canonicalMoment(r.From), "to": canonicalMoment(r.To)}
}

// canonicalMoment keeps a date, whose zone is not known here.
func canonicalMoment(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text
	}
	t, _ := parseMoment(text, time.UTC)
	return t.UTC().Format(time.RFC3339Nano)
}

// canonicalSpan writes a length of time in seconds.
func canonicalSpan(text string) string {
	d, _ := parseSpan(text)
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// canonical returns the selector without its name, which not every answer has.
func (s *Selector) canonical() members {
	o := members{"event": s.Event}
	o.filter(s.Filter)
	return o
}

func (b *Breakdown) canonical() members {
	return members{"property": b.Property, "limit": b.limit()}
}

func (q *Trend) canonical(o members) {
	series := make([]members, len(q.Series))
	for i := range q.Series {
		m := &q.Series[i]
		series[i] = m.Selector.canonical()
		series[i]["measure"] = m.measure()
		if m.Of != "" {
			series[i]["of"] = m.Of
		}
		if m.Approximate {
			series[i]["approximate"] = true
		}
		if q.Formula == "" {
			series[i]["name"] = cmp.Or(m.Name, m.Event)
		}
	}
	o["series"], o["interval"] = series, cmp.Or(q.Interval, Day)
	o["compare"], o["cumulative"], o["rolling"] = cmp.Or(q.Compare, CompareNone), q.Cumulative, max(1, q.Rolling)
	if q.Breakdown != nil {
		o["breakdown"] = q.Breakdown.canonical()
	}
	if q.Formula != "" {
		o["formula"] = q.Formula // which is the name of the line as it stands
	}
}

func (q *Funnel) canonical(o members) {
	steps := make([]members, len(q.Steps))
	for i := range q.Steps {
		steps[i] = q.Steps[i].canonical()
		steps[i]["name"] = cmp.Or(q.Steps[i].Name, q.Steps[i].Event)
	}
	o["steps"], o["order"], o["by"], o["reach"] = steps, cmp.Or(q.Order, InOrder), cmp.Or(q.By, byPerson), cmp.Or(q.Reach, WithinWindow)
	if o["window"] = noWindow; q.Window != noWindow {
		o["window"] = canonicalSpan(cmp.Or(q.Window, "14d"))
	}
	if len(q.Exclude) > 0 {
		o["exclude"] = set(q.Exclude, func(e *Exclusion) json.RawMessage {
			excluded := e.Selector.canonical()
			excluded["after"], excluded["before"] = e.After, e.Before
			return excluded.bytes()
		})
		o["exclusion"] = cmp.Or(q.Exclusion, EndsAttempt)
	}
	if len(q.Hold) > 0 {
		o["hold"] = slices.Compact(slices.Sorted(slices.Values(q.Hold)))
	}
	if q.Interval != "" {
		o["interval"] = q.Interval
	}
	if b := q.Breakdown; b != nil {
		breakdown := b.Breakdown.canonical()
		breakdown["attribution"] = cmp.Or(b.Attribution, FirstTouch)
		if b.Step > 0 {
			breakdown["step"] = b.Step
		}
		o["breakdown"] = breakdown
	}
}

func (q *Retention) canonical(o members) {
	o["interval"], o["periods"] = cmp.Or(q.Interval, Day), q.periods()
	o["start"], o["return"] = q.Start.canonical(), q.Return.canonical()
	o["cohort"], o["count"], o["buckets"] = cmp.Or(q.Cohort, FirstEver), cmp.Or(q.Count, OnPeriod), cmp.Or(q.Buckets, CalendarBuckets)
	if q.Breakdown != nil {
		o["breakdown"] = q.Breakdown.canonical()
	}
}

func (q *Persons) canonical(o members) {
	o.page(q.Limit, q.Cursor)
	if q.Of == nil {
		return
	}
	of := q.question()
	o["of"] = canonicalQuery(of)
	c, at := q.cell(), members{}
	if c.Breakdown != nil {
		at["breakdown"] = *c.Breakdown
	}
	switch of.(type) {
	case *Trend:
		at["series"] = c.Series
		if c.Bucket != "" {
			at["bucket"] = canonicalMoment(c.Bucket)
		}
	case *Funnel:
		at["step"], at["outcome"] = c.Step, cmp.Or(c.Outcome, Converted)
	case *Retention:
		at["cohort"] = canonicalMoment(c.Cohort)
		if c.Size {
			at["size"] = true
		} else {
			at["period"] = c.Period
		}
	}
	o["at"] = at
}

// set returns the canonical forms of some parts, sorted and each once.
func set[T any](parts []T, canonical func(*T) json.RawMessage) []json.RawMessage {
	list := make([]json.RawMessage, len(parts))
	for i := range parts {
		list[i] = canonical(&parts[i])
	}
	return distinct(list)
}

func distinct(list []json.RawMessage) []json.RawMessage {
	compare := func(a, b json.RawMessage) int { return bytes.Compare(a, b) }
	slices.SortFunc(list, compare)
	return slices.CompactFunc(list, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
}
