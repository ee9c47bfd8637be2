package referencestack

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startEngine starts `footfall engine` on a folder and waits for its ready line.
func startEngine(tb testing.TB, dir string, args ...string) *server {
	tb.Helper()
	s := launch(tb, "", append([]string{"engine", "--listen", "127.0.0.1:0", "--data", dir}, args...)...)
	s.waitReady(tb)
	return s
}

// sql runs a statement on an engine and returns status and answer.
func (s *server) sql(ctx context.Context, statement string, headers ...string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/", strings.NewReader(statement))
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(text)), err
}

// TestEngine lets a process serve the engine alone: to whom it may, with its
// folder locked, to the last statement, and on after it was killed.
func TestEngine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startEngine(t, dir)
	ask := func(statement string, headers ...string) (int, string) {
		t.Helper()
		code, text, err := s.sql(t.Context(), statement, headers...)
		require.NoError(t, err)
		return code, text
	}
	code, text := get(t, s.url+"/ping")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "Ok.\n", text)
	code, text = get(t, s.url+"/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "process_resident_memory_bytes")
	code, text = ask("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1")
	require.Equal(t, http.StatusOK, code, text)
	code, _ = ask("SELECT 1", "Origin", "https://example.com")
	require.Equal(t, http.StatusForbidden, code)

	second := launch(t, "", "engine", "--listen", "127.0.0.1:0", "--data", dir)
	require.Equal(t, 1, second.wait(t))
	require.Contains(t, second.stderr.String(), "the engine is in use: another process has the directory open")

	code, text = ask("INSERT INTO t SELECT number FROM numbers(1000)")
	require.Equal(t, http.StatusOK, code, text)
	s.kill(t)
	s = startEngine(t, dir)
	_, text = ask("SELECT count() FROM t")
	require.Equal(t, "1000", text)

	// A statement that the signal finds at work is answered.
	answered := make(chan string, 1)
	go func() {
		_, text, err := s.sql(t.Context(), "SELECT sum(sleepEachRow(0.1)) FROM numbers(20) SETTINGS max_block_size = 1")
		if err != nil {
			text = err.Error()
		}
		answered <- text
	}()
	require.Eventually(t, func() bool {
		_, text := ask("SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.1)%' AND query NOT LIKE '%system.processes%'")
		return text == "1"
	}, patience, 10*time.Millisecond)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "0", <-answered)
	require.Zero(t, s.wait(t), s.stderr)
}

// TestEngineAsksForThePassword shows what strangers get: SQL can read files.
func TestEngineAsksForThePassword(t *testing.T) {
	t.Parallel()
	code, _, stderr := run(t, "engine", "--listen", "0.0.0.0:0", "--data", t.TempDir())
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "that takes a --password")

	s := startEngine(t, t.TempDir(), "--listen", "0.0.0.0:0", "--user", "writer", "--password", "s3cret")
	for _, c := range []struct {
		code    int
		headers []string
	}{
		{http.StatusForbidden, nil},
		{http.StatusForbidden, []string{"X-ClickHouse-User", "writer", "X-ClickHouse-Key", "wrong"}},
		{http.StatusOK, []string{"X-ClickHouse-User", "writer", "X-ClickHouse-Key", "s3cret"}},
	} {
		code, text, err := s.sql(t.Context(), "SELECT * FROM file('/etc/passwd', LineAsString) LIMIT 1", c.headers...)
		require.NoError(t, err)
		require.Equal(t, c.code, code, text)
	}
	code, _ = get(t, s.url+"/metrics")
	require.Equal(t, http.StatusForbidden, code)
	code, _ = get(t, s.url+"/ping")
	require.Equal(t, http.StatusOK, code)
	code, _ = get(t, s.url+"/?user=writer&password=s3cret&query="+url.QueryEscape("SELECT 1"))
	require.Equal(t, http.StatusOK, code)
	s.stop(t)
}
