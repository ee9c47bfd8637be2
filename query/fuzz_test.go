package query

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// FuzzParse holds that nothing panics, that an error names its mistakes, that
// every question accepted compiles to sound statements, and that its JSON is
// the same question.
func FuzzParse(f *testing.F) {
	for _, text := range corpus {
		f.Add([]byte(text))
	}
	for _, text := range invalid {
		f.Add([]byte(text.question))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := Parse(data)
		if err != nil {
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Problems)
			require.LessOrEqual(t, len(invalid.Problems), maxProblems)
			return
		}
		p := planFor(t, q, people{links: true})
		if trend, ok := q.(*Trend); ok {
			trend.Interval = Total // the others may have more buckets than allowed
		}
		if sessions, ok := q.(*Sessions); ok {
			sessions.Interval = Total
		}
		for _, s := range statements(t, q, p) {
			require.NotEmpty(t, s.SQL)
			for _, read := range reads(s.SQL) {
				require.Equal(t, predicate, read.rest[:len(predicate)])
			}
		}
		require.NotEmpty(t, describe(q, p.cal, time.UnixMilli(p.from), time.UnixMilli(p.to)))
		text, err := json.Marshal(q)
		require.NoError(t, err)
		again, err := Parse(text)
		require.NoError(t, err, "%s", text)
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(text), string(second))
		requireCanonical(t, q)
		require.Equal(t, string(Canonical(q)), string(Canonical(again)))
	})
}

// FuzzRun holds that whatever was accepted is answered, or refused as a mistake,
// wherever its tenant is and whenever it is asked.
func FuzzRun(f *testing.F) {
	for _, text := range corpus {
		f.Add([]byte(text), "America/St_Johns", int64(1_710_000_000_000))
	}
	for _, span := range []string{
		`"from":"2024-03-10","to":"2024-03-10T03:00:00Z"`, `"from":"2011-12-30","to":"2011-12-31"`,
		`"from":"1900-01-02","to":"1900-01-03"`, `"from":"2299-12-29","to":"2299-12-30"`, `"last":"36500d"`,
	} {
		for _, kind := range []string{
			`"kind":"trend","compare":"previous_year","series":[{"event":"A"}]`, `"kind":"sessions","interval":"hour"`,
			`"kind":"funnel","interval":"week","steps":[{"event":"A"},{"event":"B"}]`,
			`"kind":"retention","interval":"month","start":{"event":"A"},"return":{"event":"B"}`,
			`"kind":"persons"`, `"kind":"events"`, `"kind":"segment","at":"1900-01-02","segment":{"first_seen":{"last":"99y"}}`,
		} {
			f.Add([]byte("{"+kind+`,"range":{`+span+"}}"), "Pacific/Apia", int64(-2_000_000_000_000))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, zone string, now int64) {
		q, err := Parse(data)
		if _, unknown := loadZone(zone); err != nil || unknown != nil {
			return
		}
		at := time.UnixMilli(now)
		if at.Before(earliest) || at.After(latest) {
			return
		}
		engine, err := NewEngine(Config{Conn: emptyStore{}, Now: func() time.Time { return at }})
		require.NoError(t, err)
		answer, err := engine.Run(t.Context(), &tenant.Tenant{ID: mustID(t), Settings: tenant.Settings{Zone: zone}.WithDefaults()}, q)
		if err != nil {
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			return
		}
		if trend, ok := answer.Result.(*TrendResult); ok {
			require.NotEmpty(t, trend.Buckets)
			require.True(t, slices.IsSortedFunc(trend.Buckets, time.Time.Compare))
			for _, line := range trend.Series {
				require.Len(t, line.Values, len(trend.Buckets))
			}
		}
		_, err = json.Marshal(answer)
		require.NoError(t, err)
	})
}

// emptyStore answers every statement with no rows.
type emptyStore struct{}

func (emptyStore) Query(context.Context, Statement) (Rows, error) { return noRows{}, nil }

type noRows struct{}

func (noRows) Next() bool                 { return false }
func (noRows) Scan(...any) error          { return nil }
func (noRows) Err() error                 { return nil }
func (noRows) Close() error               { return nil }
func (noRows) Read() (rows, bytes uint64) { return 0, 0 }
