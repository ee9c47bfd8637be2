package referencestack

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb"
)

// TestTiers keeps events of this week on the first disk, those of the last
// months on a second and older ones on a third; the parts really move, and
// neither a kill nor a restart makes a difference to what questions see.
func TestTiers(t *testing.T) {
	t.Parallel()
	dir, warm, cold := t.TempDir(), t.TempDir(), t.TempDir()
	config := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
tenants: [{id: shop, write_keys: [wk_shop], read_keys: [rk_shop]}]
tiers: [{name: warm, path: %s, after: 40d}, {name: cold, path: %s, after: 180d}]
`, warm, cold), 0o600))
	start := func() *server {
		s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
		s.waitReady(t)
		return s
	}
	// A server without tiers comes first: its tables are moved to the policy.
	s := up(t, dir)
	now, n := time.Now(), 0
	send := func() {
		t.Helper()
		var lines strings.Builder
		for _, days := range []int{0, 1, 100, 400, 401} {
			for range 20 {
				n++
				fmt.Fprintf(&lines, `{"type":"track","messageId":"%d","event":"E","anonymousId":"v%d","timestamp":%q}`+"\n", n, n%7, now.AddDate(0, 0, -days).Format(time.RFC3339))
			}
		}
		status, text := s.ask(t, http.MethodPost, "/v1/import?tenant=shop", s.admin, lines.String())
		require.Equal(t, http.StatusOK, status, text)
		s.settled(t)
		require.EqualValues(t, n, s.count(t, "events"))
	}
	send()
	s.stop(t)
	s = start()
	send()
	s.kill(t)
	s = start()
	send()
	s.stop(t)

	conn, done := look(t, chdb.Config{Dir: filepath.Join(dir, "store"), Volumes: []chdb.Volume{{Name: "warm", Dir: warm}, {Name: "cold", Dir: cold}}})
	defer done()
	want := map[string]uint64{"default": 120, "warm": 60, "cold": 120}
	var got map[string]uint64
	require.Eventually(t, func() bool {
		rows, err := conn.Query(t.Context(), "SELECT disk_name, sum(rows) FROM system.parts WHERE active AND database = 'footfall' AND table = 'events' GROUP BY disk_name")
		require.NoError(t, err)
		defer func() { _ = rows.Close() }()
		got = map[string]uint64{}
		for rows.Next() {
			var disk string
			var n uint64
			require.NoError(t, rows.Scan(&disk, &n))
			got[disk] = n
		}
		require.NoError(t, rows.Err())
		return fmt.Sprint(got) == fmt.Sprint(want)
	}, patience, 100*time.Millisecond, "parts did not move")
	var once uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT uniqExact(_o, _i) FROM events").Scan(&once))
	require.EqualValues(t, n, once)
	var set uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM system.mutations WHERE database = 'footfall' AND table = 'events' AND command LIKE '%TTL%'").Scan(&set))
	require.EqualValues(t, 1, set, "a start with the same tiers changes nothing")
	for _, folder := range []string{warm, cold} {
		parts, err := filepath.Glob(filepath.Join(folder, "store", "*", "*", "*_*"))
		require.NoError(t, err)
		require.NotEmpty(t, parts, folder)
	}
}
