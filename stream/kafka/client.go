package kafka

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall/stream"
)

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

const (
	// readTimeout is how long an answer of a broker may take, of those that
	// [waits] does not bound. Those that wait for something, longPoll and
	// produceTimeout, must be well within it.
	readTimeout    = 10 * time.Second
	longPoll       = 500 * time.Millisecond
	produceTimeout = 5 * time.Second
	// rebalanceTimeout is how long a processor may take to give up a partition
	// before it is left out.
	rebalanceTimeout = 15 * time.Second
)

// clientConfig is the configuration of every connection.
func (c *Config) clientConfig() *sarama.Config {
	s := sarama.NewConfig()
	s.ClientID = c.ClientID
	s.Version = sarama.V2_8_0_0 // the least that is asked for; both sides agree on the rest
	s.Net.Proxy.Enable, s.Net.Proxy.Dialer = true, &dialer{
		Dialer: net.Dialer{Timeout: c.answerTime}, tls: c.TLS, answer: c.answerTime,
	}
	s.Net.ReadTimeout = readTimeout
	s.Net.WriteTimeout = readTimeout
	s.Metadata.RefreshFrequency = c.refreshEvery
	s.Metadata.AllowAutoTopicCreation = false
	s.Metadata.Full = false
	s.Metadata.Timeout = readTimeout
	s.Admin.Timeout = readTimeout
	s.Metadata.Retry.Max, s.Metadata.Retry.Backoff = 2, 100*time.Millisecond // Log.retry does the rest
	if c.SASL != nil {
		s.Net.SASL.Enable, s.Net.SASL.Handshake = true, true
		s.Net.SASL.Mechanism = sarama.SASLMechanism(c.SASL.Mechanism)
		s.Net.SASL.User, s.Net.SASL.Password = c.SASL.User, c.SASL.Password
		s.Net.SASL.SCRAMClientGeneratorFunc = mechanisms[c.SASL.Mechanism]
	}
	return s
}

// memberConfig is that of the connection that is a member of the group.
func (c *Config) memberConfig() *sarama.Config {
	s := c.clientConfig()
	s.Consumer.Group.Session.Timeout = c.SessionTimeout
	s.Consumer.Group.Heartbeat.Interval = max(min(c.SessionTimeout/4, 3*time.Second), time.Millisecond)
	// Who joins waits for the others to end what they do, as long as the
	// rebalance may take.
	s.Consumer.Group.Rebalance.Timeout = rebalanceTimeout
	s.Net.ReadTimeout = rebalanceTimeout + produceTimeout
	s.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	s.Consumer.Group.InstanceId = c.InstanceID
	s.Consumer.Offsets.AutoCommit.Enable = false
	// Of the member only the claims are used: records are read and offsets
	// committed on other connections. So nothing is skipped if its own reader
	// starts anywhere, while refusing to would end the claims of all partitions
	// because retention has overtaken one.
	s.Consumer.Group.ResetInvalidOffsets = true
	s.Consumer.Offsets.Initial = sarama.OffsetOldest
	s.ChannelBufferSize = 0
	s.Consumer.Fetch.Default = 1
	return s
}

// newClient connects to the cluster.
func (l *Log) newClient() (sarama.Client, error) {
	client, err := sarama.NewClient(l.cfg.Brokers, l.sarama)
	if err != nil {
		return nil, fmt.Errorf("%w: connect: %w", stream.ErrUnavailable, err)
	}
	// From now on the client asks for this topic alone, which there may not be
	// yet.
	_ = client.RefreshMetadata(l.cfg.Topic)
	return client, nil
}

// await returns what f does, or ctx's error if that ends first: sarama's calls
// know no contexts. f then ends by itself, at the latest by its time-outs.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := f()
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// sleep waits; it is false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff doubles from try to try up to a bound.
func backoff(try int) time.Duration {
	return min(20*time.Millisecond<<min(try, 16), time.Second)
}

// dial connects to a broker on a connection of its own: brokers answer the
// requests of a connection one after the other, so that one that waits for
// records or replicas would hold up the others.
func (l *Log) dial(to *sarama.Broker) (*sarama.Broker, error) {
	b := sarama.NewBroker(to.Addr())
	if err := b.Open(l.sarama); err != nil {
		return nil, err
	}
	if _, err := b.Connected(); err != nil {
		return nil, err
	}
	return b, nil
}
