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
	// A door does not wait long for Redis and then counts for itself, which a busy
	// machine makes happen: one tenant of many has to show that they count together.
	const tenants = 20
	config := "tenants:\n"
	for i := range tenants {
		config += fmt.Sprintf("  - {id: t%d, write_keys: [wk_%[1]d], read_keys: [rk_%[1]d], limits: {per_day: 10}}\n", i)
	}
	file := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	d := deploy(t, 1, "--config", file, "--redis", "redis://"+redis.Addr)
	d.flags = without(d.flags, "--tenant")
	one, two := d.start(t, "ingest"), d.start(t, "ingest")
	send := func(s *server, tenant, events int) int {
		code, _ := s.ask(t, http.MethodPost, "/v1/batch", fmt.Sprintf("wk_%d", tenant), batchOf(ids("m", events)...))
		return code
	}
	together := -1
	require.Eventually(t, func() bool {
		together++
		return send(one, together, 6) == http.StatusOK && send(two, together, 6) == http.StatusTooManyRequests && send(two, together, 4) == http.StatusOK
	}, tenants*1100*time.Millisecond, 1100*time.Millisecond, "Redis is left alone for a second after it was slow")
	require.Equal(t, http.StatusTooManyRequests, send(one, together, 1))
	redis.Kill(t)
	require.Eventually(t, func() bool { return send(two, together, 4) == http.StatusOK }, patience, 50*time.Millisecond, "no outage")
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

// TestSharedThroughRedis has one process see live what another folds, and answer
// with what a third one has computed.
func TestSharedThroughRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	d := deploy(t, 2, "--redis", "redis://"+redis.Addr)
	ingest, one, two := d.start(t, "ingest"), d.start(t, "query"), d.start(t, "query")
	d.start(t, "process")
	told := one.watch(t, readKey)
	until(t, told, func(w watched) bool { return w.event == "active" })
	ingest.send(t, ids("m", 3)...)
	until(t, told, func(w watched) bool { return w.event == "event" && strings.Contains(w.data, `"m-2"`) })

	one.settled(t)
	var answer struct{ Stats struct{ Cached bool } }
	ask := func(s *server) bool {
		s.call(t, http.MethodPost, "/api/v1/query", readKey, map[string]any{
			"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "*"}},
		}, &answer)
		return answer.Stats.Cached
	}
	require.False(t, ask(one))
	require.Eventually(t, func() bool { return ask(two) }, patience, time.Second, "the plans come to rest, and the two see the same")
}
