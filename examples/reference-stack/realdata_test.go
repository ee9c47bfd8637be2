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
