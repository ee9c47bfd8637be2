package clickhouse_test

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// behind returns the ids of the persons behind a number, checked against their
// total.
func (w *world) behind(of, at string) string {
	w.tb.Helper()
	result := w.ask(`{"kind":"persons","of":` + of + `,"at":` + at + `}`).Result.(*query.PersonsResult)
	ids := []string{}
	for _, p := range result.Persons {
		ids = append(ids, strings.TrimPrefix(p.ID, "visitor:"))
	}
	require.Len(w.tb, ids, int(result.Total))
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func TestPersonsBehindATrend(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-01T10:00:00Z", name: "A", visitor: "a", props: `{"x":"1"}`},
		ev{at: "2024-01-01T11:00:00Z", name: "A", visitor: "b", props: `{"x":"1"}`},
		ev{at: "2024-01-02T10:00:00Z", name: "A", visitor: "b", props: `{"x":2}`},
		ev{at: "2024-01-02T11:00:00Z", name: "A", visitor: "c", props: `{"x":"$other"}`},
		ev{at: "2024-01-03T10:00:00Z", name: "A", visitor: "d"},
		ev{at: "2024-01-03T11:00:00Z", name: "B", visitor: "e", props: `{"x":"1"}`},
		ev{at: "2024-01-03T12:00:00Z", name: "$identify", typ: footfall.Identify, visitor: "f"},
	)
	of := func(rest string) string {
		return `{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-04"},"series":[{"event":"A","measure":"persons"},{"event":"B"}],` + rest + `}`
	}
	days := of(`"interval":"day"`)
	require.Equal(t, "a b c d", w.behind(days, `{}`))
	require.Equal(t, "a b", w.behind(days, `{"bucket":"2024-01-01"}`))
	require.Equal(t, "b c", w.behind(days, `{"bucket":"2024-01-02T01:00:00+01:00"}`), "the same moment")
	require.Equal(t, "e", w.behind(days, `{"series":1,"bucket":"2024-01-03"}`))
	require.Empty(t, w.behind(days, `{"series":1,"bucket":"2024-01-02"}`))

	// One value is shown, which is 1 by its persons; "$other" is among the
	// others even where it is a value.
	by := of(`"breakdown":{"property":"event.x","limit":1}`)
	require.Equal(t, "a b", w.behind(by, `{"breakdown":"1"}`))
	require.Equal(t, "b c d", w.behind(by, `{"breakdown":"$other"}`))
	require.Equal(t, "d", w.behind(by, `{}`), "those without a value")
	require.Equal(t, "b", w.behind(by, `{"breakdown":"2"}`), "a value that is not shown")
	require.Empty(t, w.behind(by, `{"breakdown":"1","bucket":"2024-01-02"}`))
	require.Equal(t, "A/1 2: 2 0 0\nA/$other 3: 0 2 1\nB/1 1: 0 0 1\n", shape(w.ask(by)))
	by = of(`"breakdown":{"property":"event.x","limit":9}`)
	require.Equal(t, "A/1 2: 2 0 0\nA/2 1: 0 1 0\nA/null 1: 0 0 1\nA/$other 1: 0 1 0\nB/1 1: 0 0 1\n", shape(w.ask(by)))

	require.Equal(t, "f", w.behind(strings.ReplaceAll(days, `"A"`, `"$identify"`), `{}`), "who only said who it is")

	// Nothing starts at noon, and the range is told by one of both.
	q, err := query.Parse([]byte(`{"kind":"persons","of":` + days + `,"at":{"bucket":"2024-01-01T12:00:00Z"}}`))
	require.NoError(t, err)
	_, err = w.engine.Run(t.Context(), w.tenant, q)
	var invalid *query.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "/at/bucket", invalid.Problems[0].Path)
	answer := w.ask(`{"kind":"persons","range":{"from":"2024-01-01","to":"2024-01-04"},"zone":"Asia/Kathmandu","of":{"kind":"trend","series":[{"event":"A"}]},"at":{"bucket":"2024-01-02"}}`)
	require.Equal(t, "2024-01-01T00:00:00+05:45", answer.Range.From.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, uint64(2), answer.Result.(*query.PersonsResult).Total)
}

func TestPersonsBehindANumberArePaged(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var events []ev
	for i := range 25 {
		for _, day := range []string{"01", "02"} {
			events = append(events, ev{at: "2024-01-" + day + "T10:00:00Z", name: "A", visitor: day[:i%2+1] + string(rune('a'+i))})
		}
	}
	w.write(events...)
	of := `{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-03"},"series":[{"event":"A"}]}`
	want := strings.Fields(w.behind(of, `{"bucket":"2024-01-02"}`))
	require.Len(t, want, 25)
	var got []string
	for cursor := ""; ; {
		page := w.ask(`{"kind":"persons","limit":10,"cursor":"` + cursor + `","of":` + of + `,"at":{"bucket":"2024-01-02"}}`).Result.(*query.PersonsResult)
		require.Equal(t, uint64(25), page.Total)
		for _, p := range page.Persons {
			got = append(got, strings.TrimPrefix(p.ID, "visitor:"))
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	slices.Sort(got)
	require.Equal(t, want, got)
}

func TestPersonsBehindANumberAsCSV(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-01T10:00:00Z", name: "A", visitor: "a"},
		ev{at: "2024-01-01T11:00:00Z", name: "A", visitor: "b"},
		ev{at: "2024-01-02T11:00:00Z", name: "A", visitor: "c"},
	)
	keys, err := tenant.NewKeys(tenant.Registration{Tenant: *w.tenant, ReadKeys: []string{"rk_shop"}})
	require.NoError(t, err)
	handler, err := query.New(query.Config{Conn: w.conn, Auth: keys})
	require.NoError(t, err)
	const of = `"of":{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-03"},"series":[{"event":"A"}]},"at":{"bucket":"2024-01-01"}`
	seen := []string{}
	for cursor, pages := "", 1; ; pages++ {
		body := `{"kind":"persons","limit":1,"cursor":"` + cursor + `",` + of + `}`
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/query", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer rk_shop")
		r.Header.Set("Accept", "text/csv")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		require.Equal(t, http.StatusOK, answer.Code, answer.Body)
		rows, err := csv.NewReader(answer.Body).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Equal(t, "id", rows[0][0])
		seen = append(seen, rows[1][0])
		if cursor = answer.Header().Get("X-Next-Cursor"); cursor == "" {
			require.Equal(t, 2, pages)
			break
		}
	}
	require.ElementsMatch(t, []string{"visitor:a", "visitor:b"}, seen)
}
