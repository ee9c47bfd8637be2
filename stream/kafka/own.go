package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall/stream"
)

// Own implements [stream.Log]. Each call is a member of the group, which deals
// the partitions out among its members. While no broker can be reached nobody
// owns anything, and it waits.
func (l *Log) Own(ctx context.Context, fn func(context.Context, stream.Partition) error) error {
	if l.cfg.Snapshots == nil {
		return errors.New("stream/kafka: Config.Snapshots is required to own partitions")
	}
	m := &member{log: l, fn: fn}
	trouble := false
	for try := 0; ctx.Err() == nil; try++ {
		err := m.join(ctx)
		if failure := m.failed(); failure != nil {
			return failure
		}
		switch {
		case ctx.Err() != nil: // which is how Own ends well
			continue
		case l.closed.Err() != nil:
			return ErrClosed
		case errors.Is(err, ErrTopic):
			return err
		case err == nil:
			try = 0 // it was a member for a while
		}
		if err != nil && !trouble {
			l.cfg.Logger.Warn("cannot be a member of the group, trying again", "group", l.cfg.Group, "error", err)
		} else if err == nil && trouble {
			l.cfg.Logger.Info("was a member of the group again", "group", l.cfg.Group)
		}
		trouble = err != nil
		sleep(ctx, backoff(try))
	}
	return nil
}

// member is one call of Own.
type member struct {
	log *Log
	fn  func(context.Context, stream.Partition) error

	group  sarama.ConsumerGroup // of the current join
	cancel context.CancelFunc
	joined bool // in it

	mu      sync.Mutex
	failure error // that ends Own
}

func (m *member) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure == nil {
		m.failure = err
	}
	m.cancel()
}

func (m *member) failed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failure
}

// join is a member of the group until ctx ends or it fails. What it must wait
// for at the end is bounded by sarama's time-outs.
func (m *member) join(ctx context.Context) error {
	client, err := m.log.connect(ctx)
	if err != nil {
		return err
	}
	if err := m.log.count(client); err != nil {
		return err
	}
	own, err := sarama.NewClient(m.log.cfg.Brokers, m.log.cfg.memberConfig())
	if err != nil {
		return fmt.Errorf("%w: join group %s: %w", stream.ErrUnavailable, m.log.cfg.Group, err)
	}
	defer func() { _ = own.Close() }()
	group, err := sarama.NewConsumerGroupFromClient(m.log.cfg.Group, memberClient{own})
	if err != nil {
		return fmt.Errorf("%w: join group %s: %w", stream.ErrUnavailable, m.log.cfg.Group, err)
	}
	defer func() { _ = group.Close() }() // it leaves the group; who cannot say so is missed soon enough
	ctx, m.cancel = context.WithCancel(ctx)
	defer m.cancel()
	defer context.AfterFunc(m.log.closed, m.cancel)()
	m.group = group
	defer func() {
		if m.joined {
			m.joined = false
			m.log.joined.Add(-1)
		}
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{m.log.cfg.Topic}, m); err != nil {
			if errors.Is(err, ErrTopic) {
				return err
			}
			return fmt.Errorf("%w: group %s: %w", stream.ErrUnavailable, m.log.cfg.Group, err)
		}
	}
	return nil
}

// Setup implements [sarama.ConsumerGroupHandler].
func (m *member) Setup(sarama.ConsumerGroupSession) error {
	client, err := m.log.connect(m.log.closed)
	if err != nil {
		return err
	}
	// The group begins anew when the number of partitions changes.
	if err := client.RefreshMetadata(m.log.cfg.Topic); err != nil {
		return err
	}
	m.log.forgetCount()
	if !m.joined {
		m.joined = true
		m.log.joined.Add(1)
	}
	return m.log.count(client)
}

// Cleanup implements [sarama.ConsumerGroupHandler].
func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim implements [sarama.ConsumerGroupHandler]: it runs fn for a
// partition. When it returns the member gives up all its partitions and joins
// again, so that it waits, unless the partition is lost.
func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	m.group.Pause(map[string][]int32{claim.Topic(): {claim.Partition()}})
	go func() {
		for range claim.Messages() { // one fetch may have been faster than the pause
			continue
		}
	}()
	ctx := session.Context()
	m.log.inst.claimed(ctx)
	p := m.log.newPartition(uint16(claim.Partition()), session.MemberID(), session.GenerationID())
	defer p.lose()
	err := m.fn(ctx, p)
	switch {
	case err == nil:
		<-ctx.Done() // fn is done with it, but it is still this member's
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
	case errors.Is(err, stream.ErrFenced):
		m.log.cfg.Logger.Info("partition went to another", "partition", claim.Partition())
		sleep(ctx, fencedPause)
	default:
		m.fail(err)
	}
	return nil
}

// fencedPause keeps a member that is told by nobody but its commits that it is
// none any more from joining in a hurry: as a rule its heartbeat hears of it.
const fencedPause = 100 * time.Millisecond

func (l *Log) forgetCount() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted = time.Time{}
}
