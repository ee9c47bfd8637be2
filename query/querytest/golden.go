package querytest

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// golden is a case of somebody else's test suite. What it expects is null where
// that suite does not say.
type golden struct {
	ID, Kind string
	Persons  []struct {
		IDs []string `json:"distinct_ids"`
	}
	Events   []goldenEvent
	Query    goldenQuery
	Expected struct {
		Counts        []*int
		Persons       [][]string
		Mean          []*float64 `json:"avg_conversion_seconds"`
		Median        []*float64 `json:"median_conversion_seconds"`
		FromPrevious  []*float64 `json:"rate_of_previous_step"`
		FirstInterval time.Time  `json:"first_interval"`
		Matrix        [][]uint64
		Rows          map[string][]uint64
		LevelByPerson map[string]int `json:"level_by_person"`
	}
}

type goldenEvent struct {
	ID         json.RawMessage `json:"distinct_id"`
	Event      json.RawMessage
	Time       string          `json:"timestamp"`
	T          int64           // seconds, of cases without timestamps
	Properties json.RawMessage `json:"properties"`
}

type goldenQuery struct {
	Order, Period, Mode, Criteria string
	Window                        *int64 // seconds, of cases without timestamps
	WindowSeconds                 *int64 `json:"window_seconds"`
	From                          string `json:"date_from"`
	To                            string `json:"date_to"`
	Steps                         []goldenStep
	Filters                       []goldenFilter
	Exclusions                    []struct {
		Event string
		From  int `json:"from_step"`
		To    int `json:"to_step"`
	}
	Intervals         int        `json:"total_intervals"`
	Target, Returning goldenStep // of a retention
}

type goldenStep struct {
	Event   string
	Name    string
	Value   json.RawMessage // of cases without names
	Filters []goldenFilter
}

type goldenFilter struct {
	Key, Op, On string
	Value       any
}

func plain(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

// rows returns the world of a case: each id is a visitor, and those of a person
// with several are linked to a user.
func (c *golden) rows(tb testing.TB) []Row {
	tb.Helper()
	var rows []Row
	for _, p := range c.Persons {
		for _, id := range p.IDs {
			if len(p.IDs) > 1 {
				rows = append(rows, Row{Kind: "link", Of: "visitor:" + id, To: p.IDs[0]})
			}
		}
	}
	for _, e := range c.Events {
		at := time.Unix(1_700_000_000+e.T, 0).UTC()
		if e.Time != "" {
			var err error
			at, err = time.Parse(time.RFC3339Nano, e.Time)
			require.NoError(tb, err)
		}
		r := Row{Kind: "track", At: at, Name: plain(e.Event), Visitor: plain(e.ID), Properties: string(e.Properties)}
		rows = append(rows, r)
	}
	return rows
}

func filterOf(list []goldenFilter) *query.Filter {
	if len(list) == 0 {
		return nil
	}
	ops := map[string]query.Op{"exact": query.Equal, "is_not": query.NotEqual, "is_set": query.IsSet}
	and := &query.Filter{}
	for _, f := range list {
		part := query.Filter{Property: f.On + "." + f.Key, Op: ops[f.Op], Value: f.Value}
		if _, ok := f.Value.([]any); ok {
			part.Op = query.In
		}
		and.And = append(and.And, part)
	}
	return and
}

func (s *goldenStep) selector() query.Selector {
	return query.Selector{Event: s.Event + plain(s.Value), Name: s.Name, Filter: filterOf(s.Filters)}
}

// funnel is the question of a case, in PostHog's reading of what it leaves open.
func (c *golden) funnel() *query.Funnel {
	q := &query.Funnel{Order: map[string]query.Order{"ordered": query.InOrder, "strict": query.Strict}[c.Query.Order], Window: "none", Exclusion: query.DropsPerson}
	q.Range = query.Range{From: c.Query.From, To: c.Query.To}
	if c.Query.From == "" {
		q.Range = query.Range{From: "1970-01-02", To: "2200-01-01"}
	}
	for _, seconds := range []*int64{c.Query.WindowSeconds, c.Query.Window} {
		if seconds != nil {
			q.Window = fmt.Sprint(*seconds, "s")
		}
	}
	for _, s := range c.Query.Steps {
		q.Steps = append(q.Steps, s.selector())
	}
	for _, x := range c.Query.Exclusions {
		q.Exclude = append(q.Exclude, query.Exclusion{Selector: query.Selector{Event: x.Event}, After: x.From + 1, Before: x.To + 1})
	}
	q.Filter = filterOf(c.Query.Filters)
	return q
}

func (c *golden) retention() *query.Retention {
	q := &query.Retention{
		Interval: query.Interval(c.Query.Period), Cohort: query.Cohort(c.Query.Mode), Count: query.Count(c.Query.Criteria),
		Start: c.Query.Target.selector(), Return: c.Query.Returning.selector(),
	}
	q.Filter = filterOf(c.Query.Filters)
	q.Range = query.Range{From: c.Query.From, To: c.Query.To}
	if n := c.Query.Intervals; n > 0 {
		first := c.Expected.FirstInterval
		q.Range = query.Range{From: first.Format(time.DateOnly), To: first.AddDate(0, 0, n).Format(time.DateOnly)}
		q.Periods = n - 1
	}
	for _, values := range c.Expected.Rows {
		q.Periods = max(q.Periods, len(values)-1)
	}
	return q
}

// runGolden asks what the cases ask.
func runGolden(t *testing.T, s *subject) {
	text, err := os.ReadFile(testenv.Data(t, "golden-cases.json"))
	require.NoError(t, err)
	var file struct{ Cases []*golden }
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			p := s.pair(t, tenant.Settings{}, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
			p.load(t, c.rows(t)...)
			switch c.Kind {
			case "funnel", "funnel_levels":
				c.checkFunnel(t, p)
			case "retention":
				c.checkRetention(t, p)
			case "sessions":
				t.Skip("which events make a session is the processor's to say")
			default:
				t.Fatalf("a case of kind %q", c.Kind)
			}
		})
	}
}

func (c *golden) checkFunnel(tb testing.TB, p *pair) {
	tb.Helper()
	q := c.funnel()
	for _, result := range p.results(tb, q) {
		steps := result.(*query.FunnelResult).Groups[0].Steps
		for _, level := range c.Expected.LevelByPerson {
			for i := range steps {
				want := uint64(0)
				if i < level {
					want = 1
				}
				require.Equal(tb, want, steps[i].Count, "step %d", i+1)
			}
		}
		check := func(want []*float64, got func(i int) *float64) {
			for i, f := range want {
				if f != nil {
					require.NotNil(tb, got(i), "step %d", i+1)
					require.InDelta(tb, *f, *got(i), 1e-4, "step %d", i+1)
				}
			}
		}
		for i, n := range c.Expected.Counts {
			if n != nil {
				require.Equal(tb, uint64(*n), steps[i].Count, "step %d", i+1)
			}
		}
		check(c.Expected.Mean, func(i int) *float64 { return steps[i].Seconds.Mean })
		check(c.Expected.Median, func(i int) *float64 { return steps[i].Seconds.Median })
		for i, rate := range c.Expected.FromPrevious {
			// The first is of paths, which we have not; that of nobody is none.
			if i > 0 && rate != nil && steps[i-1].Count > 0 {
				require.InDelta(tb, *rate, *steps[i].FromPrevious, 1e-4, "step %d", i+1)
			}
		}
	}
	for i, want := range c.Expected.Persons {
		of := &query.Persons{Of: q, At: &query.Cell{Step: i + 1}}
		for _, result := range p.results(tb, of) {
			var got []string
			for _, person := range result.(*query.PersonsResult).Persons {
				_, id, _ := strings.Cut(person.ID, ":")
				got = append(got, id)
			}
			slices.Sort(got)
			slices.Sort(want)
			require.Equal(tb, want, got, "step %d", i+1)
		}
	}
}

func (c *golden) checkRetention(tb testing.TB, p *pair) {
	tb.Helper()
	for _, result := range p.results(tb, c.retention()) {
		rows := result.(*query.RetentionResult).Groups[0].Cohorts
		for i, row := range rows {
			want := c.Expected.Rows[row.From.Format(time.DateOnly)]
			if c.Expected.Matrix != nil {
				want = c.Expected.Matrix[i]
			}
			for j, n := range want {
				require.NotNil(tb, row.Values[j])
				require.Equal(tb, n, *row.Values[j], "cohort %s, period %d", row.From, j)
			}
			if len(want) == 0 {
				require.Zero(tb, row.Size)
			}
		}
	}
}

// results returns what the oracle and the engine answer.
func (p *pair) results(tb testing.TB, q query.Query) []any {
	tb.Helper()
	want, err := p.world.Answer(p.tenant, q, p.now)
	require.NoError(tb, err)
	got, err := p.engine.Run(tb.Context(), p.tenant, q)
	require.NoError(tb, err)
	require.Empty(tb, difference(want.Result, got.Result))
	return []any{want.Result, got.Result}
}
