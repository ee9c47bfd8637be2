package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"
)

// ErrNeeded says that records cannot be removed yet: the plan is not past them,
// there is no snapshot that makes them superfluous, or a follower has not read
// them or could not go on without them.
var ErrNeeded = errors.New("stream/kafka: records are still needed")

// Forget removes the records before an offset of each partition named, and the
// snapshots of states before it, whatever retention says. It waits for the
// snapshots that make them superfluous, which their owners take, and fails with
// [ErrNeeded] if they are not there when ctx ends. Brokers remove the bytes with
// the segments that hold them, some time later.
func (l *Log) Forget(ctx context.Context, before map[uint16]int64) error {
	var errs []error
	for number, offset := range before {
		if err := l.forget(ctx, number, offset); err != nil {
			errs = append(errs, fmt.Errorf("forget the records of partition %d before %d: %w", number, offset, err))
		}
	}
	return errors.Join(errs...)
}

// forgetLook is how often a partition is looked at that is still needed.
const forgetLook = time.Second

func (l *Log) forget(ctx context.Context, number uint16, before int64) error {
	var needed error // what the last look that came to an end said
	for {
		stale, fold, err := l.superfluous(ctx, number, before)
		switch {
		case err == nil:
			return l.remove(ctx, number, before, fold, stale)
		case needed != nil && ctx.Err() != nil:
			return needed
		case !errors.Is(err, ErrNeeded) || !sleep(ctx, forgetLook):
			return err
		}
		needed = err
	}
}

// superfluous returns the snapshots before an offset, if nobody needs them nor
// the records before it.
func (l *Log) superfluous(ctx context.Context, number uint16, before int64) (stale []int64, fold uint16, err error) {
	if l.cfg.Snapshots == nil {
		return nil, 0, fmt.Errorf("%w: it is not known where snapshots are", ErrNeeded)
	}
	places, err := l.committed(ctx, []int32{int32(number)}, nil)
	if err != nil {
		return nil, 0, err
	}
	at := places[int32(number)]
	if fold = at.plan.Fold; at.plan.From < before {
		return nil, 0, fmt.Errorf("%w: the plan is at %d", ErrNeeded, at.plan.From)
	}
	held, err := l.cfg.Snapshots.Snapshots(ctx, l.cfg.Epoch, number, fold)
	if err != nil {
		return nil, 0, fmt.Errorf("list snapshots: %w", err)
	}
	first := slices.IndexFunc(held, func(offset int64) bool { return offset >= before })
	if first < 0 {
		return nil, 0, fmt.Errorf("%w: there is no snapshot at or after it", ErrNeeded)
	}
	for name, cursor := range at.followers {
		// A follower folds anew from a state that is not past its cursor.
		if held[first] > cursor {
			return nil, 0, fmt.Errorf("%w: by the follower %s at %d", ErrNeeded, name, cursor)
		}
	}
	return held[:first], fold, nil
}

func (l *Log) remove(ctx context.Context, number uint16, before int64, fold uint16, stale []int64) error {
	if len(stale) > 0 {
		if err := l.cfg.Snapshots.DropSnapshots(ctx, l.cfg.Epoch, number, fold, stale); err != nil {
			return fmt.Errorf("drop snapshots: %w", err)
		}
	}
	return l.retry(ctx, "delete records", func(client sarama.Client) error {
		_, err := await(ctx, func() (struct{}, error) {
			admin, err := sarama.NewClusterAdminFromClient(client) // never closed: that would close the client
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, admin.DeleteRecords(l.cfg.Topic, map[int32]int64{int32(number): before})
		})
		if code := sarama.KError(0); errors.As(err, &code) && code == sarama.ErrOffsetOutOfRange {
			return nil // retention was faster
		}
		return err
	})
}

// Joined reports whether this process is a member of the group, whatever it owns.
func (l *Log) Joined() bool { return l.joined.Load() > 0 }

// Members returns how many processors the group has.
func (l *Log) Members(ctx context.Context) (n int, err error) {
	err = l.retry(ctx, "ask for the members of the group", func(client sarama.Client) error {
		request := &sarama.DescribeGroupsRequest{Version: 4, Groups: []string{l.cfg.Group}}
		got, err := askSure(ctx, l, client, func(b *sarama.Broker) (*sarama.DescribeGroupsResponse, error) {
			return b.DescribeGroups(request)
		})
		if err != nil {
			return err
		}
		n = 0
		for _, group := range got.Groups {
			if group.Err != sarama.ErrNoError {
				return l.lostCoordinator(ctx, client, group.Err)
			}
			n += len(group.Members)
		}
		return nil
	})
	return n, err
}
