package query

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
