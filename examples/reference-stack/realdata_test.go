package referencestack

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// ecomMap is how the shop's file says what its columns mean.
var ecomMap = []string{
	"--name", "ecom", "--map", "userId={user_id}", "--map", "anonymousId={user_id}", "--map", "event={event}", "--map", "timestamp={timestamp}",
}

// TestEcom imports a shop's half year twice and finds every event once, and
// the shop's own sessions, boundary for boundary.
func TestEcom(t *testing.T) {
	t.Parallel()
	file := testenv.Data(t, "retentioneering-ecom", "ecom.csv.gz")
	s := up(t, t.TempDir())

	require.Equal(t, imported{Import: "ecom", Rows: 31106, Accepted: 31106, Position: 31106}, s.importFile(t, file, ecomMap...))
	check := func() {
		st := s.settled(t)
		require.Equal(t, ledger{Accepted: 31106, Stored: 31106}, st.Ledger["shop"])
		require.Equal(t, int64(31106), st.Store.Rows["events"])
		require.Equal(t, int64(3605), st.Store.Rows["sessions"])
		require.Equal(t, int64(31106), s.count(t, "events"))
		require.Equal(t, int64(3605), s.count(t, "sessions"))
		require.Equal(t, int64(600), s.count(t, "persons"))
	}
	check()
	require.Equal(t, imported{Import: "ecom", Position: 31106}, s.importFile(t, file, ecomMap...))
	check()

	ours, theirs := map[string]string{}, map[string]string{}
	for _, e := range s.events(t) {
		session, ok := e.Properties["session_id"].(string)
		require.True(t, ok)
		require.NotEmpty(t, e.Session)
		if ours[session] == "" {
			ours[session] = e.Session
		}
		if theirs[e.Session] == "" {
			theirs[e.Session] = session
		}
		require.Equal(t, ours[session], e.Session)
		require.Equal(t, theirs[e.Session], session)
	}
	require.Len(t, ours, 3605)
}

// TestAccessLog imports a web server's log, whose lines are out of order within
// each hour and one of which is none.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	file := testenv.Data(t, "apache-log", "access.log.gz")
	s := up(t, t.TempDir())
	res := s.importFile(t, file)
	require.Equal(t, imported{Import: "access.log.gz", Rows: 10000, Accepted: 9999, Rejected: 1, Position: 10000}, res)
	s.settled(t)
	require.Equal(t, int64(9999), s.count(t, "events"))
	require.Equal(t, int64(1861), s.count(t, "persons"))
	require.Equal(t, int64(3223), s.count(t, "sessions"))
	byStatus := query[trend](t, s, map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "$page"}},
		"breakdown": map[string]any{"property": "event.status", "limit": 10},
	})
	got := map[any]float64{}
	for _, series := range byStatus.Series {
		got[series.Breakdown] = *series.Total
	}
	require.Equal(t, map[any]float64{"200": 9125, "304": 445, "404": 213, "301": 164, "206": 45, "500": 3, "403": 2, "416": 2}, got)
}
