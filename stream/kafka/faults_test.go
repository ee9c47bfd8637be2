package kafka

import (
	"context"
	"errors"
	"fmt"
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

// fake returns a log on a fake of Kafka, which fails on request.
func fake(t *testing.T, brokers int, change func(*Config)) (*kfake.Cluster, *Log) {
	t.Helper()
	cluster := newFake(t, brokers)
	cfg := configOf(t, cluster.ListenAddrs())
	if change != nil {
		change(&cfg)
	}
	return cluster, openFake(t, cluster, cfg)
}

func newFake(tb testing.TB, brokers int) *kfake.Cluster {
	tb.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.GroupMinSessionTimeout(time.Millisecond))
	require.NoError(tb, err)
	tb.Cleanup(cluster.Close)
	return cluster
}

func openFake(tb testing.TB, cluster *kfake.Cluster, cfg Config) *Log {
	tb.Helper()
	l, err := New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			require.ErrorIs(tb, err, ErrClosed)
		}
	})
	// It knows fewer settings than a broker and refuses the others.
	require.NoError(tb, cluster.CreateTopic(l.cfg.Topic, int32(l.cfg.Partitions), map[string]string{
		timestampType: "LogAppendTime", maxMessageBytes: fmt.Sprint(maxBatch),
	}))
	require.NoError(tb, l.CheckTopic(tb.Context()))
	return l
}

// timeless takes the times out of records: the fake has topics keep those of the
// producer, whatever they are told.
func timeless(records []footfall.Record) []footfall.Record {
	for i := range records {
		records[i].Time = 0
	}
	return records
}

// all returns what partition 0 holds.
func all(t *testing.T, l *Log) []footfall.Record {
	t.Helper()
	return owned(t, l, func(p stream.Partition) []footfall.Record {
		from, end, err := p.Bounds(t.Context())
		assert.NoError(t, err)
		var records []footfall.Record
		for from < end {
			some, err := p.Read(t.Context(), from, 1<<20)
			if !assert.NoError(t, err) {
				break
			}
			records = append(records, some...)
			from = some[len(some)-1].Offset + 1
		}
		return timeless(records)
	})
}

// TestAppendAcknowledgedLate loses answers of brokers that did append.
func TestAppendAcknowledgedLate(t *testing.T) {
	t.Parallel()
	for _, code := range []*kerr.Error{kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend} {
		cluster, l := fake(t, 1, nil)
		faults := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: code, Count: 2})
		var want []footfall.Record
		for i := range 3 {
			records := []footfall.Record{rec(0, "shop", fmt.Sprint(i)), rec(0, "shop", "second")}
			require.NoError(t, l.Append(t.Context(), records))
			want = append(want, records...)
		}
		require.Equal(t, 2, faults.Hits())
		require.Equal(t, timeless(want), all(t, l), "each once, where Append said")
	}
}

// TestAppendFails takes away what appending needs, for a moment and for good.
func TestAppendFails(t *testing.T) {
	t.Parallel()
	for _, code := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.KafkaStorageError,
	} {
		cluster, l := fake(t, 1, func(c *Config) { c.AppendTimeout = 3 * time.Second })
		once := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: code})
		first := []footfall.Record{rec(0, "shop", "first")}
		require.NoError(t, l.Append(t.Context(), first), code)
		require.Equal(t, 1, once.Hits())

		l.cfg.AppendTimeout = 200 * time.Millisecond
		always := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: code, Count: -1})
		require.ErrorIs(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "refused")}), stream.ErrUnavailable, code)
		always.Remove()
		l.cfg.AppendTimeout = 3 * time.Second
		last := []footfall.Record{rec(0, "shop", "last")}
		require.NoError(t, l.Append(t.Context(), last), code)
		require.Equal(t, timeless(append(first, last...)), all(t, l))
	}
}

// TestAppendTooLarge is refused for good, and harms nothing.
func TestAppendTooLarge(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, nil)
	large := rec(0, "shop", string(make([]byte, maxBatch)))
	err := l.Append(t.Context(), []footfall.Record{large})
	require.Error(t, err)
	require.NotErrorIs(t, err, stream.ErrUnavailable)
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.MessageTooLarge})
	err = l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")})
	require.Error(t, err)
	require.NotErrorIs(t, err, stream.ErrUnavailable)
	require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "2")}))
	require.Len(t, all(t, l), 1)
}

// hold makes the broker keep requests without an answer until the function it
// returns is called.
func hold(t *testing.T, cluster *kfake.Cluster, key kmsg.Key, which func(kmsg.Request) bool) (held *atomic.Int64, release func()) {
	t.Helper()
	held = &atomic.Int64{}
	gate := make(chan struct{})
	cluster.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if which == nil || which(r) {
			held.Add(1)
			cluster.SleepControl(func() { <-gate })
		}
		return nil, nil, false
	})
	var released atomic.Bool
	release = func() {
		if released.CompareAndSwap(false, true) {
			close(gate)
		}
	}
	t.Cleanup(release)
	return held, release
}

// TestBackPressure fills the way to a broker that does not answer.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, func(c *Config) { c.MaxInFlight = 10_000 })
	held, release := hold(t, cluster, kmsg.Produce, nil)
	ended := make(chan error, 1)
	first := []footfall.Record{rec(0, "shop", string(make([]byte, 8000)))}
	go func() { ended <- l.Append(t.Context(), first) }()
	require.Eventually(t, func() bool { return held.Load() == 1 }, 10*time.Second, time.Millisecond)

	require.ErrorIs(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", string(make([]byte, 8000)))}), stream.ErrUnavailable)
	require.Empty(t, ended, "it did not wait for room")
	gone, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() { waiting <- l.Append(gone, []footfall.Record{rec(0, "shop", "small")}) }()
	cancel()
	require.ErrorIs(t, <-waiting, context.Canceled)
	require.Empty(t, ended)

	release()
	require.NoError(t, <-ended)
	require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", string(make([]byte, 8000)))}), "there is room again")
}

// TestCommitAmbiguous loses answers to commits that were made.
func TestCommitAmbiguous(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, nil)
	require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1"), rec(0, "shop", "2")}))
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.RequestTimedOut, Count: 2})
	_ = owned(t, l, func(p stream.Partition) struct{} {
		plan := stream.Plan{To: 1, Fold: 3}
		assert.NoError(t, p.Commit(t.Context(), plan), "it is repeated")
		always := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.RequestTimedOut, Count: -1})
		next := stream.Plan{From: 1, To: 2, Fold: 3}
		assert.ErrorIs(t, p.Commit(t.Context(), next), stream.ErrUnavailable)
		always.Remove()
		got, _, err := p.Plan(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, next, got, "what came of it is asked for")
		lost := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.CoordinatorLoadInProgress, Count: -1})
		assert.ErrorIs(t, p.Commit(t.Context(), stream.Plan{From: 2, To: 2}), stream.ErrUnavailable)
		lost.Remove()
		got, _, err = p.Plan(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, next, got, "nothing came of it")
		return struct{}{}
	})
}

// TestCommitConnectionLost closes the connection of commits.
func TestCommitConnectionLost(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 3, nil)
	var times atomic.Int64
	cluster.ControlKey(kmsg.OffsetCommit.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if times.Add(1) <= 2 {
			return nil, errors.New("gone"), true
		}
		return nil, nil, false
	})
	_ = owned(t, l, func(p stream.Partition) struct{} {
		plan := stream.Plan{To: 1}
		assert.NoError(t, p.Commit(t.Context(), plan))
		got, _, err := p.Plan(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, plan, got)
		return struct{}{}
	})
	require.Equal(t, int64(3), times.Load())
}

// TestCoordinatorMoves keeps a partition while another broker becomes the
// coordinator of the group.
func TestCoordinatorMoves(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 3, func(c *Config) { c.SessionTimeout = time.Second })
	before := cluster.CoordinatorFor(l.cfg.Group)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	moved := false
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if err := p.Commit(ctx, stream.Plan{To: 1}); err != nil {
			return err
		}
		for !moved {
			cluster.RehashCoordinators()
			moved = cluster.CoordinatorFor(l.cfg.Group) != before
		}
		// The new one may know the member, or else have it join again.
		err := p.Commit(ctx, stream.Plan{From: 1, To: 1})
		if err == nil {
			cancel()
		}
		return err
	}))
	require.Equal(t, stream.Plan{From: 1, To: 1}, owned(t, l, func(p stream.Partition) stream.Plan {
		plan, _, err := p.Plan(t.Context())
		assert.NoError(t, err)
		return plan
	}))
}

// TestCommitFenced tells an owner that it is none, in each way that a
// coordinator has for it.
func TestCommitFenced(t *testing.T) {
	t.Parallel()
	for _, code := range []*kerr.Error{kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.FencedInstanceID} {
		cluster, l := fake(t, 1, nil)
		cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: code})
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		var old stream.Partition
		err := l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
			calls++
			if calls == 1 {
				old = p
				err := p.Commit(ctx, stream.Plan{To: 1})
				assert.ErrorIs(t, err, stream.ErrFenced, code)
				return err
			}
			assert.ErrorIs(t, old.Commit(ctx, stream.Plan{To: 1}), stream.ErrFenced)
			assert.NoError(t, p.Commit(ctx, stream.Plan{To: 1}))
			cancel()
			return nil
		})
		cancel()
		require.NoError(t, err)
		require.Equal(t, 2, calls, "it is owned again")
	}
}

// TestSlowFetch has one partition's leader keep its answer.
func TestSlowFetch(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, func(c *Config) { c.Partitions = 2 })
	records := []footfall.Record{rec(0, "shop", "0"), rec(1, "shop", "1")}
	require.NoError(t, l.Append(t.Context(), records))
	held, release := hold(t, cluster, kmsg.Fetch, func(r kmsg.Request) bool {
		f := r.(*kmsg.FetchRequest)
		return f.MaxBytes == fetchBytes && len(f.Topics) == 1 && len(f.Topics[0].Partitions) == 1 && f.Topics[0].Partitions[0].Partition == 0
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	other := make(chan []footfall.Record, 1)
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if _, n := p.ID(); n == 1 {
			assert.Eventually(t, func() bool { return held.Load() > 0 }, 10*time.Second, time.Millisecond)
			got, err := p.Read(ctx, records[1].Offset, 1)
			other <- got
			return err
		}
		waiting, give := context.WithCancel(ctx)
		go func() {
			assert.Equal(t, timeless(records[1:]), timeless(<-other), "the other partition is not held up")
			give()
		}()
		_, err := p.Read(waiting, records[0].Offset, 1)
		assert.ErrorIs(t, err, context.Canceled, "who waits may go")
		release()
		got, err := p.Read(ctx, records[0].Offset, 1)
		assert.Equal(t, timeless(records[:1]), timeless(got))
		cancel()
		return err
	}))
}

// TestLeaderMoves appends and reads while the leader changes.
func TestLeaderMoves(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 3, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		defer cancel()
		for i := range int32(9) {
			if err := cluster.MoveTopicPartition(l.cfg.Topic, 0, i%3); err != nil {
				return err
			}
			records := []footfall.Record{rec(0, "shop", fmt.Sprint(i))}
			if err := l.Append(ctx, records); err != nil {
				return err
			}
			got, err := p.Read(ctx, records[0].Offset, 1)
			if err != nil {
				return err
			}
			assert.Equal(t, timeless(records), timeless(got))
			assert.Equal(t, int64(i), got[0].Offset)
		}
		return nil
	}))
}

// TestReadFails tells of a log that cannot be read now.
func TestReadFails(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, nil)
	records := []footfall.Record{rec(0, "shop", "0")}
	require.NoError(t, l.Append(t.Context(), records))
	_ = owned(t, l, func(p stream.Partition) struct{} {
		away := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.KafkaStorageError, Count: -1})
		_, err := p.Read(t.Context(), 0, 1)
		assert.ErrorIs(t, err, stream.ErrUnavailable)
		away.Remove()
		got, err := p.Read(t.Context(), 0, 1)
		assert.NoError(t, err)
		assert.Equal(t, timeless(records), timeless(got))

		_, err = p.Read(t.Context(), 5, 1)
		assert.True(t, footfall.IsPermanent(err), "records that were there are gone: %v", err)
		return struct{}{}
	})
}
