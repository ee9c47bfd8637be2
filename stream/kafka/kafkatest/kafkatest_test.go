package kafkatest

import (
	"net"
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	c := Start(t, Config{})
	reachable := func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.Addrs()[0])
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	require.True(t, reachable())
	c.Kill(0)
	require.False(t, reachable())
	require.Error(t, c.Freeze(0))
	c.Revive(t, 0)
	require.True(t, reachable())
	require.NoError(t, c.Freeze(0))
	require.NoError(t, c.Thaw(0))
	c.Close()
	require.False(t, reachable())
}

// TestLostCommit loses the answer to a commit that the broker has carried out.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	c := Start(t, Config{Proxied: true})
	client, err := sarama.NewClient(c.ProxiedAddrs(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close()) }()
	admin, err := sarama.NewClusterAdminFromClient(client)
	require.NoError(t, err)
	require.NoError(t, admin.CreateTopic("t", &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false))
	commit := func(offset int64) error {
		broker, err := client.Coordinator("g")
		require.NoError(t, err)
		_ = broker.Open(client.Config()) // it may be open
		request := &sarama.OffsetCommitRequest{Version: 2, ConsumerGroup: "g", ConsumerGroupGeneration: -1}
		request.AddBlock("t", 0, offset, 0, "")
		_, err = broker.CommitOffset(request)
		if err != nil {
			_ = broker.Close() // it is closed on the other side
		}
		return err
	}
	require.NoError(t, commit(1))
	c.LoseCommits(1)
	require.Error(t, commit(2))
	require.Equal(t, 1, c.LostCommits())
	found, err := admin.ListConsumerGroupOffsets("g", map[string][]int32{"t": {0}})
	require.NoError(t, err)
	require.Equal(t, int64(2), found.GetBlock("t", 0).Offset)
	require.NoError(t, commit(3))
	require.Equal(t, 1, c.LostCommits())
}
