package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// fetchBytes bounds one fetch, as brokers count: compressed. They give at least
// one batch, however large. A partition has two of them in memory, unpacked.
const fetchBytes = 512 << 10

// reader reads one partition on a connection of its own, so that it waits for
// nobody. What it fetches next is on its way while the caller works on what it
// has. Its methods are for one goroutine at a time, but for hangUp.
type reader struct {
	p     *partition
	ahead bool                                        // fetches before it is asked
	seen  func(from int64, records []footfall.Record) // is shown what was read; may be nil

	next  int64 // offset that rest begins at, or that was read up to
	rest  []footfall.Record
	clock footfall.Millis
	under *fetch // way, nil if none

	// Of whoever fetches.
	last   mark // the last record fetched
	unsure bool // whether the log still has it, since it came on another connection

	mu   sync.Mutex
	dead bool
	conn *sarama.Broker
}

// fetch is one request on its way.
type fetch struct {
	from    int64
	done    chan struct{}
	records []footfall.Record
	err     error
}

// readers are those of a claim, to be closed with it.
type readers struct {
	mu     sync.Mutex
	closed bool
	open   []*reader
}

func (p *partition) newReader() *reader { return &reader{p: p, ahead: true} }

// add is false if the claim is over.
func (rs *readers) add(r *reader) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if !rs.closed && !slices.Contains(rs.open, r) {
		rs.open = append(rs.open, r)
	}
	return !rs.closed
}

func (rs *readers) close() {
	rs.mu.Lock()
	rs.closed = true
	open := rs.open
	rs.mu.Unlock()
	for _, r := range open {
		r.hangUp()
	}
}

func (r *reader) read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	for try := 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if from != r.next {
			r.rest, r.next, r.clock = nil, from, 0 // the clock is that of what follows on one another
		}
		if len(r.rest) > 0 {
			return r.give(maxBytes), nil
		}
		f := r.fetch(ctx, from)
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.p.log.closed.Done():
			return nil, ErrClosed
		}
		r.under = nil
		switch {
		case f.err == nil:
			try, r.rest = 0, f.records
			for i := range r.rest { // brokers' clocks differ
				r.clock = max(r.clock, r.rest[i].Time)
				r.rest[i].Time = r.clock
			}
			continue
		case errors.Is(f.err, stream.ErrTrimmed), footfall.IsPermanent(f.err):
			return nil, f.err
		case r.p.lost.Load():
			return nil, stream.ErrFenced
		}
		if try++; try == patience {
			return nil, fmt.Errorf("%w: read partition %d: %w", stream.ErrUnavailable, r.p.number, f.err)
		}
		sleep(ctx, backoff(try))
	}
}

// give hands out the first of the records at hand.
func (r *reader) give(maxBytes int) []footfall.Record {
	n, size := 0, 0
	for n < len(r.rest) && (n == 0 || size < maxBytes) {
		size += len(r.rest[n].Value) + len(r.rest[n].Header)
		n++
	}
	given := r.rest[:n:n]
	from := r.next
	r.rest, r.next = r.rest[n:], given[n-1].Offset+1
	if len(r.rest) == 0 && r.ahead {
		r.fetch(r.p.log.closed, r.next)
	}
	if r.seen != nil {
		r.seen(from, given)
	}
	return given
}

// fetch returns the request from an offset that is under way, and starts it if
// there is none. One from elsewhere is given up first.
func (r *reader) fetch(ctx context.Context, from int64) *fetch {
	if r.under != nil && r.under.from != from {
		r.disconnect()
		select {
		case <-r.under.done:
		case <-ctx.Done():
			return r.under // the caller looks at ctx
		}
		r.under = nil
	}
	if r.under == nil {
		f := &fetch{from: from, done: make(chan struct{})}
		r.under = f
		go func() {
			defer close(f.done)
			f.records, f.err = r.once(f.from)
		}()
	}
	return r.under
}

// request fetches once.
func (r *reader) request(from int64) ([]footfall.Record, error) {
	l := r.p.log
	ctx := l.closed
	client, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := r.connect(client)
	if err != nil {
		l.refresh(ctx, client)
		return nil, err
	}
	got, err := conn.Fetch(l.fetchRequest(r.p.number, from, longPoll, fetchBytes))
	var block *sarama.FetchResponseBlock
	if err == nil {
		switch block = got.GetBlock(l.cfg.Topic, int32(r.p.number)); {
		case block == nil:
			err = errors.New("the broker did not answer for the partition")
		case block.Err == sarama.ErrOffsetOutOfRange:
			err = r.outOfRange(ctx, from)
		case block.Err != sarama.ErrNoError:
			err = block.Err
		}
	}
	if err != nil {
		r.disconnect()
		l.refresh(ctx, client)
		return nil, err
	}
	return l.records(block, r.p.number, from)
}

func (l *Log) fetchRequest(partition uint16, from int64, wait time.Duration, maxBytes int32) *sarama.FetchRequest {
	request := &sarama.FetchRequest{
		Version: 11, MaxWaitTime: int32(wait.Milliseconds()), MinBytes: 1, MaxBytes: maxBytes, SessionEpoch: -1,
	}
	request.AddBlock(l.cfg.Topic, int32(partition), from, maxBytes, -1)
	return request
}

// records takes those at or after an offset out of an answer: brokers give
// whole batches.
func (l *Log) records(block *sarama.FetchResponseBlock, partition uint16, from int64) ([]footfall.Record, error) {
	var records []footfall.Record
	for _, set := range block.RecordsSet {
		b := set.RecordBatch
		if b == nil || b.Control {
			continue
		}
		for _, of := range b.Records {
			if b.FirstOffset+of.OffsetDelta < from {
				continue
			}
			rec, err := l.decode(b, of, partition)
			if err != nil {
				return nil, err
			}
			records = append(records, rec)
		}
	}
	return records, nil
}

// outOfRange says why there is nothing at an offset. A broker that leads the
// partition no more may not have what is there.
func (r *reader) outOfRange(ctx context.Context, from int64) error {
	first, end, err := r.p.Bounds(ctx)
	switch {
	case err != nil:
		return err
	case from < first:
		return fmt.Errorf("%w: offset %d, the first held is %d", stream.ErrTrimmed, from, first)
	case from > end:
		return footfall.Permanent(fmt.Errorf("%w: read partition %d from offset %d: it ends at %d; the brokers have lost records, or the topic is another",
			stream.ErrLogLacks, r.p.number, from, end))
	default:
		return errors.New("offset out of range")
	}
}

func (r *reader) connect(client sarama.Client) (*sarama.Broker, error) {
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	if !r.p.readers.add(r) {
		return nil, stream.ErrFenced
	}
	leader, err := client.Leader(r.p.log.cfg.Topic, int32(r.p.number))
	if err != nil {
		return nil, err
	}
	if conn, err = r.p.log.dial(leader); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		_ = conn.Close()
		return nil, stream.ErrFenced
	}
	r.conn = conn
	return conn, nil
}

// disconnect ends the request that is under way.
func (r *reader) disconnect() {
	r.mu.Lock()
	conn := r.conn
	r.conn = nil
	r.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // it fails if the other side was faster
	}
}

// hangUp ends all requests for good.
func (r *reader) hangUp() {
	r.mu.Lock()
	r.dead = true
	r.mu.Unlock()
	r.disconnect()
}
