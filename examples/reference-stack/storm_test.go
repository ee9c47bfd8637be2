package referencestack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

// storm is a deployment of its own, all of whose parts fail.
type storm struct {
	t          *testing.T
	rand       *rand.Rand
	brokers    *kafkatest.Cluster
	topic      string
	killer     string // the library for LD_PRELOAD
	engine     *part
	ingesters  []*part
	processors []*part
	failed     chan error // has the first failure
}

const (
	stormPartitions = 4
	// session is how long a processor may be silent; zombies are for longer.
	session = 3 * time.Second
)

// stormTenants are those whose events come.
var stormTenants = []string{"shop", "club", "news"}

// part is a place for a process, in which one after the other lives.
type part struct {
	name    string
	storm   *storm
	command func() *exec.Cmd
	listens bool // it tells where

	mu   sync.Mutex
	runs *server // nil between two lives
	past []*server

	url atomic.Pointer[string]
}

// newStorm starts brokers and an engine.
func newStorm(t *testing.T, seed uint64, brokers int) *storm {
	t.Helper()
	s := &storm{
		t: t, rand: rand.New(rand.NewPCG(seed, 3)), topic: "storm", killer: testenv.RenameKiller(t), failed: make(chan error, 1),
	}
	program, dir := footfallBinary(t), filepath.Join(t.TempDir(), "engine")
	address := freeAddress(t)
	s.engine = s.add("engine", true, func() *exec.Cmd {
		return exec.Command(program, "engine", "--listen", address, "--data", dir) //nolint:noctx // the faults decide how it ends
	})
	require.NoError(t, s.engine.start())
	s.brokers = kafkatest.Start(t, kafkatest.Config{Brokers: brokers, Proxied: true})
	t.Cleanup(func() { s.end() })
	return s
}

// freeAddress returns one that a process gets again when it is back.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	require.NoError(tb, l.Close())
	return l.Addr().String()
}

func (s *storm) add(name string, listens bool, command func() *exec.Cmd) *part {
	return &part{name: name, storm: s, listens: listens, command: command}
}

// role returns a part that runs a role.
func (s *storm) role(role string, n int, brokers []string) *part {
	args := []string{
		role, "--listen", "127.0.0.1:0", "--admin-key", adminKey, "--kafka", strings.Join(brokers, ","), "--topic", s.topic, "--group", s.topic,
		"--partitions", fmt.Sprint(stormPartitions), "--replication", fmt.Sprint(min(3, len(brokers))), "--kafka-session", "3s",
		"--clickhouse", *s.engine.url.Load(), "--clickhouse-database", s.topic,
	}
	for _, name := range stormTenants {
		args = append(args, "--tenant", fmt.Sprintf("%s:wk_%s:rk_%s", name, name, name))
	}
	return s.add(fmt.Sprintf("%s %d", role, n), role != "process", func() *exec.Cmd {
		return exec.Command(footfallBinary(s.t), args...) //nolint:noctx // the faults decide how it ends
	})
}

// open starts the ingesters and the processors. Answers to these pass a proxy
// that may lose them.
func (s *storm) open(ingesters, processors int, processor func(n int) *part) {
	s.t.Helper()
	for i := range ingesters {
		s.ingesters = append(s.ingesters, s.role("ingest", i, s.brokers.Addrs()))
	}
	for i := range processors {
		s.processors = append(s.processors, processor(i))
	}
	for _, p := range slices.Concat(s.ingesters, s.processors) {
		require.NoError(s.t, p.start())
	}
}

func (s *storm) processor(n int) *part { return s.role("process", n, s.brokers.ProxiedAddrs()) }

// end ends all parts, and tells what they said if the test failed.
func (s *storm) end() {
	for _, p := range slices.Concat([]*part{s.engine}, s.ingesters, s.processors) {
		p.kill()
		if !s.t.Failed() {
			continue
		}
		for i, life := range p.past {
			said := life.stderr.String()
			s.t.Logf("%s, life %d, said:\n%s", p.name, i+1, said[max(0, len(said)-4000):])
		}
	}
}

// fail notes the first failure, which ends the test.
func (s *storm) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// start begins a life. Where it listens is known when it is ready, for which
// nobody waits but the first time.
func (p *part) start(env ...string) error {
	cmd := p.command()
	cmd.Env = append(cmd.Environ(), env...)
	p.mu.Lock()
	life, err := beginCommand("", cmd)
	if err != nil {
		p.mu.Unlock()
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.runs, p.past = life, append(p.past, life)
	p.mu.Unlock()
	if p.listens && p.url.Load() == nil {
		if err := p.ready(life); err != nil {
			return err
		}
	}
	go func() {
		_ = p.ready(life) // its end is noticed anyway
		<-life.exited
		p.died(life)
	}()
	return nil
}

// ready waits for the ready line.
func (p *part) ready(life *server) error {
	line, ok := <-life.stdout
	if !ok {
		return fmt.Errorf("%s ended before it was ready: %s", p.name, life.stderr)
	}
	if url, ok := strings.CutPrefix(line, "footfall ready "); ok {
		p.url.Store(&url)
	}
	return nil
}

// died makes the test fail if nobody ended a life: no part ends by itself,
// whatever happens to the others.
func (p *part) died(life *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs == life {
		p.runs = nil
		p.storm.fail(fmt.Errorf("%s ended by itself: %s", p.name, life.stderr))
	}
}

// take ends what others may do to the life, and returns it.
func (p *part) take() *server {
	p.mu.Lock()
	defer p.mu.Unlock()
	life := p.runs
	p.runs = nil
	return life
}

// kill ends a life at once.
func (p *part) kill() {
	if life := p.take(); life != nil {
		_ = life.cmd.Process.Kill() // it may be gone
		<-life.exited
	}
}

// leave ends a life in good order, or at once if that takes too long: what it
// waits for may be away.
func (p *part) leave(ctx context.Context, patience time.Duration) {
	life := p.take()
	if life == nil {
		return
	}
	_ = life.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-life.exited:
	case <-time.After(patience):
	case <-ctx.Done():
	}
	_ = life.cmd.Process.Kill() // it may be gone
	<-life.exited
}

// freeze stops a process in the middle of whatever it does, and lets it go on.
func (p *part) freeze(d time.Duration) {
	p.mu.Lock()
	life := p.runs
	p.mu.Unlock()
	if life == nil {
		return
	}
	_ = life.cmd.Process.Signal(syscall.SIGSTOP) // it may be gone
	<-time.After(d)
	_ = life.cmd.Process.Signal(syscall.SIGCONT)
}
