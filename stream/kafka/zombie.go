package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/IBM/sarama"
)

// A broker that was frozen answers what was true when it froze, until it hears
// that others have taken its place: where a partition ended, what was committed.
// So what must not be old is believed only if another broker still takes the one
// that said it for the leader, or the coordinator. That is asked afterwards: who
// takes its place acknowledges nothing before replicas follow, which know then.

// errReplaced says that a broker is not what it takes itself for.
var errReplaced = errors.New("another broker has taken its place")

// witnesses is how many other brokers are asked, since one may be frozen too.
const witnesses = 2

// elsewhere asks other brokers than one, and returns the first answer. ok is
// false if there are no others or none answers: then nobody can have taken its
// place, or nobody can tell.
func elsewhere[T any](ctx context.Context, client sarama.Client, than *sarama.Broker, f func(*sarama.Broker) (T, error)) (got T, ok bool) {
	others := slices.DeleteFunc(client.Brokers(), func(b *sarama.Broker) bool { return b.ID() == than.ID() })
	others = others[:min(len(others), witnesses)] // in no order
	answers := make(chan T, len(others))
	silent := make(chan struct{}, len(others))
	for _, b := range others {
		go func() {
			_ = b.Open(client.Config()) // it fails if it is open
			v, err := f(b)
			if err != nil {
				_ = b.Close() // whatever else comes on this connection is of no use
				silent <- struct{}{}
				return
			}
			answers <- v
		}()
	}
	for range others {
		select {
		case got = <-answers:
			return got, true
		case <-silent:
		case <-ctx.Done():
			return got, false
		}
	}
	return got, false
}

// leads fails if a broker does not lead all of some partitions any more.
func (l *Log) leads(ctx context.Context, client sarama.Client, leader *sarama.Broker, numbers []int32) error {
	got, ok := elsewhere(ctx, client, leader, func(b *sarama.Broker) (*sarama.MetadataResponse, error) {
		return b.GetMetadata(sarama.NewMetadataRequest(l.sarama.Version, []string{l.cfg.Topic}))
	})
	if !ok {
		return ctx.Err()
	}
	for _, topic := range got.Topics {
		for _, p := range topic.Partitions {
			if slices.Contains(numbers, p.ID) && p.Leader != leader.ID() {
				return fmt.Errorf("broker %s does not lead partition %d: %w", leader.Addr(), p.ID, errReplaced)
			}
		}
	}
	return nil
}

// coordinates fails if a broker is not the group's coordinator any more.
func (l *Log) coordinates(ctx context.Context, client sarama.Client, coordinator *sarama.Broker) error {
	got, ok := elsewhere(ctx, client, coordinator, func(b *sarama.Broker) (*sarama.FindCoordinatorResponse, error) {
		return b.FindCoordinator(&sarama.FindCoordinatorRequest{
			Version: 2, CoordinatorKey: l.cfg.Group, CoordinatorType: sarama.CoordinatorGroup,
		})
	})
	switch {
	case !ok:
		return ctx.Err()
	case got.Err != sarama.ErrNoError:
		return got.Err
	case got.Coordinator.ID() != coordinator.ID():
		return fmt.Errorf("broker %s does not coordinate the group: %w", coordinator.Addr(), errReplaced)
	}
	return nil
}
