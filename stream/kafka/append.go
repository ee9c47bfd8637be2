package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

var (
	errFull = errors.New("too much is on its way already")
	errSlow = errors.New("the brokers did not take it in time")
)

// Append implements [stream.Log]. The records of one partition become one batch
// of Kafka's, which replicas take whole or not at all; it is resent under the
// same number until it is acknowledged, so that a lost answer doubles nothing.
func (l *Log) Append(ctx context.Context, records []footfall.Record) error {
	if len(records) == 0 {
		return ctx.Err()
	}
	started := time.Now()
	err := l.append(ctx, records)
	l.inst.appended(ctx, started, err)
	return err
}

func (l *Log) append(caller context.Context, records []footfall.Record) error {
	a := &appending{done: make(chan struct{})}
	if err := a.split(records, l.cfg.Partitions); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(caller, l.cfg.AppendTimeout, errSlow)
	defer cancel()
	if err := l.enqueue(ctx, a); err != nil {
		return outcome(caller, ctx, err)
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return outcome(caller, ctx, ctx.Err())
	}
	if err := a.result(); err != nil {
		return err
	}
	for _, p := range a.pieces {
		for i, at := range p.index {
			r := &records[at]
			r.Epoch, r.Offset, r.Time = l.cfg.Epoch, p.offset+int64(i), p.time
		}
	}
	return nil
}

func (l *Log) enqueue(ctx context.Context, a *appending) error {
	client, err := l.connect(ctx)
	if err == nil {
		err = l.count(client)
	}
	if errors.Is(err, ErrTopic) {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
	}
	if err != nil {
		return err
	}
	return l.producer.enqueue(ctx, a)
}

// outcome tells the caller's own end from that of the time for an append.
func outcome(caller, ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	if caller.Err() != nil {
		return caller.Err()
	}
	return fmt.Errorf("%w: %w", stream.ErrUnavailable, context.Cause(ctx))
}

// appending is one call of Append on its way.
type appending struct {
	pieces []*piece
	bytes  int64
	left   atomic.Int32 // pieces without an answer
	done   chan struct{}
}

// piece is what one append has for one partition. It is in the log whole or
// not at all.
type piece struct {
	of        *appending
	ctx       context.Context // of the append
	until     time.Time       // how long it is tried
	partition int32
	records   []footfall.Record // copies, values shared
	index     []int             // where they stand in the append
	size      int

	// The answer; readable when the append is done.
	offset int64
	time   footfall.Millis
	err    error
}

// split makes a piece for each partition the records go to.
func (a *appending) split(records []footfall.Record, partitions uint16) error {
	byPartition := map[uint16]*piece{}
	for i := range records {
		r := &records[i]
		if r.Partition >= partitions {
			return fmt.Errorf("append to partition %d of %d", r.Partition, partitions)
		}
		p := byPartition[r.Partition]
		if p == nil {
			p = &piece{of: a, partition: int32(r.Partition)}
			byPartition[r.Partition] = p
			a.pieces = append(a.pieces, p)
		}
		p.records, p.index = append(p.records, *r), append(p.index, i)
		p.size += sizeOf(r)
	}
	for _, p := range a.pieces {
		if p.size > maxBatch-1024 {
			return fmt.Errorf("append %d bytes to partition %d: it takes at most %d at once", p.size, p.partition, maxBatch-1024)
		}
		a.bytes += int64(p.size)
	}
	a.left.Store(int32(len(a.pieces)))
	return nil
}

// result is the first error of a piece.
func (a *appending) result() error {
	for _, p := range a.pieces {
		if p.err != nil {
			return p.err
		}
	}
	return nil
}
