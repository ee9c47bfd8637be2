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

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// runAgreement asks an engine for the same number in several ways, of a world
// about which nothing else is known.
func runAgreement(t *testing.T, s *subject) {
	seed := seedOf(t)
	g, err := newGenerator(seed, places[0], 100)
	require.NoError(t, err)
	p := s.pair(t, tenant.Settings{Zone: places[0].zone, WeekStart: places[0].start}, g.middle.AddDate(1, 0, 0))
	rows := g.world()
	for len(rows) < 60 {
		rows = append(rows, g.event())
	}
	p.load(t, rows...)
	whole := query.Range{From: g.middle.Add(-2 * reach).Format("2006-01-02"), To: g.middle.Add(2 * reach).Format("2006-01-02")}
	t.Run("a point, the persons behind it and their CSV", func(t *testing.T) { p.pointIsPersons(t, whole) })
	t.Run("a breakdown and the whole", func(t *testing.T) { p.breakdownIsWhole(t, whole) })
	t.Run("days and the range", func(t *testing.T) { p.daysAreNotTheRange(t, whole) })
	t.Run("orders of a funnel", func(t *testing.T) { p.looserIsMore(t, whole) })
}

func (p *pair) ask(tb testing.TB, q query.Query) any {
	tb.Helper()
	answer, err := p.engine.Run(tb.Context(), p.tenant, q)
	require.NoError(tb, err)
	return answer.Result
}

// pointIsPersons goes from the points of a chart to the persons behind them.
func (p *pair) pointIsPersons(tb testing.TB, whole query.Range) {
	q := &query.Trend{
		Scope: query.Scope{Range: whole}, Interval: query.Week, Breakdown: &query.Breakdown{Property: "event.plan", Limit: 2},
		Series: []query.Series{{Selector: query.Selector{Event: "*"}, Measure: query.CountPersons}},
	}
	trend := p.ask(tb, q).(*query.TrendResult)
	checked := 0
	for _, line := range trend.Series {
		for i := range trend.Buckets {
			if *line.Values[i] == 0 {
				continue
			}
			at := &query.Cell{Bucket: trend.Buckets[i].Format("2006-01-02T15:04:05Z07:00"), Breakdown: line.Breakdown}
			p.checkPersons(tb, &query.Persons{Of: q, At: at, Limit: 1000}, *line.Values[i])
			checked++
		}
		p.checkPersons(tb, &query.Persons{Of: q, At: &query.Cell{Breakdown: line.Breakdown}, Limit: 1000}, *line.Total)
	}
	require.NotZero(tb, checked)

	funnel := &query.Funnel{Scope: query.Scope{Range: whole}, Steps: []query.Selector{{Event: "*"}, {Event: "A"}, {Event: "B"}}}
	steps := p.ask(tb, funnel).(*query.FunnelResult).Groups[0].Steps
	for i, step := range steps {
		p.checkPersons(tb, &query.Persons{Of: funnel, At: &query.Cell{Step: i + 1}, Limit: 1000}, float64(step.Count))
		if i > 0 {
			p.checkPersons(tb, &query.Persons{Of: funnel, At: &query.Cell{Step: i + 1, Outcome: query.Dropped}, Limit: 1000}, float64(step.Dropped))
		}
	}
}

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
	handler, err := query.New(query.Config{Conn: p.subject.conn, Auth: tenant.AuthenticatorFunc(allow)})
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

// breakdownIsWhole adds up lines of what can be added up.
func (p *pair) breakdownIsWhole(tb testing.TB, whole query.Range) {
	series := []query.Series{{Selector: query.Selector{Event: "*"}}, {Selector: query.Selector{Event: "*"}, Measure: query.Sum, Of: "event.price"}}
	q := &query.Trend{Scope: query.Scope{Range: whole}, Interval: query.Month, Series: series}
	want := p.ask(tb, q).(*query.TrendResult)
	for _, property := range []string{"event.plan", "event.$name", "person.tier", "group.company.$id", "session.views"} {
		by := *q
		by.Breakdown = &query.Breakdown{Property: property, Limit: 2}
		for i := range series {
			by.Series = series[i : i+1]
			total, values := 0.0, make([]float64, len(want.Buckets))
			for _, line := range p.ask(tb, &by).(*query.TrendResult).Series {
				total += *line.Total
				for b, v := range line.Values {
					values[b] += *v
				}
			}
			require.InDelta(tb, *want.Series[i].Total, total, 1e-9, property)
			for b, v := range values {
				require.InDelta(tb, *want.Series[i].Values[b], v, 1e-9, property)
			}
		}
		// A unit is in one group of a funnel.
		funnel := &query.Funnel{Scope: q.Scope, Steps: []query.Selector{{Event: "*"}, {Event: "A"}}}
		all := p.ask(tb, funnel).(*query.FunnelResult).Groups[0].Steps
		funnel.Breakdown = &query.FunnelBreakdown{Breakdown: *by.Breakdown}
		counts := make([]uint64, 2)
		for _, group := range p.ask(tb, funnel).(*query.FunnelResult).Groups {
			for i, step := range group.Steps {
				counts[i] += step.Count
			}
		}
		require.Equal(tb, []uint64{all[0].Count, all[1].Count}, counts, property)
	}
	table := p.csv(tb, q)
	sum := 0.0
	for _, row := range table[1:] {
		f, err := strconv.ParseFloat(row[3], 64)
		require.NoError(tb, err)
		sum += f
	}
	require.InDelta(tb, *want.Series[0].Total+*want.Series[1].Total, sum, 1e-9, "the rows of CSV")
}

// daysAreNotTheRange compares persons of a range with those of its days.
func (p *pair) daysAreNotTheRange(tb testing.TB, whole query.Range) {
	q := &query.Trend{Scope: query.Scope{Range: whole}, Series: []query.Series{{Selector: query.Selector{Event: "*"}, Measure: query.CountPersons}}}
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
	persons := p.ask(tb, &query.Persons{Scope: query.Scope{Range: whole}}).(*query.PersonsResult)
	require.Equal(tb, *line.Total, float64(persons.Total), "and all persons")
}

// looserIsMore has funnels of which the one lets through what the other does.
func (p *pair) looserIsMore(tb testing.TB, whole query.Range) {
	counts := func(order query.Order) []query.FunnelStep {
		q := &query.Funnel{Scope: query.Scope{Range: whole}, Order: order, Steps: []query.Selector{{Event: "A"}, {Event: "B"}, {Event: "*"}}}
		return p.ask(tb, q).(*query.FunnelResult).Groups[0].Steps
	}
	looser, ordered, strict := counts(query.AnyOrder), counts(query.InOrder), counts(query.Strict)
	for i := range strict {
		require.GreaterOrEqual(tb, looser[i].Count, ordered[i].Count, "step %d", i+1)
		require.GreaterOrEqual(tb, ordered[i].Count, strict[i].Count, "step %d", i+1)
	}
	require.Equal(tb, ordered[0].Count, strict[0].Count)
}
