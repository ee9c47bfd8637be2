package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// Config says where the topic is, what it must be like, and how a [Log] uses
// it. Processes of one deployment must agree on Topic, Group, Epoch and
// Partitions.
type Config struct {
	// Brokers are addresses, host:port, of some brokers of the cluster.
	// Required.
	Brokers []string
	// Topic has the records. It belongs to Footfall alone. Defaults to
	// "footfall".
	Topic string
	// Group is the consumer group of the processors; the plan of each
	// partition is its committed offset. Defaults to "footfall".
	Group string
	// Epoch stands in the coordinates of every event. A new topic, made to have
	// another number of partitions or after the old one was lost, needs a new
	// one. Defaults to 0.
	Epoch uint16

	// Partitions is how many partitions the topic has, for its life: a visitor's
	// events go to the partition that follows from it. Defaults to 50.
	Partitions uint16
	// Replication is how many brokers hold each record. Defaults to 3.
	Replication int16
	// MinInSync is how many of them must have a record before Append returns.
	// Defaults to one less than Replication, at least 1.
	MinInSync int16
	// Retention is how long records stay, processed or not. It must be far
	// longer than a snapshot is old and the store may be down. Defaults to 7
	// days.
	Retention time.Duration

	// TLS encrypts the connections. Defaults to none.
	TLS *tls.Config
	// SASL names who connects. Defaults to nobody.
	SASL *SASL
	// ClientID is what brokers call this process in their logs and metrics.
	// Defaults to "footfall".
	ClientID string
	// InstanceID makes this process a static member of the group: one that is
	// back within SessionTimeout gets its partitions again, and the others keep
	// theirs. It must be unique among the processors. Defaults to none.
	InstanceID string
	// SessionTimeout is how long a processor may be silent before its
	// partitions go to others. Defaults to 10s.
	SessionTimeout time.Duration
	// Compression of records: "none", "gzip", "snappy", "lz4" or "zstd".
	// Defaults to "zstd".
	Compression string

	// AppendTimeout bounds how long an append is tried before it fails with
	// stream.ErrUnavailable. Defaults to 10s.
	AppendTimeout time.Duration
	// MaxInFlight bounds the bytes of records on their way; beyond it Append
	// fails with stream.ErrUnavailable at once. Defaults to 64 MB.
	MaxInFlight int64

	// Snapshots keeps the states of partitions. Required to own any; whoever
	// only appends needs none. Defaults to none.
	Snapshots SnapshotStore

	// Logger is told when the brokers go away and when they are back. Defaults
	// to silence.
	Logger *slog.Logger
	// MeterProvider defaults to OpenTelemetry's global one.
	MeterProvider metric.MeterProvider

	refreshEvery time.Duration // how often the client asks what partitions there are
	answerTime   time.Duration // how long a broker may take that waits for nothing
}

// SASL is who connects to the brokers, by SCRAM.
type SASL struct {
	// Mechanism is "SCRAM-SHA-256" or "SCRAM-SHA-512". Defaults to the latter.
	Mechanism string
	// User and Password are required.
	User, Password string
}

// SnapshotStore keeps states of partitions' folds, in a place that all
// processors reach. It is safe for concurrent use.
type SnapshotStore interface {
	// Snapshots returns the offsets of those kept of a fold version,
	// ascending; only whole ones.
	Snapshots(ctx context.Context, epoch, partition, fold uint16) ([]int64, error)
	// ReadSnapshot returns one of them; the caller closes it.
	ReadSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64) (io.ReadCloser, error)
	// WriteSnapshot keeps one, whole or not at all, and reads data to its end.
	WriteSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64, data io.Reader) error
	// DropSnapshots removes some.
	DropSnapshots(ctx context.Context, epoch, partition, fold uint16, offsets []int64) error
}

func (c Config) withDefaults() Config {
	c.Brokers = slices.Clone(c.Brokers)
	c.Topic = cmp.Or(c.Topic, "footfall")
	c.Group = cmp.Or(c.Group, "footfall")
	c.Partitions = cmp.Or(c.Partitions, 50)
	c.Replication = cmp.Or(c.Replication, 3)
	c.MinInSync = cmp.Or(c.MinInSync, max(c.Replication-1, 1))
	c.Retention = cmp.Or(c.Retention, 7*24*time.Hour)
	c.ClientID = cmp.Or(c.ClientID, "footfall")
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 10*time.Second)
	c.Compression = cmp.Or(c.Compression, "zstd")
	c.AppendTimeout = cmp.Or(c.AppendTimeout, 10*time.Second)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 64<<20)
	c.refreshEvery = cmp.Or(c.refreshEvery, 30*time.Second)
	c.answerTime = cmp.Or(c.answerTime, 3*time.Second)
	if c.SASL != nil {
		s := *c.SASL
		s.Mechanism = cmp.Or(s.Mechanism, "SCRAM-SHA-512")
		c.SASL = &s
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c *Config) validate() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("stream/kafka: Config.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("stream/kafka: Config.Brokers is required"))
	}
	if !isTopicName(c.Topic) {
		wrong("Topic", "%q is no name of a topic", c.Topic)
	}
	if c.Replication < 1 {
		wrong("Replication", "%d is less than 1", c.Replication)
	}
	if c.MinInSync < 1 || c.MinInSync > c.Replication {
		wrong("MinInSync", "%d is not between 1 and the replication of %d", c.MinInSync, c.Replication)
	}
	for field, d := range map[string]time.Duration{"Retention": c.Retention, "AppendTimeout": c.AppendTimeout} {
		if d < 0 {
			wrong(field, "%v is negative", d)
		}
	}
	if c.SessionTimeout < minSession {
		wrong("SessionTimeout", "%v is less than %v", c.SessionTimeout, minSession)
	}
	if c.MaxInFlight < 0 {
		wrong("MaxInFlight", "%d is negative", c.MaxInFlight)
	}
	if _, ok := codecs[c.Compression]; !ok {
		wrong("Compression", "%q is none of none, gzip, snappy, lz4, zstd", c.Compression)
	}
	if c.SASL != nil {
		if _, ok := mechanisms[c.SASL.Mechanism]; !ok {
			wrong("SASL.Mechanism", "%q is none of SCRAM-SHA-256, SCRAM-SHA-512", c.SASL.Mechanism)
		}
		if c.SASL.User == "" || c.SASL.Password == "" {
			wrong("SASL", "User and Password are required")
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// minSession leaves room for some heartbeats.
const minSession = 100 * time.Millisecond

func isTopicName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 249 &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}
