package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka/internal/distribution"
	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

// shared is the one broker of most tests, which the first that asks starts.
var shared struct {
	sync.Once
	cluster *kafkatest.Cluster
	dir     string
	err     error
}

func TestMain(m *testing.M) {
	if os.Getenv("KAFKA_TEST_CHILD") != "" {
		fmt.Println(commitUntilKilled(os.Args[1], os.Args[2]))
		return
	}
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.Close()
	}
	_ = os.RemoveAll(shared.dir)
	os.Exit(code)
}

// broker returns the addresses of the broker that tests share. It speaks TLS
// too.
func broker(tb testing.TB) *kafkatest.Cluster {
	tb.Helper()
	shared.Do(func() {
		//nolint:usetesting // it outlives the test that makes it
		if shared.dir, shared.err = os.MkdirTemp("", "footfall-kafka-*"); shared.err == nil {
			shared.cluster, shared.err = kafkatest.Open(context.Background(), shared.dir, kafkatest.Config{Secure: secure()})
		}
	})
	if errors.Is(shared.err, distribution.ErrMissing) || errors.Is(shared.err, exec.ErrNotFound) {
		testenv.Missing(tb, shared.err.Error())
	}
	require.NoError(tb, shared.err)
	return shared.cluster
}

var topics atomic.Int64

// configOf is for a topic of one partition that nobody else has.
func configOf(tb testing.TB, addrs []string) Config {
	tb.Helper()
	name := fmt.Sprintf("%s-%d", "t", topics.Add(1))
	return Config{
		Brokers: addrs, Topic: name, Group: name, Partitions: 1, Replication: 1,
		Snapshots: newMemorySnapshots(), Epoch: 7,
	}
}

// open returns a log on a topic that is there.
func open(tb testing.TB, cfg Config) *Log {
	tb.Helper()
	l, err := New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			require.ErrorIs(tb, err, ErrClosed)
		}
	})
	require.NoError(tb, l.CreateTopic(tb.Context()))
	return l
}

// trim removes records from partition 0, as retention does.
func trim(tb testing.TB, l *Log, before int64) {
	tb.Helper()
	client, err := l.connect(tb.Context())
	require.NoError(tb, err)
	admin, err := sarama.NewClusterAdminFromClient(client)
	require.NoError(tb, err)
	require.NoError(tb, admin.DeleteRecords(l.cfg.Topic, map[int32]int64{0: before}))
}

func rec(partition uint16, tenant, value string) footfall.Record {
	return footfall.Record{Partition: partition, Events: 1, Tenant: tenant, Header: []byte("h"), Value: []byte(value)}
}

// memorySnapshots is a SnapshotStore for tests.
type memorySnapshots struct {
	mu   sync.Mutex
	held map[snapshotKey][]byte
}

type snapshotKey struct {
	epoch, partition, fold uint16
	offset                 int64
}

func newMemorySnapshots() *memorySnapshots {
	return &memorySnapshots{held: map[snapshotKey][]byte{}}
}

func (s *memorySnapshots) Snapshots(ctx context.Context, epoch, partition, fold uint16) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var offsets []int64
	for key := range s.held {
		if key == (snapshotKey{epoch, partition, fold, key.offset}) {
			offsets = append(offsets, key.offset)
		}
	}
	slices.Sort(offsets)
	return offsets, ctx.Err()
}

func (s *memorySnapshots) ReadSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.held[snapshotKey{epoch, partition, fold, offset}]
	if !ok {
		return nil, errors.New("no such snapshot")
	}
	return io.NopCloser(bytes.NewReader(data)), ctx.Err()
}

func (s *memorySnapshots) WriteSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64, data io.Reader) error {
	content, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[snapshotKey{epoch, partition, fold, offset}] = content
	return ctx.Err()
}

func (s *memorySnapshots) DropSnapshots(ctx context.Context, epoch, partition, fold uint16, offsets []int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, offset := range offsets {
		delete(s.held, snapshotKey{epoch, partition, fold, offset})
	}
	return ctx.Err()
}

// owned returns what f makes of partition 0, once it is owned.
func owned[T any](tb testing.TB, l *Log, f func(stream.Partition) T) T {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	defer cancel()
	var made T
	require.NoError(tb, l.Own(ctx, func(_ context.Context, p stream.Partition) error {
		if _, n := p.ID(); n == 0 {
			made = f(p)
			cancel()
		}
		return nil
	}))
	return made
}
