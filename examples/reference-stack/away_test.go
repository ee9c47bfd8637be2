package referencestack

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/redistest"
)

// TestStoreAway has the store killed under a deployment: doors go on, what they
// take waits in the log, and nothing of it is lost or counted twice. A door that
// is started meanwhile waits, because it does not know who was erased.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	d := deploy(t, 2)
	dir := t.TempDir()
	engine := startEngine(t, dir)
	address := strings.TrimPrefix(engine.url, "http://")
	d.use("--clickhouse", engine.url)
	ingest, query, processor := d.start(t, "ingest"), d.start(t, "query"), d.start(t, "process")
	ingest.send(t, ids("a", 50)...)
	query.settled(t)

	engine.kill(t)
	ingest.send(t, ids("b", 50)...)
	require.Eventually(t, func() bool { return strings.Contains(ingest.stderr.String(), "are not seen") }, patience, 10*time.Millisecond)
	ingest.send(t, ids("c", 50)...)
	code, text := get(t, ingest.url+"/readyz")
	require.Equal(t, http.StatusOK, code, text)
	late := d.launch(t, "ingest")
	require.Eventually(t, func() bool { return strings.Contains(late.stderr.String(), "waiting to start") }, patience, 10*time.Millisecond)
	require.Contains(t, late.stderr.String(), "for=store")
	require.Eventually(t, func() bool {
		code, text := get(t, query.url+"/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, `"store"`)
	}, patience, 10*time.Millisecond)

	startEngine(t, dir, "--listen", address)
	late.waitReady(t)
	late.send(t, ids("d", 50)...)
	st := query.settled(t)
	require.Equal(t, ledger{Accepted: 200, Stored: 200}, st.Ledger["shop"])
	require.Equal(t, int64(200), query.count(t, "events"))

	// One that still waits is stopped as cleanly as any other.
	processor.stop(t)
	d.use("--kafka", "127.0.0.1:1")
	waiting := d.launch(t, "query")
	require.Eventually(t, func() bool { return strings.Contains(waiting.stderr.String(), "for=log") }, patience, 10*time.Millisecond)
	waiting.stop(t)
}

// use changes a flag of all processes.
func (d *deployment) use(flag, value string) {
	for _, flags := range [][]string{d.place, d.flags} {
		for i := range flags {
			if flags[i] == flag {
				flags[i+1] = value
			}
		}
	}
}

// TestLimitsAcrossDoors counts what two doors take in together, and each by
// itself while Redis is away.
func TestLimitsAcrossDoors(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte("tenants: [{id: shop, write_keys: [wk_shop], read_keys: [rk_shop], limits: {per_day: 10}}]\n"), 0o600))
	d := deploy(t, 1, "--config", file, "--redis", "redis://"+redis.Addr)
	d.flags = without(d.flags, "--tenant")
	one, two := d.start(t, "ingest"), d.start(t, "ingest")
	one.send(t, ids("a", 6)...)
	code, text := two.ask(t, http.MethodPost, "/v1/batch", writeKey, batchOf(ids("b", 6)...))
	require.Equal(t, http.StatusTooManyRequests, code, text)
	two.send(t, ids("b", 4)...)
	redis.Kill(t)
	require.Eventually(t, func() bool {
		code, _ := two.ask(t, http.MethodPost, "/v1/batch", writeKey, batchOf(ids("c", 4)...))
		return code == http.StatusOK
	}, patience, 50*time.Millisecond, "no outage")
}

// without returns flags without one and its value.
func without(flags []string, flag string) (rest []string) {
	for i := 0; i < len(flags); i += 2 {
		if flags[i] != flag {
			rest = append(rest, flags[i], flags[i+1])
		}
	}
	return rest
}
