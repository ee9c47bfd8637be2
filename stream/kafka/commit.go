package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// placesHolder has the places of a claimed partition as they were committed.
type placesHolder struct {
	turn chan struct{} // holds a token while somebody uses what follows
	held []places      // what may be committed: one that is, two if nobody knows, none before it was asked
}

// known reports whether it is known what is committed.
func (h *placesHolder) known() bool { return len(h.held) == 1 }

// possible reports whether some places can be what is committed. Nobody else
// commits as long as the claim lasts.
func (h *placesHolder) possible(at places) bool {
	return h.held == nil || slices.ContainsFunc(h.held, at.equal)
}

// enter waits for the turn.
func (h *placesHolder) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *placesHolder) leave() { <-h.turn }

// Plan implements [stream.Partition].
func (p *partition) Plan(ctx context.Context) (stream.Plan, bool, error) {
	at, err := p.currentPlaces(ctx)
	return at.plan, at.planned, err
}

// Commit implements [stream.Partition].
func (p *partition) Commit(ctx context.Context, plan stream.Plan) error {
	if plan.From < 0 || plan.To < plan.From {
		return fmt.Errorf("commit plan [%d, %d)", plan.From, plan.To)
	}
	err := p.change(ctx, func(at places) places {
		at.plan, at.planned = plan, true
		return at
	})
	if err == nil {
		p.backlog.confirmed(plan.From)
	}
	return err
}

// Raise implements [stream.Partition]. All processes are to have the next epoch
// as their [Config.Epoch] from then on; processors with another are refused.
func (p *partition) Raise(ctx context.Context, plan stream.Plan, state io.Reader) error {
	next := p.log.cfg.Epoch + 1
	p.raised.Store(true)
	if err := p.log.cfg.Snapshots.WriteSnapshot(ctx, next, p.number, plan.Fold, plan.From, state); err != nil {
		return fmt.Errorf("save snapshot at %d of epoch %d: %w", plan.From, next, err)
	}
	return p.change(ctx, func(at places) places {
		at.plan, at.planned, at.epoch = plan, true, next
		return at
	})
}

// currentPlaces returns what is committed.
func (p *partition) currentPlaces(ctx context.Context) (places, error) {
	if err := p.places.enter(ctx); err != nil {
		return places{}, err
	}
	defer p.places.leave()
	if err := p.load(ctx); err != nil {
		return places{}, err
	}
	return p.places.held[0], nil
}

// load asks for the places unless they are known; it is the caller's turn.
func (p *partition) load(ctx context.Context) error {
	if p.places.known() {
		return nil
	}
	all, err := p.log.committed(ctx, []int32{int32(p.number)}, p.known)
	if code := sarama.KError(0); errors.As(err, &code) && slices.Contains(fenced, code) {
		return stream.ErrFenced
	}
	if err != nil {
		return err
	}
	at := all[int32(p.number)]
	if at.epoch > p.log.cfg.Epoch && !p.raised.Load() {
		return footfall.Permanent(fmt.Errorf("%w: partition %d is in epoch %d, the configuration says %d", stream.ErrRaised, p.number, at.epoch, p.log.cfg.Epoch))
	}
	if !p.places.possible(at) {
		return fmt.Errorf("%w: ask for what is committed: %w", stream.ErrUnavailable, errReplaced)
	}
	p.places.held = []places{at}
	return nil
}

// fenced are answers to a member that the coordinator does not know, or not in
// this generation.
var fenced = []sarama.KError{sarama.ErrIllegalGeneration, sarama.ErrUnknownMemberId, sarama.ErrFencedInstancedId}

// known fails if a broker does not know the claim. A coordinator that was frozen
// answers what was committed when it froze, until it hears that it is none any
// more: it knows no member that joined since.
func (p *partition) known(b *sarama.Broker) error {
	if p.generation < 0 {
		return nil
	}
	request := &sarama.HeartbeatRequest{
		Version: 3, GroupId: p.log.cfg.Group, MemberId: p.member, GenerationId: p.generation,
	}
	if p.log.cfg.InstanceID != "" {
		request.GroupInstanceId = &p.log.cfg.InstanceID
	}
	got, err := b.Heartbeat(request)
	if err != nil {
		return err
	}
	if got.Err != sarama.ErrNoError && got.Err != sarama.ErrRebalanceInProgress {
		return got.Err
	}
	return nil
}

// change commits other places.
func (p *partition) change(ctx context.Context, f func(places) places) error {
	if p.lost.Load() {
		return stream.ErrFenced
	}
	if err := p.places.enter(ctx); err != nil {
		return err
	}
	defer p.places.leave()
	if err := p.load(ctx); err != nil {
		return err
	}
	at := p.places.held[0]
	next := f(at)
	offset, metadata, err := next.encode()
	if err != nil {
		return footfall.Permanent(err)
	}
	// What becomes of a commit without an answer is unknown. It is repeated as
	// it is; if that fails too, what is committed is asked for again.
	p.places.held = []places{at, next}
	err = p.log.retry(ctx, "commit", func(client sarama.Client) error {
		if p.lost.Load() {
			return stream.ErrFenced
		}
		return p.commit(ctx, client, offset, metadata)
	})
	if err != nil {
		return err
	}
	p.places.held = []places{next}
	return nil
}

// commit asks the coordinator once. It is told which generation made the
// claim, and refuses if that is not the one it knows.
func (p *partition) commit(ctx context.Context, client sarama.Client, offset int64, metadata string) error {
	if p.generation < 0 {
		return stream.ErrFenced // it reads without a claim; a group without members would take it
	}
	request := &sarama.OffsetCommitRequest{
		Version: 7, ConsumerGroup: p.log.cfg.Group, ConsumerID: p.member, ConsumerGroupGeneration: p.generation,
	}
	if p.log.cfg.InstanceID != "" {
		request.GroupInstanceId = &p.log.cfg.InstanceID
	}
	request.AddBlockWithLeaderEpoch(p.log.cfg.Topic, int32(p.number), offset, -1, 0, metadata)
	got, err := ask(ctx, p.log, client, func(b *sarama.Broker) (*sarama.OffsetCommitResponse, error) {
		return b.CommitOffset(request)
	})
	if err != nil {
		return err
	}
	code, ok := got.Errors[p.log.cfg.Topic][int32(p.number)]
	if !ok {
		return errors.New("the coordinator did not answer for the partition")
	}
	switch {
	case code == sarama.ErrNoError:
		return nil
	case slices.Contains(fenced, code):
		return stream.ErrFenced
	case code == sarama.ErrOffsetMetadataTooLarge, code == sarama.ErrGroupAuthorizationFailed, code == sarama.ErrTopicAuthorizationFailed:
		return footfall.Permanent(fmt.Errorf("commit: %w", code))
	default:
		return p.log.lostCoordinator(ctx, client, code)
	}
}

// committed returns the places of partitions. The coordinator must satisfy a
// condition first, unless that is nil.
func (l *Log) committed(ctx context.Context, numbers []int32, condition func(*sarama.Broker) error) (map[int32]places, error) {
	var all map[int32]places
	err := l.retry(ctx, "ask for what is committed", func(client sarama.Client) error {
		request := &sarama.OffsetFetchRequest{Version: 7, ConsumerGroup: l.cfg.Group, RequireStable: true}
		for _, n := range numbers {
			request.AddPartition(l.cfg.Topic, n)
		}
		got, err := askSure(ctx, l, client, func(b *sarama.Broker) (*sarama.OffsetFetchResponse, error) {
			if condition != nil {
				if err := condition(b); err != nil {
					return nil, err
				}
			}
			return b.FetchOffset(request)
		})
		if err != nil {
			return err
		}
		if got.Err != sarama.ErrNoError {
			return l.lostCoordinator(ctx, client, got.Err)
		}
		all = map[int32]places{}
		for _, n := range numbers {
			block := got.GetBlock(l.cfg.Topic, n)
			switch {
			case block == nil:
				return errors.New("the coordinator did not answer for the partition")
			case block.Err != sarama.ErrNoError:
				return l.lostCoordinator(ctx, client, block.Err)
			}
			if all[n], err = decodePlaces(block.Offset, block.Metadata); err != nil {
				return footfall.Permanent(fmt.Errorf("partition %d: %w", n, err))
			}
		}
		return nil
	})
	return all, err
}
