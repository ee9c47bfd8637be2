package kafka

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// zombie is a broker of a fake that answers as it did before it froze: it leads
// partition 0 and coordinates the group, as far as it knows.
type zombie struct {
	cluster *kfake.Cluster
	node    int32
	topic   string
	end     int64  // of the partition
	offset  int64  // that was committed
	places  string // likewise
	asked   atomic.Int64
}

// wake makes a broker a zombie.
func (z *zombie) wake() {
	z.answer(kmsg.Metadata, func(r kmsg.Response) {
		m := r.(*kmsg.MetadataResponse)
		for node := range int32(3) {
			b := kmsg.NewMetadataResponseBroker()
			b.NodeID = node
			b.Host, b.Port = z.at(node)
			m.Brokers = append(m.Brokers, b)
		}
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Leader, p.LeaderEpoch, p.Replicas, p.ISR = z.node, 0, []int32{0, 1, 2}, []int32{0, 1, 2}
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.TopicID = &z.topic, z.cluster.TopicInfo(z.topic).TopicID
		topic.Partitions = append(topic.Partitions, p)
		m.Topics = append(m.Topics, topic)
	})
	z.answer(kmsg.ListOffsets, func(r kmsg.Response) {
		p := kmsg.NewListOffsetsResponseTopicPartition()
		p.Offset = z.end
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic, topic.Partitions = z.topic, append(topic.Partitions, p)
		l := r.(*kmsg.ListOffsetsResponse)
		l.Topics = append(l.Topics, topic)
	})
	z.answer(kmsg.Fetch, func(r kmsg.Response) {
		p := kmsg.NewFetchResponseTopicPartition()
		p.ErrorCode, p.RecordBatches = kerr.OffsetOutOfRange.Code, []byte{}
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.Partitions = z.topic, append(topic.Partitions, p)
		f := r.(*kmsg.FetchResponse)
		f.Topics = append(f.Topics, topic)
	})
	z.answer(kmsg.FindCoordinator, func(r kmsg.Response) {
		f := r.(*kmsg.FindCoordinatorResponse)
		f.NodeID = z.node
		f.Host, f.Port = z.at(z.node)
	})
	z.answer(kmsg.OffsetFetch, func(r kmsg.Response) {
		p := kmsg.NewOffsetFetchResponseTopicPartition()
		p.Offset, p.Metadata = z.offset, &z.places
		topic := kmsg.NewOffsetFetchResponseTopic()
		topic.Topic, topic.Partitions = z.topic, append(topic.Partitions, p)
		f := r.(*kmsg.OffsetFetchResponse)
		f.Topics = append(f.Topics, topic)
	})
	z.answer(kmsg.DescribeGroups, func(r kmsg.Response) {
		g := kmsg.NewDescribeGroupsResponseGroup()
		g.Group, g.State = z.topic, "Empty" // the group is called like the topic
		d := r.(*kmsg.DescribeGroupsResponse)
		d.Groups = append(d.Groups, g)
	})
}

func (z *zombie) at(node int32) (host string, port int32) {
	host, p, _ := net.SplitHostPort(z.cluster.ListenAddrs()[node])
	n, _ := strconv.Atoi(p)
	return host, int32(n)
}

func (z *zombie) answer(key kmsg.Key, fill func(kmsg.Response)) {
	z.cluster.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		z.cluster.KeepControl()
		if z.cluster.CurrentNode() != z.node {
			return nil, nil, false
		}
		z.asked.Add(1)
		answer := r.ResponseKind()
		fill(answer)
		return answer, nil, true
	})
}

// untilTrue calls f until it succeeds; before it may say that it does not know.
func untilTrue(t *testing.T, f func() error) {
	t.Helper()
	for {
		err := f()
		if err == nil {
			return
		}
		if !assert.ErrorIs(t, err, stream.ErrUnavailable) {
			return
		}
	}
}

// TestZombieLeader reads a partition with a client that knows its old leader,
// who is back and takes itself for it.
func TestZombieLeader(t *testing.T) {
	t.Parallel()
	for range 3 { // whom clients ask is chance
		cluster, l := fake(t, 3, nil)
		require.NoError(t, cluster.MoveTopicPartition(l.cfg.Topic, 0, 0))
		records := []footfall.Record{rec(0, "shop", "0"), rec(0, "shop", "1"), rec(0, "shop", "2")}
		require.NoError(t, l.Append(t.Context(), records[:1]))
		z := &zombie{cluster: cluster, node: 0, topic: l.cfg.Topic, end: 1, offset: -1}

		require.NoError(t, cluster.MoveTopicPartition(l.cfg.Topic, 0, 1))
		other, err := New(l.cfg)
		require.NoError(t, err)
		require.NoError(t, other.Append(t.Context(), records[1:]))
		require.NoError(t, other.Close())
		for cluster.CoordinatorFor(l.cfg.Group) == z.node { // of which another test is
			cluster.RehashCoordinators()
		}
		z.wake()
		p := l.newPartition(0, "", -1)
		defer p.lose()
		untilTrue(t, func() error {
			_, end, err := p.Bounds(t.Context())
			if err == nil {
				assert.Equal(t, int64(3), end)
			}
			return err
		})
		untilTrue(t, func() error {
			got, err := p.Read(t.Context(), records[2].Offset, 1)
			if err == nil {
				assert.Equal(t, timeless(records[2:]), timeless(got))
			}
			return err
		})
		require.Positive(t, z.asked.Load())
	}
}

// TestZombieCoordinator asks for what is committed with a client that knows the
// old coordinator, who is back and takes itself for it.
func TestZombieCoordinator(t *testing.T) {
	t.Parallel()
	for range 3 { // whom clients ask is chance
		cluster, l := fake(t, 3, nil)
		node := cluster.CoordinatorFor(l.cfg.Group)
		require.NoError(t, cluster.MoveTopicPartition(l.cfg.Topic, 0, (node+1)%3))
		require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "0"), rec(0, "shop", "1")}))
		_ = owned(t, l, func(p stream.Partition) error { return p.Commit(t.Context(), stream.Plan{From: 1, To: 1}) })
		old := places{plan: stream.Plan{From: 1, To: 1}, planned: true}
		z := &zombie{cluster: cluster, node: node, topic: l.cfg.Topic, end: 1}
		var err error
		z.offset, z.places, err = old.encode()
		require.NoError(t, err)
		knows, err := New(l.cfg) // the old one
		require.NoError(t, err)
		_, err = knows.Positions(t.Context())
		require.NoError(t, err)
		for cluster.CoordinatorFor(l.cfg.Group) == node {
			cluster.RehashCoordinators()
		}
		ctx, leave := context.WithCancel(t.Context())
		left, committed := make(chan error, 1), make(chan error, 10)
		go func() {
			left <- l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
				committed <- errors.Join(p.Commit(ctx, stream.Plan{From: 2, To: 2, Written: 2}), p.Follower("f").Move(ctx, 2))
				<-ctx.Done()
				return ctx.Err()
			})
		}()
		require.NoError(t, <-committed)
		z.wake()
		fresh := l.cfg
		fresh.Brokers = []string{cluster.ListenAddrs()[node]}
		learns, err := New(fresh) // from the zombie first
		require.NoError(t, err)
		for _, l := range []*Log{knows, learns} {
			untilTrue(t, func() error {
				seen, err := l.sight(t.Context())
				if err == nil {
					assert.Equal(t, int64(2), seen.plans[0].From)
				}
				return err
			})
			untilTrue(t, func() error {
				positions, err := l.Positions(t.Context())
				if err == nil {
					assert.Equal(t, int64(2), positions[0].Plan.From)
					assert.Equal(t, map[string]int64{"f": 2}, positions[0].Followers)
				}
				return err
			})
			untilTrue(t, func() error {
				n, err := l.Members(t.Context())
				if err == nil {
					assert.Equal(t, 1, n)
				}
				return err
			})
			require.NoError(t, l.Close())
		}
		leave()
		require.NoError(t, <-left)
		require.Positive(t, z.asked.Load())
	}
}

// TestPlanOfZombieThatKnows asks what came of a commit, and is told what was
// committed long before: by a zombie that knows the claim, and nobody else to ask.
func TestPlanOfZombieThatKnows(t *testing.T) {
	t.Parallel()
	cluster, l := fake(t, 1, nil)
	old := "v1 1 0 0"
	var lies atomic.Bool
	cluster.ControlKey(kmsg.OffsetFetch.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if !lies.Load() {
			return nil, nil, false
		}
		p := kmsg.NewOffsetFetchResponseTopicPartition()
		p.Metadata = &old
		topic := kmsg.NewOffsetFetchResponseTopic()
		topic.Topic, topic.Partitions = l.cfg.Topic, append(topic.Partitions, p)
		answer := r.ResponseKind().(*kmsg.OffsetFetchResponse)
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	})
	_ = owned(t, l, func(p stream.Partition) struct{} {
		assert.NoError(t, p.Commit(t.Context(), stream.Plan{To: 1}))
		assert.NoError(t, p.Commit(t.Context(), stream.Plan{From: 1, To: 2}))
		faults := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.RequestTimedOut, Count: -1})
		next := stream.Plan{From: 2, To: 3}
		assert.ErrorIs(t, p.Commit(t.Context(), next), stream.ErrUnavailable)
		faults.Remove()
		lies.Store(true)
		_, _, err := p.Plan(t.Context())
		assert.ErrorIs(t, err, stream.ErrUnavailable)
		assert.ErrorIs(t, p.Commit(t.Context(), next), stream.ErrUnavailable)
		lies.Store(false)
		got, _, err := p.Plan(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, next, got)
		return struct{}{}
	})
}
