package querytest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// oracle answers about a few rows on a day in March.
func oracle(tb testing.TB, q query.Query, rows ...string) any {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	shop := &tenant.Tenant{ID: id, Settings: tenant.Settings{}.WithDefaults()}
	w := &World{}
	for _, line := range rows {
		row, err := parseRow(line)
		require.NoError(tb, err)
		w.Load(shop, row)
	}
	answer, err := w.Answer(shop, q, time.Date(2024, 3, 5, 12, 0, 0, 0, time.UTC))
	require.NoError(tb, err)
	return answer.Result
}

func TestRetention(t *testing.T) {
	t.Parallel()
	rows := []string{
		"track 2024-03-01T23:00:00Z A visitor=a", "track 2024-03-02T01:00:00Z A visitor=a", "track 2024-03-04T10:00:00Z A visitor=a",
		"track 2024-03-02T10:00:00Z A visitor=b", "track 2024-03-03T09:00:00Z A visitor=b",
		"track 2024-02-20T10:00:00Z A visitor=c", "track 2024-03-02T10:00:00Z A visitor=c",
	}
	ask := func(change func(*query.Retention)) string {
		q := &query.Retention{Periods: 2, Start: query.Selector{Event: "A"}, Return: query.Selector{Event: "A"}}
		q.Range = query.Range{From: "2024-03-01", To: "2024-03-05"}
		change(q)
		return text(Rows(oracle(t, q, rows...)))
	}
	require.Equal(t, `
2024-03-01T00:00:00Z 1 : 1 1 0 complete 3
2024-03-02T00:00:00Z 1 : 1 1 0 complete 3
2024-03-03T00:00:00Z 0 : 0 0 0 complete 2
2024-03-04T00:00:00Z 0 : 0 0 - complete 1
mean 1 1 0
`, ask(func(*query.Retention) {}), "c was there before")
	require.Equal(t, `
2024-03-01T00:00:00Z 1 : 1 1 0 complete 3
2024-03-02T00:00:00Z 2 : 2 1 0 complete 3
2024-03-03T00:00:00Z 0 : 0 0 0 complete 2
2024-03-04T00:00:00Z 0 : 0 0 - complete 1
mean 1 0.6666666667 0
`, ask(func(q *query.Retention) { q.Cohort = query.FirstInRange }))
	require.Equal(t, `
2024-03-01T00:00:00Z 1 : 1 1 0 complete 3
2024-03-02T00:00:00Z 3 : 3 1 1 complete 3
2024-03-03T00:00:00Z 1 : 1 0 0 complete 2
2024-03-04T00:00:00Z 1 : 1 0 - complete 1
mean 1 0.4 0.25
`, ask(func(q *query.Retention) { q.Cohort = query.Recurring }))
	require.Equal(t, `
2024-03-01T00:00:00Z 1 : 1 1 1 complete 3
2024-03-02T00:00:00Z 1 : 1 1 0 complete 3
2024-03-03T00:00:00Z 0 : 0 0 0 complete 2
2024-03-04T00:00:00Z 0 : 0 0 - complete 1
mean 1 1 0.5
`, ask(func(q *query.Retention) { q.Count = query.OnOrAfterward }))
	require.Equal(t, `
2024-03-01T00:00:00Z 1 : 1 0 1 complete 3
2024-03-02T00:00:00Z 1 : 1 0 0 complete 2
2024-03-03T00:00:00Z 0 : 0 0 0 complete 1
2024-03-04T00:00:00Z 0 : 0 0 - complete 0
mean 1 0 1
`, ask(func(q *query.Retention) { q.Buckets = query.RollingBuckets }), "24 hours from the first")
}

func TestSegments(t *testing.T) {
	t.Parallel()
	rows := []string{
		"track 2024-03-01T10:00:00Z Cart visitor=a", "track 2024-03-01T12:00:00Z Buy visitor=a",
		"track 2024-03-01T10:00:00Z Cart visitor=b", "track 2024-03-03T10:00:00Z Buy visitor=b",
		"track 2024-03-05T11:00:00Z Cart visitor=c",
		"identify 2024-03-05T11:00:00Z visitor=d",
		`trait visitor:d 2024-03-05T11:00:00Z plan "pro"`,
	}
	did, buy := &query.Selector{Event: "Cart"}, &query.Selector{Event: "Buy"}
	for name, test := range map[string]struct {
		segment query.Segment
		want    uint64
	}{
		"did":                              {query.Segment{Did: did}, 3},
		"did not, which is all others":     {query.Segment{Did: did, Times: &query.Times{Exactly: new(0)}}, 1},
		"at most":                          {query.Segment{Did: buy, Times: &query.Times{AtMost: new(0)}}, 2},
		"within":                           {query.Segment{Did: did, Within: &query.Range{Last: "1d"}}, 1},
		"then, the end of the time too":    {query.Segment{Did: did, Then: buy, In: "2h"}, 1},
		"then, later":                      {query.Segment{Did: did, Then: buy, In: "48h"}, 2},
		"not then, where the time is over": {query.Segment{Did: did, NotThen: buy, In: "24h"}, 1},
		"first seen":                       {query.Segment{FirstSeen: &query.Range{From: "2024-03-05", To: "2024-03-06"}}, 2},
		"a trait":                          {query.Segment{Property: "person.plan", Op: query.Equal, Value: "pro"}, 1},
		"not":                              {query.Segment{Not: &query.Segment{Property: "person.plan", Op: query.IsSet}}, 3},
		"and":                              {query.Segment{And: []query.Segment{{Did: did}, {Did: buy}}}, 2},
		"or":                               {query.Segment{Or: []query.Segment{{Did: did}, {Property: "person.plan", Op: query.IsSet}}}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, &query.SegmentResult{Count: test.want}, oracle(t, &query.SegmentSize{Segment: test.segment}, rows...))
		})
	}
}
