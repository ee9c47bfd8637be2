package clickhouse_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// TestApproximateMeasures asks for estimates of what many did once, and of what
// few did: those are exact.
func TestApproximateMeasures(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const n = 60_000
	events := make([]ev, 0, n)
	for i := range n {
		name := "View"
		if i%1000 == 0 {
			name = "Buy"
		}
		who := fmt.Sprintf("v%d", i)
		events = append(events, ev{at: fmt.Sprintf("2024-01-01T%02d:%02d:%02dZ", i/3600, i/60%60, i%60), name: name, visitor: who, session: 1 + uint64(i)})
		events[i].props = fmt.Sprintf(`{"price":%d}`, i*7919%n) // each number once, in no order
	}
	w.write(events...)
	ask := func(event, measure string, approximate bool) (float64, *query.Answer) {
		answer := w.ask(fmt.Sprintf(`{"kind":"trend","interval":"hour","range":{"from":"2024-01-01","to":"2024-01-02"},"series":[{"event":%q,"measure":%s,"approximate":%t}]}`, event, measure, approximate))
		return *points(answer)[0].Total, answer
	}
	for measure, within := range map[string]float64{
		`"persons"`: n * 0.01, `"sessions"`: n * 0.01, `"per_person"`: 0.01,
		`"median","of":"event.price"`: n * 0.002, `"p99","of":"event.price"`: n * 0.002,
	} {
		exact, answer := ask("View", measure, false)
		require.True(t, answer.Exact, measure)
		estimate, answer := ask("View", measure, true)
		require.False(t, answer.Exact, measure)
		require.Contains(t, answer.Text, "Approximate ", measure)
		require.InDelta(t, exact, estimate, within, measure)
		t.Log(measure, exact, estimate)
	}
	few, _ := ask("Buy", `"persons"`, true)
	require.InDelta(t, n/1000, few, 0)

	// Who it was is no estimate.
	persons := w.ask(`{"kind":"persons","of":{"kind":"trend","interval":"total","range":{"from":"2024-01-01","to":"2024-01-02"},"series":[{"event":"View","measure":"persons","approximate":true}]},"at":{"series":0},"limit":1}`)
	require.True(t, persons.Exact)
	require.EqualValues(t, n-n/1000, persons.Result.(*query.PersonsResult).Total)
}
