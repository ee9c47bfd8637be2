package kafka

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream"
)

// holder owns what it is given, and tells.
type holder struct {
	mu     sync.Mutex
	held   map[uint16]stream.Partition
	losses int
	ended  chan error
	stop   context.CancelFunc
}

func holding(t *testing.T, l *Log) *holder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	h := &holder{held: map[uint16]stream.Partition{}, ended: make(chan error, 1), stop: cancel}
	go func() {
		h.ended <- l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
			_, n := p.ID()
			h.mu.Lock()
			h.held[n] = p
			h.mu.Unlock()
			<-ctx.Done()
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.held, n)
			h.losses++
			return ctx.Err()
		})
	}()
	t.Cleanup(cancel)
	return h
}

func (h *holder) numbers() []uint16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	var held []uint16
	for n := range h.held {
		held = append(held, n)
	}
	return slices.Sorted(slices.Values(held))
}

func (h *holder) eventually(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(h.numbers()) == n }, time.Minute, 10*time.Millisecond, "to own %d partitions", n)
}

// TestRebalance lets a second processor join and leave.
func TestRebalance(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	cfg.Partitions, cfg.SessionTimeout, cfg.ClientID = 4, 2*time.Second, "first"
	a := open(t, cfg)
	require.NoError(t, a.Append(t.Context(), []footfall.Record{rec(0, "shop", "1"), rec(3, "shop", "2"), rec(3, "shop", "3")}))
	first := holding(t, a)
	first.eventually(t, 4)
	first.mu.Lock()
	old := maps.Clone(first.held)
	first.mu.Unlock()
	require.NoError(t, old[3].Commit(t.Context(), stream.Plan{From: 1, To: 2, Fold: 4}))
	require.NoError(t, old[3].Follower("tap").Move(t.Context(), 1))

	cfg.ClientID = "second"
	second := holding(t, open(t, cfg))
	second.eventually(t, 2)
	first.eventually(t, 2)
	require.Empty(t, slices.DeleteFunc(first.numbers(), func(n uint16) bool { return !slices.Contains(second.numbers(), n) }))
	for _, p := range old {
		require.ErrorIs(t, p.Commit(t.Context(), stream.Plan{}), stream.ErrFenced, "also where it is the same process again")
	}

	positions, err := a.Positions(t.Context())
	require.NoError(t, err)
	require.Len(t, positions, 4)
	for i, p := range positions {
		want := "second"
		if slices.Contains(first.numbers(), uint16(i)) {
			want = "first"
		}
		require.Equal(t, want, p.Client)
		require.NotEmpty(t, p.Member)
		require.Contains(t, p.Host, "127.0.0.1")
		require.Equal(t, uint16(7), p.Epoch)
		require.Equal(t, uint16(i), p.Partition)
	}
	require.Equal(t, stream.Plan{From: 1, To: 2, Fold: 4}, positions[3].Plan)
	require.True(t, positions[3].Planned)
	require.Equal(t, map[string]int64{"tap": 1}, positions[3].Followers)
	require.Equal(t, int64(1), positions[3].Records)
	require.WithinDuration(t, time.Now(), positions[3].Oldest.Time(), time.Minute)
	require.Positive(t, positions[3].Lag(time.Now().Add(time.Second)))
	require.False(t, positions[0].Planned)
	require.Equal(t, int64(1), positions[0].Records)
	require.Zero(t, positions[1].Records)
	require.Zero(t, positions[1].Lag(time.Now()))

	second.stop()
	require.NoError(t, <-second.ended)
	first.eventually(t, 4)
	first.stop()
	require.NoError(t, <-first.ended)
	positions, err = a.Positions(t.Context())
	require.NoError(t, err)
	require.Empty(t, positions[0].Member, "nobody owns it")
}

// TestStaticMember restarts a processor within its session: the other keeps
// what it has.
func TestStaticMember(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	cfg.Partitions, cfg.SessionTimeout = 4, 20*time.Second
	cfg.InstanceID = "first"
	a := open(t, cfg)
	first := holding(t, a)
	first.eventually(t, 4)
	cfg.InstanceID = "second"
	second := holding(t, open(t, cfg))
	second.eventually(t, 2)
	first.eventually(t, 2)
	had := first.numbers()
	second.mu.Lock()
	second.losses = 0
	second.mu.Unlock()

	first.stop()
	require.NoError(t, <-first.ended)
	require.NoError(t, a.Close())
	cfg.InstanceID = "first"
	again := holding(t, open(t, cfg))
	again.eventually(t, 2)
	require.Equal(t, had, again.numbers())
	second.mu.Lock()
	defer second.mu.Unlock()
	require.Zero(t, second.losses)
	for _, p := range second.held {
		require.NoError(t, p.Commit(t.Context(), stream.Plan{}))
	}
}

// TestDrain works on after the context has ended: until fn returns nobody else
// owns the partition.
func TestDrain(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	cfg.SessionTimeout = time.Second
	l := open(t, cfg)
	require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		cancel()
		<-ctx.Done()
		for end := time.Now().Add(2 * cfg.SessionTimeout); time.Now().Before(end); {
			_, err := p.Read(t.Context(), 0, 1)
			assert.NoError(t, err)
			assert.NoError(t, p.Commit(t.Context(), stream.Plan{From: 1, To: 1}))
		}
		return nil
	}))
}

// TestZombie stops an owner in its tracks, has another take over, and lets the
// first go on.
func TestZombie(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	cfg.SessionTimeout = time.Second
	l := open(t, cfg)
	out := &lines{}
	child := testenv.Tie(exec.CommandContext(t.Context(), os.Args[0], cfg.Brokers[0], cfg.Topic))
	child.Env = append(os.Environ(), "KAFKA_TEST_CHILD=commit")
	child.Stdout, child.Stderr = out, os.Stderr
	require.NoError(t, child.Start())
	require.Eventually(t, func() bool { return out.count("committed") > 5 }, time.Minute, time.Millisecond)
	require.NoError(t, child.Process.Signal(syscall.SIGSTOP))

	plan := stream.Plan{From: 1000, To: 2000, Fold: 9}
	h := holding(t, l)
	h.eventually(t, 1)
	h.mu.Lock()
	p := h.held[0]
	h.mu.Unlock()
	require.NoError(t, p.Commit(t.Context(), plan))
	require.NoError(t, child.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool { return out.count("fenced") > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // the status is that of the signal
	h.stop()
	require.NoError(t, <-h.ended)
	require.Equal(t, plan, owned(t, l, func(p stream.Partition) stream.Plan {
		got, _, err := p.Plan(t.Context())
		assert.NoError(t, err)
		return got
	}))
}

// lines are what a child has said.
type lines struct {
	mu   sync.Mutex
	said strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.Write(b)
}

func (l *lines) count(word string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.said.String(), word)
}

// commitUntilKilled is the child of TestZombie.
func commitUntilKilled(broker, topic string) error {
	l, err := New(Config{
		Brokers: []string{broker}, Topic: topic, Group: topic, Partitions: 1, Replication: 1,
		SessionTimeout: time.Second, Snapshots: newMemorySnapshots(),
	})
	if err != nil {
		return err
	}
	return l.Own(context.Background(), func(_ context.Context, p stream.Partition) error {
		for i := int64(0); ; i++ {
			if err := p.Commit(context.Background(), stream.Plan{From: i, To: i}); err != nil {
				fmt.Println("fenced:", err)
				return err
			}
			fmt.Println("committed")
		}
	})
}
