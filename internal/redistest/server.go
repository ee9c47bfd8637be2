// Package redistest starts a Redis of a test's own, which the test may stop,
// kill and start again.
package redistest

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall/internal/testenv"
)

// Server is a redis-server, or a valkey-server, on a loopback port.
type Server struct {
	// Addr is where it listens, also after a restart.
	Addr string
	path string
	dir  string
	port string
	cmd  *exec.Cmd
}

// Start starts a server that keeps nothing on disk and ends with the test.
// Without the program the test ends, see [testenv.Missing].
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{dir: tb.TempDir()}
	var err error
	for _, name := range []string{"redis-server", "valkey-server"} {
		if s.path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if err != nil {
		testenv.Missing(tb, "no redis-server: apt-get install redis-server")
	}
	listen := net.ListenConfig{}
	free, err := listen.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.Addr = free.Addr().String()
	_, s.port, _ = net.SplitHostPort(s.Addr) // the address is the listener's own
	if err := free.Close(); err != nil {
		tb.Fatal(err)
	}
	s.Restart(tb)
	tb.Cleanup(s.end)
	return s
}

// Restart starts the server, empty, after it was killed.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.cmd = testenv.Tie(exec.Command(s.path, "--port", s.port, "--bind", "127.0.0.1", "--dir", s.dir, //nolint:noctx // it outlives the context of the test, whose cleanup ends it
		"--save", "", "--appendonly", "no", "--logfile", filepath.Join(s.dir, "log")))
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	end := time.Now().Add(30 * time.Second)
	for err := s.ping(); err != nil; err = s.ping() {
		if time.Now().After(end) {
			tb.Fatalf("redis-server does not answer: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ping asks the server for a sign of life, by its own protocol.
func (s *Server) ping() error {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second) //nolint:noctx // the timeout is enough
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing is expected of it any more
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 7)
	if n, err := conn.Read(answer); err != nil || string(answer[:n]) != "+PONG\r\n" {
		return fmt.Errorf("it answered %q: %w", answer[:n], err)
	}
	return nil
}

// Client returns a client of the server that is closed with the test.
func (s *Server) Client(tb testing.TB) rueidis.Client {
	tb.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Addr}, ForceSingleClient: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// Kill ends the server by SIGKILL; its port refuses connections then.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.end()
}

// Pause stops the server, so that connections stay open and nothing answers.
func (s *Server) Pause(tb testing.TB) { s.signal(tb, syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume(tb testing.TB) { s.signal(tb, syscall.SIGCONT) }

func (s *Server) signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) end() {
	_ = s.cmd.Process.Kill() // it may have ended already
	_ = s.cmd.Wait()         // the status is that of the signal
}
