package kafka

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// freezer makes the brokers of a fake freeze: they take connections, as the
// system does for a stopped process, and neither read nor answer.
type freezer struct{ nodes []*frozenListener }

type frozenListener struct {
	net.Listener
	gate  atomic.Pointer[chan struct{}] // nil unless it is frozen
	since atomic.Int64                  // connections made meanwhile
}

// freezing returns a fake of three brokers, a log on it that has little
// patience, and what freezes them.
func freezing(t *testing.T, change func(*Config)) (*kfake.Cluster, *Log, *freezer) {
	t.Helper()
	f := &freezer{}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.GroupMinSessionTimeout(time.Millisecond),
		kfake.ListenFn(func(network, addr string) (net.Listener, error) {
			l, err := net.Listen(network, addr) //nolint:noctx // it is closed with the fake
			f.nodes = append(f.nodes, &frozenListener{Listener: l})
			return f.nodes[len(f.nodes)-1], err
		}))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	t.Cleanup(f.thaw)
	cfg := configOf(t, cluster.ListenAddrs())
	cfg.answerTime = 200 * time.Millisecond
	if change != nil {
		change(&cfg)
	}
	return cluster, openFake(t, cluster, cfg), f
}

func (f *freezer) freeze(node int32) {
	gate := make(chan struct{})
	f.nodes[node].gate.Store(&gate)
}

func (f *freezer) thaw() {
	for _, n := range f.nodes {
		if gate := n.gate.Swap(nil); gate != nil {
			close(*gate)
		}
	}
}

// tried waits until somebody has connected to a frozen broker anew, some times.
func (f *freezer) tried(t *testing.T, node int32, times int64) {
	t.Helper()
	from := f.nodes[node].since.Load()
	assert.Eventually(t, func() bool { return f.nodes[node].since.Load() >= from+times }, 20*time.Second, time.Millisecond)
}

func (l *frozenListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.gate.Load() != nil {
		l.since.Add(1)
	}
	return &frozenConn{Conn: c, of: l}, nil
}

type frozenConn struct {
	net.Conn
	of *frozenListener
}

func (c *frozenConn) wait() {
	if gate := c.of.gate.Load(); gate != nil {
		<-*gate
	}
}

func (c *frozenConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wait()
	return n, err
}

func (c *frozenConn) Write(b []byte) (int, error) {
	c.wait()
	return c.Conn.Write(b)
}

// leave makes other brokers lead the partitions and the group than one of them.
func leave(t *testing.T, cluster *kfake.Cluster, l *Log, node int32) {
	t.Helper()
	for i := range int32(l.cfg.Partitions) {
		assert.NoError(t, cluster.MoveTopicPartition(l.cfg.Topic, i, (node+1)%3))
	}
	for cluster.CoordinatorFor(l.cfg.Group) == node {
		cluster.RehashCoordinators()
	}
}

// goesOnFast is far less than the client would wait for one answer of the member
// and more than it needs on a busy machine.
const goesOnFast = 15 * time.Second

// TestFrozenCoordinator freezes the coordinator of the group, which another
// broker replaces some time later.
func TestFrozenCoordinator(t *testing.T) {
	t.Parallel()
	cluster, l, freezer := freezing(t, func(c *Config) { c.SessionTimeout = time.Second })
	frozen := cluster.CoordinatorFor(l.cfg.Group)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var started time.Time
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if started.IsZero() {
			assert.NoError(t, p.Commit(ctx, stream.Plan{To: 1}))
			freezer.freeze(frozen)
			started = time.Now()
			freezer.tried(t, frozen, 2)
			leave(t, cluster, l, frozen)
		}
		for ctx.Err() == nil {
			if p.Commit(ctx, stream.Plan{From: 1, To: 1}) == nil {
				cancel()
			}
		}
		return ctx.Err()
	}))
	require.Less(t, time.Since(started), goesOnFast)
}

// TestFrozenCoordinatorKeeps has a member find the broker that replaces its
// frozen coordinator, before anybody misses it.
func TestFrozenCoordinatorKeeps(t *testing.T) {
	t.Parallel()
	cluster, l, freezer := freezing(t, func(c *Config) { c.SessionTimeout = 4 * time.Second })
	frozen := cluster.CoordinatorFor(l.cfg.Group)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	claims := 0
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if claims++; claims > 1 {
			cancel()
			return nil
		}
		assert.NoError(t, p.Commit(ctx, stream.Plan{To: 1}))
		freezer.freeze(frozen)
		leave(t, cluster, l, frozen)
		var beats atomic.Int64
		cluster.ControlKey(kmsg.Heartbeat.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			beats.Add(1)
			return nil, nil, false
		})
		assert.Eventually(t, func() bool { return beats.Load() >= 3 }, goesOnFast, time.Millisecond)
		assert.NoError(t, p.Commit(ctx, stream.Plan{From: 1, To: 1}))
		cancel()
		return nil
	}))
	require.Equal(t, 1, claims, "it is the same claim")
}

// TestFrozenLeader freezes the leader of a partition, which another broker
// replaces some time later.
func TestFrozenLeader(t *testing.T) {
	t.Parallel()
	cluster, l, freezer := freezing(t, nil)
	frozen := (cluster.CoordinatorFor(l.cfg.Group) + 1) % 3
	require.NoError(t, cluster.MoveTopicPartition(l.cfg.Topic, 0, frozen))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		defer cancel()
		first := []footfall.Record{rec(0, "shop", "0")}
		assert.NoError(t, l.Append(ctx, first))
		_, err := p.Read(ctx, first[0].Offset, 1)
		assert.NoError(t, err)
		freezer.freeze(frozen)
		started := time.Now()
		_, err = p.Read(ctx, first[0].Offset+1, 1)
		assert.ErrorIs(t, err, stream.ErrUnavailable)
		leave(t, cluster, l, frozen)
		var got, records []footfall.Record
		for i := 0; records == nil; i++ {
			some := []footfall.Record{rec(0, "shop", fmt.Sprint(i))}
			if l.Append(ctx, some) == nil {
				records = some
			}
		}
		for got == nil {
			got, _ = p.Read(ctx, records[0].Offset, 1)
		}
		assert.Equal(t, timeless(records), timeless(got))
		assert.Less(t, time.Since(started), goesOnFast)
		return nil
	}))
}

// TestPlanOfZombie asks a coordinator for the plan that does not know the claim,
// as one that was frozen.
func TestPlanOfZombie(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, nil)
	var asked, unknown atomic.Int64 // how often, and how often it does not know the claim
	cluster.ControlKey(kmsg.Heartbeat.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if r.GetVersion() != 3 { // that of the member
			return nil, nil, false
		}
		asked.Add(1)
		if unknown.Add(-1) < 0 {
			return nil, nil, false
		}
		response := r.ResponseKind().(*kmsg.HeartbeatResponse)
		response.ErrorCode = kerr.UnknownMemberID.Code
		return response, nil, true
	})
	unknown.Store(2)
	_ = owned(t, l, func(p stream.Partition) struct{} {
		_, planned, err := p.Plan(t.Context())
		assert.NoError(t, err)
		assert.False(t, planned)
		assert.Equal(t, int64(3), asked.Load(), "it asked until one knew the claim")
		return struct{}{}
	})
	unknown.Store(1000)
	_ = owned(t, l, func(p stream.Partition) struct{} {
		_, _, err := p.Plan(t.Context())
		assert.ErrorIs(t, err, stream.ErrFenced)
		return struct{}{}
	})
}
