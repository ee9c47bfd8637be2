package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// goldenFunnel is a published case of another product's test suite.
type goldenFunnel struct {
	ID, Kind string
	Persons  []struct {
		IDs []string `json:"distinct_ids"`
	}
	Events []struct {
		ID         string `json:"distinct_id"`
		Event      string
		Timestamp  time.Time
		Properties json.RawMessage
	}
	Query struct {
		Order      string
		Window     *int64    `json:"window_seconds"`
		From       time.Time `json:"date_from"`
		To         time.Time `json:"date_to"`
		Steps      []goldenStep
		Filters    []goldenFilter
		Exclusions []struct {
			goldenStep
			From int `json:"from_step"`
			To   int `json:"to_step"`
		}
	}
	Expected struct {
		Counts   []*uint64
		Persons  [][]string
		Average  []*float64 `json:"avg_conversion_seconds"`
		Median   []*float64 `json:"median_conversion_seconds"`
		Previous []*float64 `json:"rate_of_previous_step"`
	}
}

type goldenStep struct {
	Event, Name string
	Filters     []goldenFilter
}

type goldenFilter struct {
	Key, Op, On string
	Value       any
}

func (f goldenFilter) filter(tb testing.TB) query.Filter {
	tb.Helper()
	require.Equal(tb, "event", f.On)
	_, many := f.Value.([]any)
	op := map[string]query.Op{"exact": query.Equal, "is_not": query.NotEqual}[f.Op]
	if many {
		op = map[string]query.Op{"exact": query.In, "is_not": query.NotIn}[f.Op]
	}
	require.NotEmpty(tb, op, f.Op)
	return query.Filter{Property: "event." + f.Key, Op: op, Value: f.Value}
}

func goldenFilters(tb testing.TB, list []goldenFilter) *query.Filter {
	tb.Helper()
	if len(list) == 0 {
		return nil
	}
	all := &query.Filter{}
	for _, f := range list {
		all.And = append(all.And, f.filter(tb))
	}
	return all
}

func (c *goldenFunnel) question(tb testing.TB) *query.Funnel {
	tb.Helper()
	selector := func(s goldenStep) query.Selector {
		return query.Selector{Event: s.Event, Name: s.Name, Filter: goldenFilters(tb, s.Filters)}
	}
	q := &query.Funnel{Order: query.Order(c.Query.Order), Window: "none", Exclusion: query.DropsPerson}
	q.Range, q.Filter = query.Range{From: "2000-01-01", To: "2100-01-01"}, goldenFilters(tb, c.Query.Filters)
	if !c.Query.From.IsZero() {
		// Its last moment is in theirs.
		q.Range = query.Range{From: c.Query.From.Format(time.RFC3339), To: c.Query.To.Add(time.Second).Format(time.RFC3339)}
		q.Reach = query.WithinRange
	}
	if c.Query.Window != nil {
		q.Window = fmt.Sprintf("%ds", *c.Query.Window)
	}
	for _, step := range c.Query.Steps {
		q.Steps = append(q.Steps, selector(step))
	}
	for _, e := range c.Query.Exclusions {
		q.Exclude = append(q.Exclude, query.Exclusion{Selector: selector(e.goldenStep), After: e.From + 1, Before: e.To + 1})
	}
	return q
}

// TestGoldenFunnels runs the funnels of published suites. A person with several
// ids is a user that all of them are linked to.
func TestGoldenFunnels(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("FOOTFALL_TEST_DATA")
	if folder == "" {
		testenv.Missing(t, "FOOTFALL_TEST_DATA names no folder with golden-cases.json")
	}
	b, err := os.ReadFile(filepath.Join(folder, "golden-cases.json"))
	require.NoError(t, err)
	var file struct{ Cases []json.RawMessage }
	require.NoError(t, json.Unmarshal(b, &file))
	all := setup(t)
	ran := 0
	for i, text := range file.Cases {
		var kind struct{ Kind string }
		require.NoError(t, json.Unmarshal(text, &kind))
		if kind.Kind != "funnel" {
			continue
		}
		var c goldenFunnel
		require.NoError(t, json.Unmarshal(text, &c))
		c.play(t, all.of(t, newTenant(t, fmt.Sprintf("golden%d", i), tenant.Settings{})))
		ran++
	}
	require.GreaterOrEqual(t, ran, 25)
}

func (c *goldenFunnel) play(tb testing.TB, w *world) {
	tb.Helper()
	var events []ev
	for _, e := range c.Events {
		of := ev{at: e.Timestamp.Format(time.RFC3339Nano), name: e.Event, visitor: e.ID, props: string(e.Properties)}
		events = append(events, of)
	}
	w.write(events...)
	first := map[string]string{} // by user
	for i, person := range c.Persons {
		if len(person.IDs) == 1 {
			first["visitor:"+person.IDs[0]] = person.IDs[0]
			continue
		}
		user := fmt.Sprintf("person%d", i)
		first["user:"+user] = person.IDs[0]
		for _, id := range person.IDs {
			w.edge(footfall.LinkUser, "visitor:"+id, user)
		}
	}
	q := c.question(tb)
	group := w.run(q).Result.(*query.FunnelResult).Groups[0]
	require.Len(tb, group.Steps, len(c.Expected.Counts), c.ID)
	for i, step := range group.Steps {
		if want := c.Expected.Counts[i]; want != nil {
			require.Equal(tb, *want, step.Count, "%s, step %d", c.ID, i+1)
		}
		if c.Expected.Average != nil {
			requireNumber(tb, c.Expected.Average[i], step.Seconds.Mean, c.ID)
			requireNumber(tb, c.Expected.Median[i], step.Seconds.Median, c.ID)
		}
		// They call it 0 where there is nobody, and the rate of the first step that of all paths.
		if c.Expected.Previous != nil && i > 0 && group.Steps[i-1].Count > 0 {
			require.InDelta(tb, *c.Expected.Previous[i], *step.FromPrevious, 1e-4, c.ID)
		}
		if c.Expected.Persons == nil {
			continue
		}
		behind := w.run(&query.Persons{Of: q, At: &query.Cell{Step: i + 1}}).Result.(*query.PersonsResult)
		require.Equal(tb, step.Count, behind.Total, c.ID)
		got := []string{}
		for _, person := range behind.Persons {
			got = append(got, first[person.ID])
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(c.Expected.Persons[i]))
		require.Equal(tb, want, got, "%s, step %d", c.ID, i+1)
	}
}
