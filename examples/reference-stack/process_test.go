package referencestack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// binary is the program under test, built once.
var binary struct {
	sync.Once
	dir, path string
	err       error
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(binary.dir) // a leftover in the temporary folder does no harm
	os.Exit(code)
}

func footfallBinary(tb testing.TB) string {
	tb.Helper()
	binary.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "footfall-e2e-"); binary.err != nil { //nolint:usetesting // it outlives the test that builds it
			return
		}
		binary.path = filepath.Join(binary.dir, "footfall")
		out, err := exec.CommandContext(tb.Context(), "go", "build", "-o", binary.path, "./cmd/footfall").CombinedOutput()
		if err != nil {
			binary.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(tb, binary.err)
	return binary.path
}

// The tenant of the tests and its keys.
const (
	writeKey  = "wk_shop"
	readKey   = "rk_shop"
	tenantArg = "shop:" + writeKey + ":" + readKey
)

// server is a running footfall process.
type server struct {
	url    string
	admin  string
	dir    string
	cmd    *exec.Cmd
	stdout chan string // lines
	stderr *log
	exited chan struct{}
}

// log keeps what a process writes, for the message of a failed test.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// patience bounds every wait; it is what a test takes when it fails.
const patience = 2 * time.Minute

// launch starts a process and does not wait for it to be ready.
func launch(tb testing.TB, dir string, args ...string) *server {
	tb.Helper()
	return launchCommand(tb, dir, exec.Command(footfallBinary(tb), args...)) //nolint:noctx // the tests decide how it ends
}

// launchCommand starts a command that becomes a footfall process.
func launchCommand(tb testing.TB, dir string, cmd *exec.Cmd) *server {
	tb.Helper()
	s := &server{dir: dir, cmd: cmd, stdout: make(chan string, 16), stderr: &log{}, exited: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, s.cmd.Start())
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			s.stdout <- lines.Text()
		}
		close(s.stdout)
		_ = s.cmd.Wait() // the exit status is in ProcessState
		close(s.exited)
	}()
	tb.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may be gone
		<-s.exited
		if tb.Failed() {
			tb.Logf("the process said:\n%s", s.stderr)
		}
	})
	return s
}

// up starts a server on a folder and waits for its ready line.
func up(tb testing.TB, dir string, extra ...string) *server {
	tb.Helper()
	s := launch(tb, dir, append([]string{"up", "--listen", "127.0.0.1:0", "--data", dir, "--tenant", tenantArg}, extra...)...)
	s.waitReady(tb)
	return s
}

func (s *server) waitReady(tb testing.TB) {
	tb.Helper()
	select {
	case line, ok := <-s.stdout:
		if !ok {
			if said := s.stderr.String(); strings.Contains(said, "engine is not on this machine") {
				testenv.Missing(tb, said)
			}
			require.Fail(tb, "the process ended before it was ready", s.stderr.String())
		}
		require.Regexp(tb, `^footfall ready http://127\.0\.0\.1:\d+$`, line)
		s.url = strings.TrimPrefix(line, "footfall ready ")
	case <-time.After(patience):
		require.Fail(tb, "no ready line", s.stderr.String())
	}
	if s.dir != "" {
		s.readKey(tb)
	}
}

// readKey finds the admin key in the data folder.
func (s *server) readKey(tb testing.TB) {
	tb.Helper()
	var run struct {
		AdminKey string `json:"admin_key"`
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "run.json"))
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(text, &run))
	s.admin = run.AdminKey
}

// wait waits for the process to end and returns its exit status.
func (s *server) wait(tb testing.TB) int {
	tb.Helper()
	select {
	case <-s.exited:
	case <-time.After(patience):
		require.Fail(tb, "the process does not end", s.stderr.String())
	}
	return s.cmd.ProcessState.ExitCode()
}

// stop ends the process the friendly way.
func (s *server) stop(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Zero(tb, s.wait(tb), s.stderr)
}

// kill ends it the other way.
func (s *server) kill(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, s.cmd.Process.Kill())
	<-s.exited
}

// run runs a command to its end.
func run(tb testing.TB, args ...string) (status int, stdout, stderr string) {
	tb.Helper()
	cmd := exec.Command(footfallBinary(tb), args...) //nolint:noctx // the command ends by itself
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	_ = cmd.Run() // the status tells
	return cmd.ProcessState.ExitCode(), out.String(), err.String()
}

// call makes a request with a Bearer key and decodes a 200.
func (s *server) call(tb testing.TB, method, path, key string, body, answer any) {
	tb.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		require.NoError(tb, err)
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, in)
	require.NoError(tb, err)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(tb, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, resp.StatusCode, "%s %s: %s", method, path, text)
	require.NoError(tb, json.Unmarshal(text, answer), "%s", text)
}

// status is GET /api/v1/status.
type status struct {
	Version string
	Ready   bool
	Lag     struct {
		Events  int64
		Seconds float64
	}
	Log struct {
		Kind       string
		Bytes      int64
		Partitions []struct {
			Owner                   string
			From, To, End, Snapshot int64
			LagEvents               int64 `json:"lag_events"`
			Visitors                int64
		}
	}
	Store struct {
		Kind, Version string
		Bytes         int64
		Rows          map[string]int64
	}
	Door   map[string]map[string]int64
	Ledger map[string]ledger
}

type ledger struct{ Accepted, Stored, Duplicate, Quarantined, Pending int64 }

func (s *server) status(tb testing.TB) status {
	tb.Helper()
	var st status
	s.call(tb, http.MethodGet, "/api/v1/status", s.admin, nil, &st)
	return st
}

// settled waits until all that was accepted is visible, and returns the status.
// The ledger balances at every look.
func (s *server) settled(tb testing.TB) status {
	tb.Helper()
	var st status
	require.Eventually(tb, func() bool {
		st = s.status(tb)
		for id, l := range st.Ledger {
			require.Equal(tb, l.Accepted, l.Stored+l.Duplicate+l.Quarantined+l.Pending, "ledger of %s: %+v", id, l)
		}
		return st.Lag.Events == 0
	}, patience, 20*time.Millisecond)
	return st
}

// query asks one question and returns its result.
func query[T any](tb testing.TB, s *server, q map[string]any) T {
	tb.Helper()
	var answer struct{ Result T }
	s.call(tb, http.MethodPost, "/api/v1/query", readKey, q, &answer)
	return answer.Result
}

// trend is the result of a trend.
type trend struct {
	Series []struct {
		Name      string
		Breakdown any
		Total     *float64
		Values    []*float64
	}
}

// always is a range that all data of the tests lies in.
var always = map[string]any{"from": "2000-01-01", "to": "2040-01-01"}

// count asks for one number over all events.
func (s *server) count(tb testing.TB, measure string) int64 {
	tb.Helper()
	res := query[trend](tb, s, map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "*", "measure": measure}},
	})
	require.Len(tb, res.Series, 1)
	require.NotNil(tb, res.Series[0].Total)
	return int64(*res.Series[0].Total)
}

// event is one of the kind events.
type event struct {
	ID         string
	Name       string
	Time       time.Time
	Visitor    string
	User       string
	Person     string
	Session    string
	Properties map[string]any
}

// events lists all events there are, newest first.
func (s *server) events(tb testing.TB) []event {
	tb.Helper()
	var all []event
	for cursor := ""; ; {
		q := map[string]any{"kind": "events", "range": always, "limit": 1000}
		if cursor != "" {
			q["cursor"] = cursor
		}
		page := query[struct {
			Events []event
			Next   string
		}](tb, s, q)
		all = append(all, page.Events...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// imported is the last line of the command import.
type imported struct {
	Import                                        string
	Rows, Accepted, Duplicate, Rejected, Position int64
}

// importFile runs the command import against a running server.
func (s *server) importFile(tb testing.TB, file string, args ...string) imported {
	tb.Helper()
	code, stdout, stderr := run(tb, append([]string{"import", file, "--data", s.dir, "--tenant", "shop"}, args...)...)
	require.Zero(tb, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var res imported
	require.NoError(tb, json.Unmarshal([]byte(lines[len(lines)-1]), &res))
	return res
}
