package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// describe renders a question in plain English.
func describe(q Query, cal calendar, from, to time.Time) string {
	text := words(q)
	scope := scopeOf(q)
	if f := scope.Filter; f != nil {
		text += ", where " + f.describe()
	}
	if scope.Range != (Range{}) {
		text += ", " + describeRange(scope.Range, cal, from, to)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// words renders a question without its scope.
func words(q Query) string {
	switch q := q.(type) {
	case *Trend:
		return q.describe()
	case *Funnel:
		return q.describe()
	case *Retention:
		return q.describe()
	case *SegmentSize:
		return q.describe()
	case *Sessions:
		return "sessions" + perInterval(q.Interval, Total)
	case *Events:
		if q.Person != "" {
			return "the newest events of " + clip(q.Person)
		}
		return "the newest events"
	case *Persons:
		return q.describe()
	}
	return q.Kind()
}

func (s *Series) describe() string {
	text := "of " + strconv.Quote(clip(s.Event))
	if s.Event == "*" {
		text = "of any event"
	}
	switch m := s.measure(); m {
	case CountEvents:
		text = "number " + text
	case CountPersons:
		text = "number of persons " + text
	case CountSessions:
		text = "number of sessions " + text
	case PerPerson:
		text = "number per person " + text
	default:
		words := map[Measure]string{
			Sum: "sum", Avg: "average", Min: "least", Max: "greatest", Median: "median",
			P90: "90th percentile", P95: "95th percentile", P99: "99th percentile",
		}
		text = words[m] + " " + nameOf(s.Of) + " " + text
	}
	if s.Approximate {
		text = "approximate " + text
	}
	if s.Filter != nil {
		text += " where " + s.Filter.describe()
	}
	return text
}

func perInterval(i, otherwise Interval) string {
	if i == "" {
		i = otherwise
	}
	if i == Total {
		return " in all"
	}
	return " per " + string(i)
}

var opWords = map[Op]string{
	Equal: "is", NotEqual: "is not", In: "is one of", NotIn: "is none of",
	Contains: "contains", NotContains: "does not contain", Matches: "matches",
	Greater: "is over", GreaterOrEqual: "is at least", Less: "is under", LessOrEqual: "is at most",
	IsSet: "is set", IsNotSet: "is not set",
}

func (f *Filter) describe() string {
	list := func(filters []Filter, word string) string {
		texts := make([]string, len(filters))
		for i := range filters {
			texts[i] = filters[i].describe()
		}
		if len(texts) == 1 {
			return texts[0]
		}
		return "(" + clipWords(strings.Join(texts, word)) + ")"
	}
	switch {
	case f.And != nil:
		return list(f.And, " and ")
	case f.Or != nil:
		return list(f.Or, " or ")
	case f.Not != nil:
		return "not " + f.Not.describe()
	case f.Segment != nil:
		return "it was done by persons who " + f.Segment.describe()
	}
	text := nameOf(f.Property) + " " + opWords[f.Op]
	if values, ok := listOf(f.Value); ok {
		texts := make([]string, 0, 4)
		for i, v := range values {
			if i == 3 {
				texts = append(texts, fmt.Sprintf("%d more", len(values)-3))
				break
			}
			texts = append(texts, strconv.Quote(clip(v.text)))
		}
		return text + " " + strings.Join(texts, ", ")
	}
	if f.Value == nil {
		return text
	}
	v, _ := scalarOf(f.Value)
	if _, quoted := f.Value.(string); quoted {
		return text + " " + strconv.Quote(clip(v.text))
	}
	return text + " " + v.text
}

// clipWords keeps a long condition from filling a page.
func clipWords(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func nameOf(text string) string {
	p := parseProperty(text)
	switch p.scope {
	case ofSession:
		return "the session's " + p.name
	case ofPerson:
		return "the person's " + clip(p.name)
	case ofSegment:
		return "segment " + clip(p.name)
	case ofGroup:
		groupType, name := parseGroup(p.name)
		return "the " + clip(groupType) + "'s " + strings.TrimPrefix(clip(name), "$")
	}
	return strings.TrimPrefix(clip(p.name), "$")
}

func describeRange(r Range, cal calendar, from, to time.Time) string {
	zone := " (" + cal.loc.String() + ")"
	if r.Last != "" {
		return lastWords(r.Last) + zone
	}
	from, to = from.In(cal.loc), to.In(cal.loc)
	if from.Equal(cal.floor(Day, from)) && to.Equal(cal.floor(Day, to)) {
		const date = "2 January 2006"
		last := to.Add(-time.Millisecond)
		if from.Format(date) == last.Format(date) {
			return "on " + from.Format(date) + zone
		}
		return from.Format(date) + " to " + last.Format(date) + zone
	}
	const minute = "2 January 2006 15:04"
	return from.Format(minute) + " to " + to.Format(minute) + zone
}
