package querytest

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// alike is how many questions of each sort are generated that have to agree.
const alike = 4

// runAgreement asks an engine for the same number in several ways, in generated
// questions about a generated world about which nothing else is known.
func runAgreement(t *testing.T, s *subject) {
	seed := seedOf(t)
	g, err := newGenerator(seed, places[seed%uint64(len(places))], 0)
	require.NoError(t, err)
	p := s.pair(t, tenant.Settings{Zone: g.place.zone, WeekStart: g.place.start}, g.middle.AddDate(1, 0, 0))
	rows := g.world()
	for len(rows) < 60 {
		rows = append(rows, g.event())
	}
	p.load(t, rows...)
	whole := query.Range{From: g.middle.Add(-2 * reach).Format("2006-01-02"), To: g.middle.Add(2 * reach).Format("2006-01-02")}
	t.Run("numbers and the persons behind them", func(t *testing.T) { p.numbersArePersons(t, g, whole) })
	t.Run("a breakdown and the whole", func(t *testing.T) { p.breakdownIsWhole(t, g, whole) })
	t.Run("days and the range", func(t *testing.T) { p.daysAreNotTheRange(t, g, whole) })
	t.Run("orders of a funnel", func(t *testing.T) { p.looserIsMore(t, g, whole) })
	t.Run("pages and the whole", func(t *testing.T) { p.pagesAreTheWhole(t, whole) })
}

func (p *pair) ask(tb testing.TB, q query.Query) any {
	tb.Helper()
	answer, err := p.engine.Run(tb.Context(), p.tenant, q)
	require.NoError(tb, err)
	return answer.Result
}

// numbersArePersons goes from numbers of all kinds to the persons behind them.
func (p *pair) numbersArePersons(tb testing.TB, g *generator, whole query.Range) {
	checked := 0
	check := func(of query.Query, at query.Cell, want float64) {
		if want > 0 && g.chance(4) || checked == 0 {
			p.checkPersons(tb, &query.Persons{Of: of, At: &at, Limit: 1000}, want)
			checked++
		}
	}
	for range alike {
		trend := g.trend()
		trend.Range, trend.Interval, trend.Formula, trend.Rolling = whole, pick(g, query.Week, query.Month, query.Total), "", 0
		for i := range trend.Series {
			trend.Series[i].Measure, trend.Series[i].Of = query.CountPersons, ""
		}
		p.checkTrend(tb, trend, check)

		funnel := g.funnel()
		funnel.Range, funnel.By, funnel.Interval = whole, "person", ""
		for _, group := range p.ask(tb, funnel).(*query.FunnelResult).Groups {
			for i, step := range group.Steps {
				check(funnel, query.Cell{Step: i + 1, Breakdown: group.Breakdown}, float64(step.Count))
				if i > 0 {
					check(funnel, query.Cell{Step: i + 1, Outcome: query.Dropped, Breakdown: group.Breakdown}, float64(step.Dropped))
				}
			}
		}

		retention := g.retention()
		retention.Range, retention.Interval = whole, query.Month
		for _, group := range p.ask(tb, retention).(*query.RetentionResult).Groups {
			for _, c := range group.Cohorts {
				for period, value := range c.Values {
					check(retention, query.Cell{Cohort: instant(c.From), Period: period, Breakdown: group.Breakdown}, float64(*value))
				}
			}
		}

		segment := g.segmentSize()
		check(segment, query.Cell{}, float64(p.ask(tb, segment).(*query.SegmentResult).Count))
	}
	require.Greater(tb, checked, alike)
}

// checkTrend looks behind the points of a trend of persons.
func (p *pair) checkTrend(tb testing.TB, q *query.Trend, check func(query.Query, query.Cell, float64)) {
	tb.Helper()
	names := map[string]int{}
	for i := range q.Series {
		q.Series[i].Name = strconv.Itoa(i) // by which lines are told apart
		names[q.Series[i].Name] = i
	}
	trend := p.ask(tb, q).(*query.TrendResult)
	for _, line := range trend.Series {
		at := query.Cell{Series: names[line.Name], Breakdown: line.Breakdown}
		check(q, at, *line.Total)
		for i := range trend.Buckets {
			at.Bucket = instant(trend.Buckets[i])
			check(q, at, *line.Values[i])
		}
	}
}

func instant(t time.Time) string { return t.Format(time.RFC3339Nano) }

// checkPersons counts the persons behind a number as JSON says, as it lists them
// and as rows of CSV.
func (p *pair) checkPersons(tb testing.TB, q *query.Persons, want float64) {
	tb.Helper()
	persons := p.ask(tb, q).(*query.PersonsResult)
	require.Equal(tb, want, float64(persons.Total))
	seen := map[string]bool{}
	for _, person := range persons.Persons {
		seen[person.ID] = true
	}
	require.Len(tb, seen, int(want))
	table := p.csv(tb, q)
	require.Len(tb, table, 1+int(want))
	for _, row := range table[1:] {
		require.True(tb, seen[row[0]], row[0])
	}
}

// csv asks over HTTP.
func (p *pair) csv(tb testing.TB, q query.Query) [][]string {
	tb.Helper()
	allow := func(*http.Request, string, tenant.Access) (*tenant.Tenant, error) { return p.tenant, nil }
	handler, err := query.New(query.Config{Conn: p.subject.conn, Segments: p.subject.store, Now: func() time.Time { return p.now }, Auth: tenant.AuthenticatorFunc(allow)})
	require.NoError(tb, err)
	body, err := json.Marshal(q)
	require.NoError(tb, err)
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/api/v1/query", strings.NewReader(string(body)))
	r.Header.Set("Accept", "text/csv")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(tb, http.StatusOK, w.Code, w.Body.String())
	table, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(tb, err)
	return table
}

// breakdownIsWhole adds up lines of what can be added up: of one event there is
// one value, and a unit is in one group of a funnel.
func (p *pair) breakdownIsWhole(tb testing.TB, g *generator, whole query.Range) {
	for range alike {
		scope := query.Scope{Range: whole, Filter: g.filter(1)}
		series := query.Series{Selector: g.selector()}
		if g.chance(2) {
			series.Measure, series.Of = query.Sum, pick(g, "event.price", "person.age", "session.views")
		}
		trend := &query.Trend{Scope: scope, Interval: query.Month, Series: []query.Series{series}}
		want := p.ask(tb, trend).(*query.TrendResult)
		p.checkTable(tb, trend, want)
		by := *trend
		by.Breakdown = &query.Breakdown{Property: g.property(), Limit: 1 + g.IntN(3)}
		total, values := 0.0, make([]float64, len(want.Buckets))
		for _, line := range p.ask(tb, &by).(*query.TrendResult).Series {
			total += *line.Total
			for b, v := range line.Values {
				values[b] += *v
			}
		}
		require.InDelta(tb, *want.Series[0].Total, total, 1e-6, "%+v", by)
		for b, v := range values {
			require.InDelta(tb, *want.Series[0].Values[b], v, 1e-6, "%+v", by)
		}

		funnel := &query.Funnel{Scope: scope, Steps: []query.Selector{g.step(), g.step()}}
		all := p.ask(tb, funnel).(*query.FunnelResult).Groups[0].Steps
		funnel.Breakdown = &query.FunnelBreakdown{Breakdown: *by.Breakdown, Attribution: pick(g, query.FirstTouch, query.LastTouch)}
		counts := make([]uint64, 2)
		for _, group := range p.ask(tb, funnel).(*query.FunnelResult).Groups {
			for i, step := range group.Steps {
				counts[i] += step.Count
			}
		}
		require.Equal(tb, []uint64{all[0].Count, all[1].Count}, counts, "%+v", funnel)

		retention := &query.Retention{Scope: scope, Interval: query.Month, Periods: 2, Start: g.selector(), Return: g.selector(), Cohort: pick(g, query.FirstEver, query.FirstInRange, query.Recurring)}
		size := func() (n uint64) {
			for _, group := range p.ask(tb, retention).(*query.RetentionResult).Groups {
				for _, c := range group.Cohorts {
					n += c.Size + *c.Values[0] + *c.Values[1] + *c.Values[2]
				}
			}
			return n
		}
		one := size()
		retention.Breakdown = by.Breakdown
		require.Equal(tb, one, size(), "%+v", retention)
	}
}

// checkTable reads the points of a trend from CSV.
func (p *pair) checkTable(tb testing.TB, q *query.Trend, want *query.TrendResult) {
	tb.Helper()
	table := p.csv(tb, q)
	require.Len(tb, table, 1+len(want.Buckets))
	for i, row := range table[1:] {
		f, err := strconv.ParseFloat(row[3], 64)
		require.NoError(tb, err)
		require.InDelta(tb, *want.Series[0].Values[i], f, 1e-9)
	}
}

// daysAreNotTheRange compares persons of a range with those of its days.
func (p *pair) daysAreNotTheRange(tb testing.TB, g *generator, whole query.Range) {
	for range alike {
		q := &query.Trend{
			Scope:  query.Scope{Range: whole, Filter: g.filter(1)},
			Series: []query.Series{{Selector: query.Selector{Event: "*"}, Measure: query.CountPersons}},
		}
		line := p.ask(tb, q).(*query.TrendResult).Series[0]
		sum, most := 0.0, 0.0
		for _, v := range line.Values {
			sum += *v
			most = math.Max(most, *v)
		}
		require.LessOrEqual(tb, *line.Total, sum)
		require.GreaterOrEqual(tb, *line.Total, most)
		q.Interval = query.Total
		require.Equal(tb, *line.Total, *p.ask(tb, q).(*query.TrendResult).Series[0].Total, "the range is the same in days and in all")
		q.Interval, q.Cumulative = query.Day, true
		values := p.ask(tb, q).(*query.TrendResult).Series[0].Values
		require.Equal(tb, *line.Total, *values[len(values)-1], "and the end of what adds up")
		did := q.Scope
		did.Filter = &query.Filter{And: []query.Filter{*q.Filter, {Property: "event.$type", Op: query.In, Value: []any{"track", "page", "screen"}}}}
		persons := p.ask(tb, &query.Persons{Scope: did}).(*query.PersonsResult)
		require.Equal(tb, *line.Total, float64(persons.Total), "and all persons who did something")
		all := p.ask(tb, &query.Persons{Scope: q.Scope}).(*query.PersonsResult)
		require.GreaterOrEqual(tb, all.Total, persons.Total, "among all who were seen")
		one := &query.Funnel{Scope: q.Scope, Steps: []query.Selector{{Event: "*"}}}
		require.Equal(tb, *line.Total, float64(p.ask(tb, one).(*query.FunnelResult).Groups[0].Steps[0].Count), "and a way of one step")
	}
}

// looserIsMore has funnels of which the one lets through what the other does.
func (p *pair) looserIsMore(tb testing.TB, g *generator, whole query.Range) {
	for range alike {
		q := g.funnel()
		q.Range, q.Interval, q.Exclude, q.Exclusion, q.Breakdown = whole, "", nil, "", nil
		counts := func(order query.Order) []query.FunnelStep {
			q.Order = order
			return p.ask(tb, q).(*query.FunnelResult).Groups[0].Steps
		}
		looser, ordered, strict := counts(query.AnyOrder), counts(query.InOrder), counts(query.Strict)
		for i := range strict {
			require.GreaterOrEqual(tb, looser[i].Count, ordered[i].Count, "step %d of %+v", i+1, q)
			require.GreaterOrEqual(tb, ordered[i].Count, strict[i].Count, "step %d of %+v", i+1, q)
		}
		require.Equal(tb, ordered[0].Count, strict[0].Count)
	}
}

// pagesAreTheWhole goes through small pages, of JSON and of CSV.
func (p *pair) pagesAreTheWhole(tb testing.TB, whole query.Range) {
	events := p.ask(tb, &query.Events{Scope: query.Scope{Range: whole}, Limit: 1000}).(*query.EventsResult)
	require.Nil(tb, events.Next)
	pages := p.pages(tb, &query.Events{Scope: query.Scope{Range: whole}, Limit: 7}).(*query.EventsResult)
	require.Empty(tb, difference(events, pages))
	persons := p.ask(tb, &query.Persons{Scope: query.Scope{Range: whole}, Limit: 1000}).(*query.PersonsResult)
	require.Nil(tb, persons.Next)
	require.Empty(tb, difference(persons, p.pages(tb, &query.Persons{Scope: query.Scope{Range: whole}, Limit: 2})))
	require.Len(tb, p.csv(tb, &query.Events{Scope: query.Scope{Range: whole}, Limit: 1000}), 1+len(events.Events))
}
