package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// partition is a claim of one generation of the group. Later generations fence
// it, also if they are of the same process.
type partition struct {
	log        *Log
	number     uint16
	member     string
	generation int32
	lost       atomic.Bool // this process knows that it is another's
	raised     atomic.Bool // this claim begins the next epoch

	reader  *reader
	readers readers // all of them
	places  placesHolder
	backlog backlogCounter
}

func (l *Log) newPartition(number uint16, member string, generation int32) *partition {
	p := &partition{log: l, number: number, member: member, generation: generation}
	p.places.turn = make(chan struct{}, 1)
	p.backlog.init(p)
	p.reader = p.newReader()
	p.reader.seen = p.backlog.seen
	return p
}

// lose ends the claim as far as this process is concerned.
func (p *partition) lose() {
	p.lost.Store(true)
	p.readers.close()
}

// ID implements [stream.Partition].
func (p *partition) ID() (epoch, number uint16) { return p.log.cfg.Epoch, p.number }

// Bounds implements [stream.Partition].
func (p *partition) Bounds(ctx context.Context) (first, end int64, err error) {
	if first, err = p.log.offset(ctx, p.number, sarama.OffsetOldest); err != nil {
		return 0, 0, err
	}
	end, err = p.log.offset(ctx, p.number, sarama.OffsetNewest)
	return first, end, err
}

// offset asks for the first or the next offset of a partition.
func (l *Log) offset(ctx context.Context, number uint16, which int64) (int64, error) {
	found, err := l.offsets(ctx, []int32{int32(number)}, which)
	return found[int32(number)], err
}

// patience is how often something is tried before the caller hears of it.
const patience = 5

// retry tries something again, with what the client learns in between, and in
// the end says that the log is unavailable.
func (l *Log) retry(ctx context.Context, what string, f func(sarama.Client) error) error {
	var last error
	for try := range patience {
		if try > 0 && !sleep(ctx, backoff(try)) {
			return ctx.Err()
		}
		client, err := l.connect(ctx)
		if err == nil {
			if err = f(client); err == nil {
				return nil
			}
			if ctx.Err() == nil && !errors.Is(err, stream.ErrFenced) && !footfall.IsPermanent(err) {
				l.refresh(ctx, client)
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, stream.ErrFenced), footfall.IsPermanent(err), errors.Is(err, ErrClosed):
			return err
		}
		last = err
	}
	return fmt.Errorf("%w: %s: %w", stream.ErrUnavailable, what, last)
}

// Read implements [stream.Partition].
func (p *partition) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	return p.reader.read(ctx, from, maxBytes)
}

// Pending implements [stream.Partition]. It reads what nobody has read yet.
func (p *partition) Pending(ctx context.Context, from int64) (map[string]uint64, footfall.Millis, error) {
	return p.backlog.since(ctx, from)
}

// Snapshots implements [stream.Partition].
func (p *partition) Snapshots() stream.Snapshots { return &snapshots{p} }

// Follower implements [stream.Partition].
func (p *partition) Follower(name string) stream.Follower {
	return &follower{p: p, name: name, reader: p.newReader()}
}

// Followers implements [stream.Partition].
func (p *partition) Followers(ctx context.Context) (map[string]int64, error) {
	at, err := p.currentPlaces(ctx)
	return at.followers, err
}
