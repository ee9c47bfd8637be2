package analyticstest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/analyticstest"
	"github.com/footfall-go/footfall/tenant"
)

// recorder is a test that goes on when it has failed.
type recorder struct{ failed []string }

func (r *recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

var noon = time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)

func TestNothing(t *testing.T) {
	t.Parallel()
	a := analyticstest.New(t, analyticstest.Config{})
	require.Empty(t, a.Events())
	require.Zero(t, a.Count("*"))
	require.Equal(t, []uint64{0, 0}, a.Funnel("A", "B"))
}

func TestWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	a := analyticstest.New(t, analyticstest.Config{})
	a.Track(
		ingest.Message{Event: "A", AnonymousID: "phone"},
		ingest.Message{Event: "A", AnonymousID: "laptop"},
	)
	require.Equal(t, 2, a.Persons("A"))
	a.Advance(time.Hour)
	a.Track(
		ingest.Message{Type: footfall.Identify, AnonymousID: "phone", UserID: "ada", Traits: map[string]any{"plan": "pro"}},
		ingest.Message{Type: footfall.Identify, AnonymousID: "laptop", UserID: "ada"},
	)
	require.Equal(t, 2, a.Count("A"))
	require.Equal(t, 1, a.Persons("A"))

	pro := query.Filter{Property: "person.plan", Op: query.Equal, Value: "pro"}
	answer := a.Ask(&query.Persons{Scope: query.Scope{Range: a.Always(), Filter: &pro}})
	persons := answer.Result.(*query.PersonsResult).Persons
	require.Len(t, persons, 1)
	require.Equal(t, "user:ada", persons[0].ID)
}

func TestSentTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	a := analyticstest.New(t, analyticstest.Config{})
	for range 2 {
		a.Track(ingest.Message{Event: "A", UserID: "ada", MessageID: "order-1"})
	}
	require.Equal(t, 1, a.Count("A"))
	require.Len(t, a.Events(), 1)
}

func TestSessionsEndByTheClock(t *testing.T) {
	t.Parallel()
	a := analyticstest.New(t, analyticstest.Config{Settings: tenant.Settings{SessionGap: 10 * time.Minute}})
	for _, pause := range []time.Duration{0, 9 * time.Minute, 11 * time.Minute} {
		a.Advance(pause)
		a.Track(ingest.Message{Type: footfall.Page, AnonymousID: "phone"})
	}
	answer := a.Ask(&query.Sessions{Scope: query.Scope{Range: a.Always()}})
	require.Equal(t, []uint64{2}, answer.Result.(*query.SessionsResult).Count)
}

func TestKeyEventsEngage(t *testing.T) {
	t.Parallel()
	for _, key := range [][]string{nil, {"Paid"}} {
		a := analyticstest.New(t, analyticstest.Config{Settings: tenant.Settings{Session: tenant.Session{KeyEvents: key}}})
		a.Track(
			ingest.Message{Type: footfall.Page, AnonymousID: "phone"}, ingest.Message{Event: "Paid", AnonymousID: "phone"},
			ingest.Message{Event: "Seen", AnonymousID: "tablet", Properties: map[string]any{"nonInteraction": true}},
		)
		answer := a.Ask(&query.Sessions{Scope: query.Scope{Range: a.Always()}})
		require.Equal(t, []uint64{1}, answer.Result.(*query.SessionsResult).Count)
		require.Equal(t, len(key) == 0, *answer.Result.(*query.SessionsResult).BounceRate[0] == 1)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	a := analyticstest.New(t, analyticstest.Config{Settings: tenant.Settings{Zone: "Asia/Tokyo"}})
	a.Track(
		ingest.Message{Event: "Now", UserID: "ada"},
		ingest.Message{Event: "Late", UserID: "ada", Timestamp: noon.Add(-48 * time.Hour)},
		ingest.Message{Event: "Ahead", UserID: "ada", Timestamp: noon.Add(23 * time.Hour)},
	)
	require.Equal(t, []uint64{1, 1, 1}, a.Funnel("Late", "Now", "Ahead"))
	var names []string
	for _, ev := range a.Events() {
		names = append(names, ev.Name+" "+ev.Time.Time().UTC().Format(time.DateTime))
	}
	require.Equal(t, []string{"Late 2023-12-30 12:00:00", "Now 2024-01-01 12:00:00", "Ahead 2024-01-02 11:00:00"}, names)

	today := func() float64 {
		answer := a.Ask(&query.Trend{
			Scope:  query.Scope{Range: query.Range{Last: "1d"}},
			Series: []query.Series{{Selector: query.Selector{Event: "Now"}}},
		})
		return *answer.Result.(*query.TrendResult).Series[0].Total
	}
	a.At(noon.Add(3*time.Hour - time.Millisecond)) // a day ends at 15:00 UTC in Tokyo
	require.Equal(t, 1.0, today())
	a.Advance(time.Millisecond)
	require.Equal(t, 0.0, today())
	require.Equal(t, noon.Add(3*time.Hour), a.Now())
}

func TestMistakesFailTheTest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(a *analyticstest.Analytics)
		want string
	}{
		"refused": {func(a *analyticstest.Analytics) {
			a.Track(ingest.Message{Event: "A", UserID: "undefined"})
		}, "userId is a placeholder"},
		"too far ahead of the clock": {func(a *analyticstest.Analytics) {
			a.Track(ingest.Message{Event: "A", UserID: "ada", Timestamp: noon.Add(25 * time.Hour)})
		}, "24 h ahead"},
		"wrong question": {func(a *analyticstest.Analytics) { a.Ask(&query.Trend{}) }, "range is required"},
		"no steps":       {func(a *analyticstest.Analytics) { a.Funnel() }, "at least one step is required"},
		"no name":        {func(a *analyticstest.Analytics) { a.Count("") }, "/series/0/event"},
		"advance back":   {func(a *analyticstest.Analytics) { a.Advance(-1) }, "cannot go back"},
		"set back":       {func(a *analyticstest.Analytics) { a.At(noon.Add(-1)) }, "cannot go back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{}
			a := analyticstest.New(r, analyticstest.Config{})
			require.Empty(t, r.failed)
			c.do(a)
			require.Len(t, r.failed, 1)
			require.Contains(t, r.failed[0], c.want)
			require.Equal(t, noon, a.Now())
		})
	}

	r := &recorder{}
	analyticstest.New(r, analyticstest.Config{Settings: tenant.Settings{Zone: "Nowhere/None"}})
	require.Len(t, r.failed, 1)
	require.Contains(t, r.failed[0], "Nowhere/None")
}

// TestManyAtOnce has a server with the door in it, and callers at once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	a := analyticstest.New(t, analyticstest.Config{})
	server := httptest.NewServer(a.Door())
	defer server.Close()
	send := func(key, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/batch", strings.NewReader(body))
		if err != nil {
			return 0
		}
		r.SetBasicAuth(key, "")
		answer, err := server.Client().Do(r)
		if err != nil {
			return 0
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	var all sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		all.Go(func() {
			statuses[i] = send(analyticstest.WriteKey, fmt.Sprintf(`{"batch":[{"type":"track","event":"A","userId":"u%d"},{"type":"page","userId":"u%d"}]}`, i, i))
			a.Advance(time.Second)
		})
	}
	all.Wait()
	for _, status := range statuses {
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, 8, a.Persons("A"))
	require.Equal(t, 8, a.Count("$page"))
	require.Equal(t, http.StatusUnauthorized, send("wk_other", `{"batch":[{"type":"track","event":"A","userId":"u"}]}`))
	require.Equal(t, 16, a.Count("*"))
}
