package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	_, err := New(Config{
		Topic: "no/topic", Replication: -1, MinInSync: 9, Retention: -1, AppendTimeout: -1, SessionTimeout: 1,
		MaxInFlight: -1, Compression: "rar", SASL: &SASL{Mechanism: "PLAIN"},
	})
	for _, field := range []string{
		"Brokers", "Topic", "Replication", "MinInSync", "Retention", "AppendTimeout", "SessionTimeout", "MaxInFlight", "Compression",
		"SASL.Mechanism", "SASL:",
	} {
		require.ErrorContains(t, err, "Config."+field)
	}
	l, err := New(Config{Brokers: []string{"127.0.0.1:1"}})
	require.NoError(t, err)
	require.Equal(t, uint16(50), l.Partitions())
	require.ErrorContains(t, l.Own(t.Context(), nil), "Snapshots")
	require.NoError(t, l.Close())
}

// TestNoBroker waits for brokers that are not there.
func TestNoBroker(t *testing.T) {
	t.Parallel()
	l, err := New(Config{Brokers: []string{"127.0.0.1:1"}, Snapshots: newMemorySnapshots()})
	require.NoError(t, err)
	require.ErrorIs(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")}), stream.ErrUnavailable)
	require.ErrorIs(t, l.CreateTopic(t.Context()), stream.ErrUnavailable)
	_, err = l.Positions(t.Context())
	require.ErrorIs(t, err, stream.ErrUnavailable)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.NoError(t, l.Own(ctx, nil))
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")}), ErrClosed)
	require.ErrorIs(t, l.Own(t.Context(), nil), ErrClosed)
	require.ErrorIs(t, l.Close(), ErrClosed)
}

func TestTopicMissing(t *testing.T) {
	t.Parallel()
	l, err := New(configOf(t, broker(t).Addrs()))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	for _, err := range []error{
		l.CheckTopic(t.Context()), l.Ready(t.Context()), l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")}),
	} {
		require.ErrorIs(t, err, ErrNoTopic)
		require.ErrorIs(t, err, stream.ErrUnavailable)
		require.ErrorContains(t, err, l.cfg.Topic)
	}
	require.NoError(t, l.CreateTopic(t.Context()))
	require.NoError(t, l.CreateTopic(t.Context()), "it is there")
	require.NoError(t, l.CheckTopic(t.Context()))
	require.NoError(t, l.Ready(t.Context()))
	require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")}))
}

func admin(t *testing.T, cfg Config) sarama.ClusterAdmin {
	t.Helper()
	cfg = cfg.withDefaults()
	s := cfg.clientConfig()
	s.Metadata.Full = true
	a, err := sarama.NewClusterAdmin(cfg.Brokers, s)
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// TestTopicContradicts names everything that is wrong with a topic.
func TestTopicContradicts(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	wrong := map[string]string{
		retentionMs: "1000", retentionBytes: "1000000", timestampType: "CreateTime", maxMessageBytes: "1000",
		cleanupPolicy: "compact,delete", compressionType: "gzip", uncleanElections: "true",
	}
	entries := map[string]*string{}
	for key, value := range wrong {
		entries[key] = &value
	}
	require.NoError(t, admin(t, cfg).CreateTopic(cfg.Topic, &sarama.TopicDetail{
		NumPartitions: 3, ReplicationFactor: 1, ConfigEntries: entries,
	}, false))
	cfg.Replication, cfg.MinInSync = 3, 2
	l, err := New(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	err = l.CreateTopic(t.Context())
	require.ErrorIs(t, err, ErrTopic)
	for key, value := range wrong {
		require.ErrorContains(t, err, key)
		require.ErrorContains(t, err, value)
	}
	require.ErrorContains(t, err, "3 partitions, not 1")
	require.ErrorContains(t, err, "1 replicas, not 3")
	require.ErrorContains(t, err, minInSync)
	require.Equal(t, len(wrong)+3, strings.Count(err.Error(), ";")+1, err.Error())

	require.ErrorIs(t, l.CheckTopic(t.Context()), ErrTopic)
	require.ErrorIs(t, l.Own(t.Context(), nil), ErrTopic)
	err = l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")})
	require.ErrorIs(t, err, ErrTopic)
	require.ErrorIs(t, err, stream.ErrUnavailable, "senders are to come again")
}

// TestPartitionsAdded adds partitions to a topic in use.
func TestPartitionsAdded(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	cfg.refreshEvery = 100 * time.Millisecond
	l := open(t, cfg)
	require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", "1")}))
	ended := make(chan error, 1)
	owning := make(chan struct{}, 10)
	go func() {
		ended <- l.Own(t.Context(), func(ctx context.Context, _ stream.Partition) error {
			owning <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-owning
	require.NoError(t, admin(t, cfg).CreatePartitions(cfg.Topic, 3, nil, false))
	err := <-ended
	require.ErrorIs(t, err, ErrTopic)
	require.ErrorContains(t, err, "3 partitions, not 1")
	require.Eventually(t, func() bool {
		return l.Append(t.Context(), []footfall.Record{rec(0, "shop", "2")}) != nil
	}, 20*time.Second, 50*time.Millisecond)
	err = l.Append(t.Context(), []footfall.Record{rec(0, "shop", "2")})
	require.ErrorIs(t, err, ErrTopic)
	require.ErrorIs(t, err, stream.ErrUnavailable)
	require.ErrorIs(t, l.Ready(t.Context()), ErrTopic)
}

// TestTopicReplacedUnderReader makes a topic anew while somebody reads it, with
// more records than were read: those before are not skipped in silence.
func TestTopicReplacedUnderReader(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	l := open(t, cfg)
	fill := func(l *Log, n int) {
		for i := range n {
			require.NoError(t, l.Append(t.Context(), []footfall.Record{rec(0, "shop", fmt.Sprint(i))}))
		}
	}
	fill(l, 5)
	p := l.newPartition(0, "", -1) // owns nothing, and only reads
	defer p.lose()
	for at := int64(0); at < 5; {
		read, err := p.Read(t.Context(), at, 1<<20)
		require.NoError(t, err)
		at = read[len(read)-1].Offset + 1
	}
	p.reader.disconnect() // as a leader's end does
	fill(l, 1)
	read, err := p.Read(t.Context(), 5, 1<<20)
	require.NoError(t, err)
	require.EqualValues(t, 5, read[0].Offset, "the same topic, on another connection")

	a := admin(t, cfg)
	require.NoError(t, a.DeleteTopic(cfg.Topic))
	require.Eventually(t, func() bool {
		topics, err := a.ListTopics()
		_, there := topics[cfg.Topic]
		return err == nil && !there
	}, 20*time.Second, 50*time.Millisecond)
	fill(open(t, cfg), 20)
	require.Eventually(t, func() bool {
		_, err = p.Read(t.Context(), 6, 1<<20)
		return errors.Is(err, stream.ErrLogLacks)
	}, 20*time.Second, 10*time.Millisecond, "%v", err)
	require.True(t, footfall.IsPermanent(err))
}
