package referencestack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	// What the tests run is built by the go command behind the back of the test
	// cache: the import makes a change of the binary a change of the tests.
	_ "github.com/footfall-go/footfall/examples/reference-stack/stack"
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
	closeShared()
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
	s, err := beginCommand(dir, cmd)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may be gone
		<-s.exited
		if tb.Failed() {
			tb.Logf("the process said:\n%s", s.stderr)
		}
	})
	return s
}

// begin starts a process that nobody ends unless told to.
func begin(dir, program string, args ...string) (*server, error) {
	return beginCommand(dir, exec.Command(program, args...)) //nolint:noctx // the tests decide how it ends
}

func beginCommand(dir string, cmd *exec.Cmd) (*server, error) {
	s := &server{dir: dir, cmd: testenv.Tie(cmd), stdout: make(chan string, 16), stderr: &log{}, exited: make(chan struct{})}
	s.cmd.Env = append(s.cmd.Environ(), "GOTRACEBACK=all")
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			s.stdout <- lines.Text()
		}
		close(s.stdout)
		_ = s.cmd.Wait() // the exit status is in ProcessState
		close(s.exited)
	}()
	return s, nil
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
	cmd := testenv.Tie(exec.Command(footfallBinary(tb), args...)) //nolint:noctx // the command ends by itself
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	_ = cmd.Run() // the status tells
	return cmd.ProcessState.ExitCode(), out.String(), err.String()
}
