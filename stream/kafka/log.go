package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall/stream"
)

// Errors that callers tell apart.
var (
	// ErrTopic says that the topic contradicts the configuration. Every
	// contradiction is named.
	ErrTopic = errors.New("stream/kafka: topic contradicts the configuration")
	// ErrNoTopic says that there is no such topic; see [Log.CreateTopic].
	ErrNoTopic = errors.New("stream/kafka: topic does not exist")
	// ErrClosed is the error of calls after [Log.Close].
	ErrClosed = errors.New("stream/kafka: log is closed")
)

// Log is a topic as a [stream.Log]. It is safe for concurrent use.
type Log struct {
	cfg    Config
	sarama *sarama.Config
	inst   *instruments
	closed context.Context // ends with Close
	close  context.CancelFunc

	background sync.WaitGroup
	joined     atomic.Int32 // calls of Own that are members of the group
	producer   producer

	mu         sync.Mutex
	client     sarama.Client // nil before the topic was found to be right
	connecting *connecting
	counted    time.Time // when the partitions were counted last
	miscounted error     // what was wrong then
}

var _ stream.Log = (*Log)(nil)

// New checks the configuration and reports all mistakes in it at once. The Log
// connects when it is used.
func New(cfg Config) (*Log, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	l := &Log{cfg: cfg, sarama: cfg.clientConfig()}
	var err error
	if l.inst, err = newInstruments(cfg.MeterProvider); err != nil {
		return nil, fmt.Errorf("stream/kafka: make instruments: %w", err)
	}
	l.closed, l.close = context.WithCancel(context.Background())
	l.producer.init(l)
	return l, nil
}

// Partitions returns how many partitions the log has, which the door must know.
func (l *Log) Partitions() uint16 { return l.cfg.Partitions }

// connecting is an attempt to connect, which all who need it wait for.
type connecting struct {
	done   chan struct{}
	client sarama.Client
	err    error
	at     time.Time // when it failed
}

// retryAfter is how long a failed attempt to connect speaks for those that
// would follow it.
const retryAfter = 200 * time.Millisecond

// connect returns the client once the topic was found to be right.
func (l *Log) connect(ctx context.Context) (sarama.Client, error) {
	l.mu.Lock()
	if l.closed.Err() != nil {
		l.mu.Unlock()
		return nil, ErrClosed
	}
	if l.client != nil {
		defer l.mu.Unlock()
		return l.client, nil
	}
	c := l.connecting
	if c == nil || !c.at.IsZero() && time.Since(c.at) > retryAfter {
		c = &connecting{done: make(chan struct{})}
		l.connecting = c
		l.background.Go(func() { l.attempt(c) })
	}
	l.mu.Unlock()
	select {
	case <-c.done:
		return c.client, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed.Done():
		return nil, ErrClosed
	}
}

func (l *Log) attempt(c *connecting) {
	client, err := l.newClient()
	if err == nil {
		if err = l.cfg.check(client); err != nil {
			_ = client.Close()
		}
	}
	l.mu.Lock()
	if err == nil && l.closed.Err() != nil {
		_ = client.Close()
		err = ErrClosed
	}
	if err == nil {
		l.client, c.client = client, client
		l.connecting = nil
	}
	c.err, c.at = err, time.Now()
	l.mu.Unlock()
	close(c.done)
}

// countEvery bounds how often the partitions are counted.
const countEvery = time.Second

// count finds out whether the topic still has as many partitions as it must,
// as far as the client has heard, which asks every now and then.
func (l *Log) count(client sarama.Client) error {
	l.mu.Lock()
	if !l.counted.IsZero() && time.Since(l.counted) < countEvery {
		defer l.mu.Unlock()
		return l.miscounted
	}
	l.mu.Unlock()
	numbers, err := client.Partitions(l.cfg.Topic)
	if err == nil && len(numbers) != int(l.cfg.Partitions) {
		err = fmt.Errorf("%w: %s", ErrTopic, l.cfg.wrongCount(len(numbers)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted = time.Now()
	if l.miscounted = nil; errors.Is(err, ErrTopic) {
		l.miscounted = err
	}
	return l.miscounted
}

// Close gives up what is on its way and closes the connections. Calls of Own
// must have ended.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed.Err() != nil {
		l.mu.Unlock()
		return ErrClosed
	}
	l.close()
	client := l.client
	l.mu.Unlock()
	l.producer.close()
	l.background.Wait()
	if client == nil {
		return nil
	}
	if err := client.Close(); err != nil {
		return fmt.Errorf("close connection to Kafka: %w", err)
	}
	return nil
}
