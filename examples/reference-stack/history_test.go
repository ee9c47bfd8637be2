package referencestack

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb"
)

// TestHistory imports 24 months for each of 200 tenants, twelve of which have
// partitions of their own, and a large import of one more; all rows are stored
// once, in no more partitions than there must be.
func TestHistory(t *testing.T) {
	t.Parallel()
	const tenants, dedicated, months, each, large = 200, 12, 24, 2, 100_000
	var yaml strings.Builder
	yaml.WriteString("tenants:\n")
	name := func(i int) string { return fmt.Sprintf("t%d", i) }
	for i := range tenants + 1 {
		silo := "pooled"
		if i%16 == 5 && i/16 < dedicated || i == tenants {
			silo = "dedicated"
		}
		fmt.Fprintf(&yaml, "  - {id: %s, write_keys: [wk_%[1]s], read_keys: [rk_%[1]s], silo: %s}\n", name(i), silo)
	}
	dir, config := t.TempDir(), filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(config, []byte(yaml.String()), 0o600))
	s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
	s.waitReady(t)

	begun := time.Now()
	send := func(tenant int, n int) {
		t.Helper()
		var lines strings.Builder
		for i := range n {
			month := i % months
			fmt.Fprintf(&lines, `{"type":"track","messageId":"%d","event":"E","anonymousId":"v%d","timestamp":"%d-%02d-%02dT10:00:00Z"}`+"\n",
				i, i%97, 2023+month/12, 1+month%12, 1+i/months%28)
			if (i+1)%40_000 == 0 || i == n-1 { // a request takes 50,000
				status, text := s.ask(t, http.MethodPost, "/v1/import?tenant="+name(tenant)+"&name=history", s.admin, lines.String())
				require.Equal(t, http.StatusOK, status, text)
				require.Contains(t, text, `"rejected":[]`)
				lines.Reset()
			}
		}
	}
	for i := range tenants {
		send(i, months*each)
	}
	send(tenants, large)
	st := s.settled(t)
	took := time.Since(begun)
	for i := range tenants {
		require.EqualValues(t, months*each, st.Ledger[name(i)].Stored, name(i))
	}
	require.EqualValues(t, large, st.Ledger[name(tenants)].Stored)
	require.EqualValues(t, tenants*months*each+large, st.Store.Rows["events"])
	t.Logf("%d rows of %d tenants in %v; %d MB resident at most", tenants*months*each+large, tenants+1, took, peak(t, s)>>20)
	s.stop(t)

	conn, done := look(t, chdb.Config{Dir: filepath.Join(dir, "store")})
	defer done()
	var rows, once, partitions, parts uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(), uniqExact(_o, _i) FROM events").Scan(&rows, &once))
	require.EqualValues(t, tenants*months*each+large, rows)
	require.Equal(t, rows, once)
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT uniqExact(partition), count() FROM system.parts WHERE active AND database = 'footfall' AND table = 'events'").Scan(&partitions, &parts))
	require.EqualValues(t, (1+dedicated+1)*months, partitions, "of the pool, and of each tenant with its own")
	t.Logf("%d partitions, %d parts", partitions, parts)
}

// peak is the most memory a process had resident.
func peak(tb testing.TB, s *server) int64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(tb, err)
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	require.NoError(tb, err)
	return kilobytes << 10
}
