package querytest

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/footfall-go/footfall/query"
)

// scope returns a scope: a range around the middle of the world, now and then
// with a filter.
func (g *generator) scope() query.Scope {
	s := query.Scope{Range: g.span(), Zone: pick(g, "", "", "", "UTC")}
	if g.chance(g.sparing(3)) {
		s.Filter = g.filter(g.depth(0, 0, 1, 2))
	}
	return s
}

// sparing makes a chance smaller and depth a tree lower for most questions: what
// has much to it takes the engine many times as long to read as what has little,
// and finds no more. Nothing is left out for good.
func (g *generator) sparing(of int) int {
	if g.rich {
		return of
	}
	return 2 * of
}

func (g *generator) depth(of ...int) int {
	if g.rich {
		return pick(g, of...)
	}
	return of[0]
}

func (g *generator) span() query.Range {
	from := g.middle.Add(-time.Duration(g.IntN(20*24)) * time.Hour).In(g.loc)
	to := g.middle.Add(time.Duration(1+g.IntN(20*24)) * time.Hour).In(g.loc)
	r := query.Range{From: from.Format(time.RFC3339Nano), To: to.Format(time.RFC3339Nano)}
	dates := g.chance(2)
	if dates != g.chance(8) { // one end may be a date, the other a time
		r.From = from.Format(time.DateOnly)
	}
	if dates {
		r.To = to.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	return r
}

func (g *generator) filter(depth int) *query.Filter {
	if depth > 0 {
		switch g.IntN(6) {
		case 0:
			return &query.Filter{And: []query.Filter{*g.filter(depth - 1), *g.filter(depth - 1)}}
		case 1:
			return &query.Filter{Or: []query.Filter{*g.filter(depth - 1), *g.filter(depth - 1)}}
		case 2:
			return &query.Filter{Not: g.filter(depth - 1)}
		case 3:
			return &query.Filter{Segment: g.segment(1)}
		}
	}
	f := &query.Filter{Property: g.property()}
	f.Op, f.Value = g.comparison(f.Property)
	return f
}

func (g *generator) property() string {
	if g.chance(2) {
		return pick(g, "event.plan", "event.price", "event.$name")
	}
	if len(g.stored) > 0 && g.chance(g.sparing(6)) {
		return inSegment + pick(g, g.stored...)
	}
	return pick(g, "event.plan", "event.price", "event.when", "event.$name", "event.$type", "event.$path",
		"person.tier", "person.age", "group.company.$id", "group.company.tier", "group.company.age",
		"session.views", "session.duration", "session.entry", "session.exit")
}

var valuesOf = map[string][]any{
	"event.plan": {"free", "pro", "7", 7, 7.5, true, "", 0, json.Number("-0"), "-0"}, "event.price": {0, json.Number("-0.0"), "0", 10, "12.5", -3.5}, "event.$name": {"A", "B", "$page"},
	"event.$type": {"track", "page"}, "event.$path": {"/", "/pricing"}, "event.when": {"soon"},
	"person.tier": {"gold", "silver"}, "person.age": {18, 17.0, "18"}, "group.company.$id": {"acme", "globex", "initech"},
	"group.company.tier": {"gold", "silver"}, "group.company.age": {18, 40.5},
	"session.views": {0, 1, 2}, "session.duration": {0, 3600}, "session.entry": {"/", "/cart", "Home"}, "session.exit": {"/pricing", "Cart"},
}

// inSegment comes before the id of a stored segment.
const inSegment = "segment."

func (g *generator) comparison(property string) (query.Op, any) {
	values := valuesOf[property]
	if strings.HasPrefix(property, inSegment) {
		values = []any{true, "false"}
	}
	value := pick(g, values...)
	switch op := pick(g, query.Equal, query.NotEqual, query.In, query.NotIn, query.Contains, query.NotContains, query.Matches, query.IsSet, query.IsNotSet, query.Greater, query.LessOrEqual); op {
	case query.IsSet, query.IsNotSet:
		return op, nil
	case query.In, query.NotIn:
		return op, []any{value, pick(g, values...)}
	case query.Matches:
		return op, pick(g, "^.$", "[0-7]", "o", "^/", "(?i)PRO")
	case query.Contains, query.NotContains:
		return op, pick[any](g, "o", "7", "", 1)
	case query.Greater, query.LessOrEqual:
		op := pick(g, query.Greater, query.GreaterOrEqual, query.Less, query.LessOrEqual)
		if property == "event.when" {
			return op, pick[any](g, "2024-03-10", "2024-03-10T05:00:00Z", "2023-10-29")
		}
		return op, pick[any](g, 0, 1, 7.25, "18", 3600)
	default:
		return op, value
	}
}

func (g *generator) selector() query.Selector {
	s := query.Selector{Event: pick(g, "*", "A", "A", "B", "C", "$page")}
	if g.chance(g.sparing(4)) {
		s.Filter = g.filter(g.depth(0, 0, 1))
	}
	return s
}

func (g *generator) breakdown() *query.Breakdown {
	if g.chance(2) {
		return nil
	}
	return &query.Breakdown{Property: g.property(), Limit: g.IntN(5)}
}

// questions returns some of each kind, in any order, one in four of which may
// have much to it. What they are is decided when each is asked for: of three the
// first with something to tell.
func (g *generator) questions() []func() query.Query {
	var all []func() query.Query
	add := func(n int, next func() query.Query) {
		for i := range n {
			all = append(all, func() query.Query {
				g.rich = i%4 == 0
				q := next()
				for tries := 2; tries > 0 && !tells(g.answer(q)); tries-- {
					q = next()
				}
				return q
			})
		}
	}
	add(13, func() query.Query { return g.trend() })
	add(7, func() query.Query { return g.funnel() })
	add(4, func() query.Query { return g.retention() })
	add(4, func() query.Query { return g.segmentSize() })
	add(2, func() query.Query {
		return &query.Sessions{Scope: g.scope(), Interval: pick(g, query.Day, query.Week, query.Month, query.Total)}
	})
	add(2, func() query.Query {
		return &query.Events{Scope: g.scope(), Person: pick(g, "", g.who()), Limit: pick(g, 0, 3)}
	})
	add(2, func() query.Query { return &query.Persons{Scope: g.scope(), Limit: pick(g, 0, 1, 3)} })
	add(2, func() query.Query { return g.behindTrend() })
	add(2, func() query.Query { return g.behindFunnel() })
	add(1, func() query.Query { return g.behindRetention() })
	add(1, func() query.Query { return &query.Persons{Of: g.segmentSize()} })
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func (g *generator) trend() *query.Trend {
	q := &query.Trend{Scope: g.scope(), Breakdown: g.breakdown()}
	q.Interval = pick(g, "", query.Hour, query.Day, query.Week, query.Month, query.Total, query.Total)
	for range 1 + g.depth(0, 1) {
		q.Series = append(q.Series, g.series())
	}
	if g.chance(g.sparing(2)) {
		q.Compare = pick(g, query.PreviousPeriod, query.PreviousYear)
	}
	switch g.IntN(4) {
	case 0:
		q.Cumulative = true
	case 1:
		q.Rolling = 2 + g.IntN(6)
	}
	if g.chance(4) {
		q.Formula = pick(g, "A", "-A * 2 + 1", "A / (A - 1)")
		if len(q.Series) > 1 {
			q.Formula = pick(g, "A / B", "b / a", "100 * (A - B) / B", "A - -B * .5")
		}
	}
	return q
}

func (g *generator) series() query.Series {
	s := query.Series{Selector: g.selector()}
	s.Measure = pick(g, query.CountEvents, query.CountPersons, query.CountPersons, query.CountSessions, query.PerPerson,
		query.Sum, query.Avg, query.Min, query.Max, query.Median, query.P90, query.P95, query.P99)
	switch s.Measure {
	case query.CountEvents, query.CountPersons, query.CountSessions, query.PerPerson:
	default:
		s.Of = pick(g, "event.price", "event.price", "event.plan", "person.age", "group.company.age", "session.views", "session.duration")
	}
	return s
}

// behindTrend asks who is behind a number of a trend.
func (g *generator) behindTrend() *query.Persons {
	of := g.trend()
	at := &query.Cell{Series: g.IntN(len(of.Series))}
	if of.Breakdown != nil {
		at.Breakdown = g.value()
	}
	if g.chance(2) {
		at.Bucket = g.bucket(of.Scope, of.Interval)
	}
	g.aim(of, at)
	return &query.Persons{Of: of, At: at, Limit: pick(g, 0, 2)}
}

// aim makes a cell name a number that is not 0, three times of four.
func (g *generator) aim(of query.Query, at *query.Cell) {
	if g.chance(4) {
		return
	}
	switch r := g.answer(of).(type) {
	case *query.TrendResult:
		var cells []query.Cell
		for _, line := range r.Series {
			if at.Bucket == "" && line.Total != nil && *line.Total != 0 {
				cells = append(cells, query.Cell{Breakdown: line.Breakdown})
			}
			for i, v := range line.Values {
				if at.Bucket != "" && v != nil && *v != 0 {
					cells = append(cells, query.Cell{Breakdown: line.Breakdown, Bucket: instant(r.Buckets[i])})
				}
			}
		}
		if len(cells) > 0 {
			cell := pick(g, cells...)
			at.Breakdown, at.Bucket = cell.Breakdown, cell.Bucket
		}
	case *query.FunnelResult:
		if len(r.Groups) > 0 {
			at.Breakdown = pick(g, r.Groups...).Breakdown
		}
	case *query.RetentionResult:
		var cells []query.Cell
		for _, group := range r.Groups {
			for _, c := range group.Cohorts {
				for period, n := range c.Values {
					if n != nil && *n > 0 && !at.Size || at.Size && period == 0 && c.Size > 0 {
						cells = append(cells, query.Cell{Breakdown: group.Breakdown, Cohort: instant(c.From), Period: period, Size: at.Size})
					}
				}
			}
		}
		if len(cells) > 0 {
			*at = pick(g, cells...)
		}
	}
}

// bucket returns the start of one of the buckets of a range.
func (g *generator) bucket(of query.Scope, i query.Interval) string {
	cal := newCalendar(g.loc, g.place.start)
	if of.Zone != "" {
		cal.loc = time.UTC // the only other
	}
	from, to := (&asked{cal: cal}).rangeOf(of.Range, time.Time{})
	starts, _ := cal.buckets(cmp.Or(i, query.Day), from, to)
	return pick(g, starts...).Format(time.RFC3339Nano)
}
