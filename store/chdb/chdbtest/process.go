package chdbtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
)

// program is `footfall`, built by the first test that asks. The go command's
// cache of test results does not see what it is made of: a test that wants to
// run again when that changes imports examples/reference-stack/stack.
var program struct {
	sync.Once
	path string
	err  error
}

func footfall(tb testing.TB) string {
	tb.Helper()
	program.Do(func() {
		dir, err := directory()
		if err != nil {
			program.err = err
			return
		}
		program.path = filepath.Join(dir, "footfall")
		out, err := exec.CommandContext(context.Background(), "go", "build", "-o", program.path,
			"github.com/footfall-go/footfall/examples/reference-stack/cmd/footfall").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if program.err != nil {
		tb.Fatalf("build footfall: %v", program.err)
	}
	return program.path
}

// Process is an engine in a process of its own: `footfall engine`.
type Process struct {
	// URL is where it listens, the same after each restart.
	URL string

	tb     testing.TB
	args   []string
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	exited chan struct{}
}

// Launch starts an engine over a folder and waits until it is ready. It ends
// with the test. Where the library is missing the test skips, as with [Engine].
func Launch(tb testing.TB, dir string, args ...string) *Process {
	tb.Helper()
	p := &Process{tb: tb, args: append([]string{"engine", "--data", dir}, args...)}
	p.start("127.0.0.1:0")
	tb.Cleanup(p.Kill)
	return p
}

func (p *Process) start(listen string) {
	p.tb.Helper()
	p.cmd = testenv.Tie(exec.Command(footfall(p.tb), append(p.args, "--listen", listen)...)) //nolint:noctx // the test decides how it ends
	p.stderr, p.exited = &bytes.Buffer{}, make(chan struct{})
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.tb.Fatalf("start the engine: %v", err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n') // what was read tells
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // the status is that of a signal mostly
		close(exited)
	}(p.cmd, p.exited)
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "footfall ready ")
	if !ready {
		p.Kill()
		if said := p.stderr.String(); strings.Contains(said, chdb.ErrNoLibrary.Error()) {
			testenv.Missing(p.tb, said)
		}
		p.tb.Fatalf("the engine did not start: %s", p.stderr)
	}
	p.URL = url
}

// Kill ends the process as a crash would.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may be gone
	<-p.exited
}

// Restart starts the engine again, at the same address and over the same folder.
func (p *Process) Restart() {
	p.tb.Helper()
	p.start(strings.TrimPrefix(p.URL, "http://"))
}

// Stop makes the process a server that is there and does not answer, until
// Continue.
func (p *Process) Stop() {
	p.tb.Helper()
	p.signal(syscall.SIGSTOP)
	// The signal takes its time: what is asked meanwhile may still be answered.
	client := http.Client{Timeout: 50 * time.Millisecond}
	for {
		request, err := http.NewRequestWithContext(p.tb.Context(), http.MethodGet, p.URL+"/ping", nil)
		if err != nil {
			p.tb.Fatalf("ask the engine: %v", err)
		}
		response, err := client.Do(request)
		if err != nil {
			return
		}
		_ = response.Body.Close()
	}
}

// Continue ends what Stop began.
func (p *Process) Continue() {
	p.tb.Helper()
	p.signal(syscall.SIGCONT)
}

func (p *Process) signal(s syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.tb.Fatalf("signal the engine: %v", err)
	}
}
