package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/IBM/sarama"
)

// ask asks the coordinator of the group something.
func ask[T any](ctx context.Context, l *Log, client sarama.Client, f func(*sarama.Broker) (T, error)) (T, error) {
	got, err := await(ctx, func() (T, error) {
		coordinator, err := client.Coordinator(l.cfg.Group)
		if err != nil {
			var none T
			return none, err
		}
		got, err := f(coordinator)
		if err != nil {
			_ = coordinator.Close() // whatever else comes on this connection is of no use
		}
		return got, err
	})
	if err != nil && ctx.Err() == nil {
		return got, l.lostCoordinator(ctx, client, err)
	}
	return got, err
}

// askSure asks it what must not be old.
func askSure[T any](ctx context.Context, l *Log, client sarama.Client, f func(*sarama.Broker) (T, error)) (T, error) {
	return ask(ctx, l, client, func(b *sarama.Broker) (T, error) {
		got, err := f(b)
		if err == nil {
			err = l.coordinates(ctx, client, b)
		}
		return got, err
	})
}

// memberClient is the client of a member of the group, which stays one while
// another broker takes the place of a coordinator that is silent. Of itself it
// would repeat its heartbeat to the one it knows, and join the group anew there.
type memberClient struct{ sarama.Client }

// Coordinator implements [sarama.Client]: it returns one that is connected.
func (c memberClient) Coordinator(group string) (*sarama.Broker, error) {
	b, err := c.Client.Coordinator(group)
	if err != nil {
		return nil, err
	}
	if connected, _ := b.Connected(); connected {
		return b, nil
	}
	if err := c.Client.RefreshCoordinator(group); err != nil {
		return nil, err
	}
	if b, err = c.Client.Coordinator(group); err != nil {
		return nil, err
	}
	connected, err := b.Connected()
	if !connected && err == nil {
		err = sarama.ErrNotConnected // somebody else has just given it up
	}
	return b, err
}

// lostCoordinator returns the error after it has asked who the coordinator is
// now.
func (l *Log) lostCoordinator(ctx context.Context, client sarama.Client, err error) error {
	if code := sarama.KError(0); errors.As(err, &code) && slices.Contains(staying, code) {
		return err
	}
	_, _ = await(ctx, func() (struct{}, error) { return struct{}{}, client.RefreshCoordinator(l.cfg.Group) })
	return err
}

// staying are errors with which the coordinator is still the same.
var staying = []sarama.KError{
	sarama.ErrOffsetsLoadInProgress, sarama.ErrRebalanceInProgress, sarama.ErrRequestTimedOut,
}
