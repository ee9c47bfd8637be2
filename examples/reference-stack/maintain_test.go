package referencestack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/keep"
)

// TestMaintain gives a tenant with a history a retention of thirty days. No
// answer shows what is older from then on; footfall maintain deletes it, of this
// tenant alone, and the ledger goes on accounting for it.
func TestMaintain(t *testing.T) {
	t.Parallel()
	const old, fresh = 30, 20
	dir, config := t.TempDir(), filepath.Join(t.TempDir(), "footfall.yaml")
	start := func(retention string) *server {
		t.Helper()
		text := strings.ReplaceAll(`
tenants:
  - {id: shop, write_keys: [wk_shop], read_keys: [rk_shop], retention: KEPT}
  - {id: club, write_keys: [wk_club], read_keys: [rk_club]}
`, "KEPT", retention)
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
		s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
		s.waitReady(t)
		return s
	}
	s := start("0s")
	now := time.Now().UTC()
	var lines strings.Builder
	for i := range old + fresh {
		at := now.AddDate(0, 0, -100)
		if i >= old {
			at = now.AddDate(0, 0, -5)
		}
		fmt.Fprintf(&lines, `{"type":"track","messageId":"m%d","event":"E","anonymousId":"v%d","userId":"u%[2]d","timestamp":%q}`+"\n", i, i%10+i/old*10, at.Format(time.RFC3339))
	}
	for _, id := range []string{"shop", "club"} {
		status, text := s.ask(t, http.MethodPost, "/v1/import?tenant="+id+"&name=history&position=50", s.admin, lines.String())
		require.Equal(t, http.StatusOK, status, text)
	}
	before := s.settled(t)
	require.EqualValues(t, old+fresh, s.count(t, "events"))
	s.stop(t)
	// What came in today would wait for three days: let it have come in when it
	// happened.
	alter(t, dir, "ALTER TABLE events UPDATE _received = 0 WHERE 1 SETTINGS mutations_sync = 2")

	s = start("30d")
	s.settled(t)
	require.EqualValues(t, fresh, s.count(t, "events"), "answers end at the retention")
	require.Len(t, s.events(t), fresh)
	require.EqualValues(t, 10, s.count(t, "persons"))
	require.EqualValues(t, 2*(old+fresh), s.status(t).Store.Rows["events"], "though nothing has gone yet")
	status, text := s.ask(t, http.MethodPost, "/v1/track", writeKey, `{"event":"E","userId":"u1","timestamp":"`+now.AddDate(0, 0, -31).Format(time.RFC3339)+`"}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, `"too_old"`)

	maintain := func() (report keep.Report) {
		t.Helper()
		code, stdout, stderr := run(t, "maintain", "--data", dir)
		require.Zero(t, code, stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout), &report))
		return report
	}
	gone := maintain().Expired
	require.Len(t, gone, 1, "club keeps all")
	require.EqualValues(t, old, gone["shop"]["events"])
	require.EqualValues(t, 10, gone["shop"]["sessions"])
	require.EqualValues(t, 20, gone["shop"]["visitors"], "of ten visitors and ten users nothing is left")
	require.EqualValues(t, 10, gone["shop"]["identities"])
	check := func() {
		t.Helper()
		st := s.settled(t)
		require.Equal(t, before.Ledger, st.Ledger)
		require.EqualValues(t, 2*(old+fresh)-old, st.Store.Rows["events"])
		require.EqualValues(t, fresh, s.count(t, "events"))
		require.EqualValues(t, 10, s.count(t, "sessions"))
		require.Empty(t, maintain().Expired)
	}
	check()
	s.kill(t) // a claim that is read back misses nothing
	s = start("30d")
	check()
	s.stop(t)
}

// TestMaintainAcrossRoles asks for the night's work where questions are answered,
// while the processor beside it, which does it at night, goes on: both delete
// what is past retention, once, and reading back takes none of it for lost.
func TestMaintainAcrossRoles(t *testing.T) {
	t.Parallel()
	const old, fresh = 30, 20
	config := filepath.Join(t.TempDir(), "footfall.yaml")
	d := deploy(t, 2)
	d.flags = slices.Concat(d.place, []string{"--admin-key", adminKey, "--config", config})
	keeping := func(retention string) {
		t.Helper()
		text := "tenants:\n  - {id: shop, write_keys: [" + writeKey + "], read_keys: [" + readKey + "], retention: " + retention + "}\n"
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	}
	keeping("0s")
	processor, ingest, query := d.start(t, "process"), d.start(t, "ingest"), d.start(t, "query")
	now := time.Now().UTC()
	var lines strings.Builder
	for i := range old + fresh {
		at := now.AddDate(0, 0, -100)
		if i >= old {
			at = now.AddDate(0, 0, -5)
		}
		fmt.Fprintf(&lines, `{"type":"track","messageId":"m%d","event":"E","anonymousId":"v%[1]d","timestamp":%q}`+"\n", i, at.Format(time.RFC3339))
	}
	status, text := ingest.ask(t, http.MethodPost, "/v1/import?tenant=shop&name=history&position=50", adminKey, lines.String())
	require.Equal(t, http.StatusOK, status, text)
	before := query.settled(t)
	for _, s := range []*server{processor, ingest, query} {
		s.stop(t)
	}
	// As if it had come in when it happened.
	status, text = shared.engine.ask(t, http.MethodPost, "/", "", "ALTER TABLE "+d.topic+".events UPDATE _received = 0 WHERE 1 SETTINGS mutations_sync = 2")
	require.Equal(t, http.StatusOK, status, text)

	keeping("30d")
	processor, ingest, query = d.start(t, "process"), d.start(t, "ingest"), d.start(t, "query")
	require.EqualValues(t, old+fresh, query.settled(t).Store.Rows["events"], "nothing has gone yet")
	status, text = query.ask(t, http.MethodPost, "/api/v1/maintain", readKey, "")
	require.Equal(t, http.StatusForbidden, status, text)
	maintain := func() (report keep.Report) {
		t.Helper()
		code, stdout, stderr := run(t, "maintain", "--url", query.url, "--admin-key", adminKey)
		require.Zero(t, code, stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout), &report))
		return report
	}
	gone := maintain().Expired
	require.EqualValues(t, old, gone["shop"]["events"])
	require.EqualValues(t, old, gone["shop"]["sessions"])
	check := func(more int64) {
		t.Helper()
		st := query.settled(t)
		want := before.Ledger["shop"]
		want.Accepted, want.Stored = want.Accepted+more, want.Stored+more
		require.Equal(t, want, st.Ledger["shop"])
		require.Equal(t, fresh+more, st.Store.Rows["events"])
		require.Equal(t, fresh+more, query.count(t, "events"))
		require.Empty(t, maintain().Expired)
	}
	check(0)
	processor.kill(t)
	ingest.send(t, "a", "b", "c", "d") // for both partitions
	processor = d.start(t, "process")  // which reads back what the killed one had claimed
	check(4)
	for _, s := range []*server{processor, ingest, query} {
		s.stop(t)
	}
}
