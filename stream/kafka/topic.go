package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall/stream"
)

// maxBatch bounds what the records of one append for one partition take: they
// are one batch of Kafka's, so that all of them are in the log or none. A
// request has at most half of it.
const maxBatch = 8 << 20

// settings are what the topic must be configured to, apart from what depends
// on the configuration.
const (
	retentionMs      = "retention.ms"
	retentionBytes   = "retention.bytes"
	minInSync        = "min.insync.replicas"
	timestampType    = "message.timestamp.type"
	maxMessageBytes  = "max.message.bytes"
	cleanupPolicy    = "cleanup.policy"
	compressionType  = "compression.type"
	uncleanElections = "unclean.leader.election.enable"
)

// CreateTopic makes the topic if there is none, and checks it either way. Any
// number of processes may call it at once.
func (l *Log) CreateTopic(ctx context.Context) error {
	_, err := await(ctx, func() (struct{}, error) {
		client, err := l.newClient()
		if err != nil {
			return struct{}{}, err
		}
		defer func() { _ = client.Close() }()
		return struct{}{}, l.cfg.create(client)
	})
	if err != nil {
		return err
	}
	// Brokers learn of a new topic one after the other.
	for try := 0; ; try++ {
		_, err := l.connect(ctx)
		if !unheard(err) || try == 10 {
			return err
		}
		if !sleep(ctx, retryAfter+backoff(try)) {
			return ctx.Err()
		}
	}
}

// unheard reports whether somebody who was asked has not heard of the topic.
func unheard(err error) bool {
	return errors.Is(err, ErrNoTopic) || errors.Is(err, sarama.ErrUnknownTopicOrPartition) || errors.Is(err, sarama.ErrNoTopicsToUpdateMetadata)
}

// CheckTopic finds out whether the topic is there, [ErrNoTopic], and what the
// configuration demands, [ErrTopic].
func (l *Log) CheckTopic(ctx context.Context) error {
	client, err := l.connect(ctx)
	if err != nil {
		return err
	}
	_, err = await(ctx, func() (struct{}, error) { return struct{}{}, l.cfg.check(client) })
	return err
}

func (c *Config) create(client sarama.Client) error {
	admin, err := sarama.NewClusterAdminFromClient(client) // never closed: that would close the client
	if err != nil {
		return fmt.Errorf("%w: create topic %s: %w", stream.ErrUnavailable, c.Topic, err)
	}
	entries := map[string]*string{}
	for key, value := range map[string]string{
		retentionMs: strconv.FormatInt(c.Retention.Milliseconds(), 10), retentionBytes: "-1",
		minInSync: strconv.Itoa(int(c.MinInSync)), timestampType: "LogAppendTime",
		maxMessageBytes: strconv.Itoa(maxBatch), cleanupPolicy: "delete",
		compressionType: "producer", uncleanElections: "false",
	} {
		entries[key] = &value
	}
	err = admin.CreateTopic(c.Topic, &sarama.TopicDetail{
		NumPartitions: int32(c.Partitions), ReplicationFactor: c.Replication, ConfigEntries: entries,
	}, false)
	if topic := (*sarama.TopicError)(nil); errors.As(err, &topic) && topic.Err == sarama.ErrTopicAlreadyExists {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", c.Topic, err)
	}
	return nil
}

// check compares the topic with the configuration.
func (c *Config) check(client sarama.Client) error {
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return fmt.Errorf("%w: check topic %s: %w", stream.ErrUnavailable, c.Topic, err)
	}
	topics, err := admin.DescribeTopics([]string{c.Topic})
	if err != nil {
		return fmt.Errorf("%w: check topic %s: %w", stream.ErrUnavailable, c.Topic, err)
	}
	if len(topics) != 1 || topics[0].Err == sarama.ErrUnknownTopicOrPartition {
		return fmt.Errorf("%w: %w: %s", stream.ErrUnavailable, ErrNoTopic, c.Topic)
	}
	if topics[0].Err != sarama.ErrNoError {
		return fmt.Errorf("%w: check topic %s: %w", stream.ErrUnavailable, c.Topic, topics[0].Err)
	}
	described, err := admin.DescribeConfigs([]*sarama.ConfigResource{
		{Type: sarama.TopicResource, Name: c.Topic},
	}, sarama.DescribeConfigsOptions{})
	if err != nil {
		return fmt.Errorf("%w: check topic %s: %w", stream.ErrUnavailable, c.Topic, err)
	}
	found := map[string]string{}
	for _, resource := range described {
		if resource.ErrorCode != sarama.ErrNoError {
			return fmt.Errorf("%w: check topic %s: %w", stream.ErrUnavailable, c.Topic, resource.ErrorCode)
		}
		for _, entry := range resource.Configs {
			found[entry.Name] = entry.Value
		}
	}
	if wrong := c.contradictions(topics[0], found); len(wrong) > 0 {
		return fmt.Errorf("%w: %s: %s", ErrTopic, c.Topic, strings.Join(wrong, "; "))
	}
	return nil
}

// contradictions names all that is wrong with a topic.
func (c *Config) contradictions(topic *sarama.TopicMetadata, found map[string]string) []string {
	var wrong []string
	if n := len(topic.Partitions); n != int(c.Partitions) {
		wrong = append(wrong, c.wrongCount(n))
	}
	replicas := int(c.Replication)
	for _, p := range topic.Partitions {
		replicas = min(replicas, len(p.Replicas))
	}
	if replicas < int(c.Replication) {
		wrong = append(wrong, fmt.Sprintf("a partition has %d replicas, not %d", replicas, c.Replication))
	}
	exactly := func(key, want, why string) {
		if got, ok := found[key]; ok && got != want { // not every broker tells all
			wrong = append(wrong, fmt.Sprintf("%s is %q, not %q: %s", key, got, want, why))
		}
	}
	atLeast := func(key string, want int64, why string) {
		got, ok := found[key]
		if !ok {
			return
		}
		n, err := strconv.ParseInt(got, 10, 64)
		if err != nil || n < want && n != -1 {
			wrong = append(wrong, fmt.Sprintf("%s is %q, less than %d: %s", key, got, want, why))
		}
	}
	exactly(timestampType, "LogAppendTime", "time is when the log took a record")
	exactly(cleanupPolicy, "delete", "records must not replace one another")
	exactly(retentionBytes, "-1", "size would remove records before their time")
	exactly(uncleanElections, "false", "acknowledged records would get lost")
	if got := cmp.Or(found[compressionType], "producer"); got != "producer" && got != c.Compression {
		wrong = append(wrong, fmt.Sprintf("%s is %q, not \"producer\" or %q: brokers would compress again", compressionType, got, c.Compression))
	}
	atLeast(retentionMs, c.Retention.Milliseconds(), "records would go before their time")
	atLeast(minInSync, int64(c.MinInSync), "fewer brokers would have what was acknowledged")
	atLeast(maxMessageBytes, maxBatch, "a large request would be refused")
	return wrong
}

func (c *Config) wrongCount(n int) string {
	return fmt.Sprintf("it has %d partitions, not %d: visitors would change partitions, and "+
		"another number needs a new topic and a new epoch", n, c.Partitions)
}

// Ready finds out whether the log can take and give records now: the brokers
// answer, the topic is right, and each partition has a leader.
func (l *Log) Ready(ctx context.Context) error {
	client, err := l.connect(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	_, err = await(ctx, func() (struct{}, error) { return struct{}{}, client.RefreshMetadata(l.cfg.Topic) })
	if err != nil {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
	}
	led, err := client.WritablePartitions(l.cfg.Topic)
	if err != nil {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
	}
	if err := l.count(client); err != nil {
		return err
	}
	if len(led) < int(l.cfg.Partitions) {
		return fmt.Errorf("%w: %d of %d partitions have no leader", stream.ErrUnavailable, int(l.cfg.Partitions)-len(led), l.cfg.Partitions)
	}
	return nil
}

// readyTimeout bounds a question of health.
const readyTimeout = 5 * time.Second
