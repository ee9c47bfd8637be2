package referencestack

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func get(tb testing.TB, url string) (int, string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, nil)
	require.NoError(tb, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(tb, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	return resp.StatusCode, string(text)
}

// TestUp walks through one life of a server: ready line, routes, a second
// process on its folder, status, a clean stop.
func TestUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := up(t, dir)

	code, text := get(t, s.url+"/readyz")
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, `{"ready":true,"checks":{"log":"ok","store":"ok","processor":"ok"}}`, text)
	code, _ = get(t, s.url+"/healthz")
	require.Equal(t, http.StatusOK, code)
	code, text = get(t, s.url+"/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "footfall_")
	code, text = get(t, s.url+"/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "<title>Footfall</title>")
	code, text = get(t, s.url+"/api/v1/status")
	require.Equal(t, http.StatusUnauthorized, code)
	require.Contains(t, text, `"status":401`)
	for key, want := range map[string]int{readKey: http.StatusForbidden, writeKey: http.StatusForbidden, "rk_other": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v1/status", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+key)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, key)
	}
	code, text = get(t, s.url+"/nowhere")
	require.Equal(t, http.StatusNotFound, code)
	require.Contains(t, text, `"status":404`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/status", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)

	info, err := os.Stat(filepath.Join(dir, "run.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	second := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--tenant", tenantArg)
	require.Equal(t, 1, second.wait(t))
	require.Contains(t, second.stderr.String(), "is in use by another footfall, process ")
	require.Equal(t, 1, strings.Count(second.stderr.String(), "\n"))
	_, ok := <-second.stdout
	require.False(t, ok, "it says nothing on standard output")

	var url atomic.Pointer[string]
	url.Store(&s.url)
	_, err = newSender(&url).send(t.Context(), []message{
		{Type: "track", MessageID: "1", AnonymousID: "a", Event: "Viewed", Timestamp: time.Now()},
		{Type: "identify", MessageID: "2", AnonymousID: "a", UserID: "u", Timestamp: time.Now()},
	})
	require.NoError(t, err)
	s.settled(t)
	require.Equal(t, "user:u", s.events(t)[0].Person)

	code, out, stderr := run(t, "status", "--data", dir, "--json")
	require.Zero(t, code, stderr)
	var st map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(out), &st))
	for _, name := range []string{"version", "uptime_s", "ready", "lag", "log", "store", "door", "ledger"} {
		require.Contains(t, st, name)
	}
	require.JSONEq(t, `{"shop":{"accepted":2,"stored":2,"duplicate":0,"quarantined":0,"pending":0}}`, string(st["ledger"]))
	require.JSONEq(t, `{"shop":{"refused":0,"redacted":0}}`, string(st["door"]))
	require.JSONEq(t, `{"events":0,"seconds":0}`, string(st["lag"]))
	var one status
	s.call(t, http.MethodGet, "/api/v1/status?tenant=shop", s.admin, nil, &one)
	require.Equal(t, map[string]ledger{"shop": {Accepted: 2, Stored: 2}}, one.Ledger)
	code, out, stderr = run(t, "status", "--url", s.url, "--admin-key", s.admin)
	require.Zero(t, code, stderr)
	require.Contains(t, out, "shop")

	s.stop(t)
	_, ok = <-s.stdout
	require.False(t, ok, "the ready line is the only one on standard output")
	require.NoFileExists(t, filepath.Join(dir, "run.json"))
	code, _, stderr = run(t, "status", "--data", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no footfall is running")
}

// TestDrain stops a server with a full log: what it accepted is in the store
// when the process has ended, and a request under way is answered.
func TestDrain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := up(t, dir)
	var url atomic.Pointer[string]
	url.Store(&s.url)
	client, v := newSender(&url), newVisitor("a", 1)
	const batches, size = 20, 500
	for range batches {
		var batch []message
		for range size {
			m, _ := v.next()
			batch = append(batch, m)
		}
		n, err := client.send(t.Context(), batch)
		require.NoError(t, err)
		require.Equal(t, size, n)
	}

	// A body that is still coming when the signal comes.
	body, more := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/batch", body)
	require.NoError(t, err)
	req.SetBasicAuth(writeKey, "")
	answered := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	_, err = io.WriteString(more, `{"batch":[{"type":"track","event":"Last","messageId":"last",`)
	require.NoError(t, err)
	// The next request is answered after the one before was let in.
	code, _ := get(t, s.url+"/healthz")
	require.Equal(t, http.StatusOK, code)

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		code, text := get(t, s.url+"/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "stopping")
	}, patience, time.Millisecond)
	_, err = io.WriteString(more, `"anonymousId":"a"}]}`)
	require.NoError(t, err)
	require.NoError(t, more.Close())
	require.Equal(t, http.StatusOK, <-answered)
	require.Zero(t, s.wait(t))
	require.NotContains(t, s.stderr.String(), "not all of the log is in the store")

	s = up(t, dir)
	st := s.status(t)
	require.Zero(t, st.Lag.Events)
	require.Equal(t, ledger{Accepted: batches*size + 1, Stored: batches*size + 1}, st.Ledger["shop"])
	require.Equal(t, int64(batches*size+1), st.Store.Rows["events"])
}

// TestSecondSignal ends the process at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	body, more := io.Pipe() // a request that never ends keeps the server draining
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/batch", body)
	require.NoError(t, err)
	req.SetBasicAuth(writeKey, "")
	go func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	_, err = io.WriteString(more, `{"batch":[`)
	require.NoError(t, err)
	code, _ := get(t, s.url+"/healthz")
	require.Equal(t, http.StatusOK, code)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGINT))
	require.Eventually(t, func() bool { return strings.Contains(s.stderr.String(), "stopping") }, patience, time.Millisecond)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 1, s.wait(t))
	require.NoError(t, more.Close())
}

// TestStaleRunFile starts a server where a killed one has left its word.
func TestStaleRunFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := up(t, dir)
	s.kill(t)
	require.FileExists(t, filepath.Join(dir, "run.json"))
	code, _, stderr := run(t, "status", "--data", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no footfall answers")
	before := s.admin
	s = up(t, dir)
	require.NotEqual(t, before, s.admin)
	s.stop(t)
}

// TestDemo shows traffic without anybody having logged in.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := launch(t, "", "demo", "--listen", "127.0.0.1:0", "--history", "2d", "--rate", "50")
	s.waitReady(t)
	jar := cookieOf(t, s.url)
	require.Eventually(t, func() bool {
		body := `{"kind":"trend","range":{"last":"3d"},"interval":"total","series":[{"event":"Order Completed"}]}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/query", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.AddCookie(jar)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		var answer struct{ Result trend }
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		return *answer.Result.Series[0].Total > 20
	}, patience, 50*time.Millisecond)
	s.stop(t)
}

// cookieOf opens the page and returns the cookie it is logged in by. The same
// page under a foreign name gives none.
func cookieOf(t *testing.T, url string) *http.Cookie {
	t.Helper()
	open := func(host string) []*http.Cookie {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/", nil)
		require.NoError(t, err)
		if host != "" {
			req.Host = host
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return resp.Cookies()
	}
	require.Empty(t, open("shop.example"))
	cookies := open("")
	require.Len(t, cookies, 1)
	require.True(t, cookies[0].HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookies[0].SameSite)
	return cookies[0]
}
