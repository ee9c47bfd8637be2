package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// batchBytes is how much of several appends goes into one batch.
const batchBytes = 900_000

// producer brings appends to the brokers. A lane makes batches for one
// partition, one after the other; a sender brings those of all partitions that
// a broker leads to it, together. Both have a goroutine only while they have
// work.
type producer struct {
	log   *Log
	lanes []*lane

	working sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	inFlight int64
	senders  map[string]*sender // by address
}

func (p *producer) init(l *Log) {
	p.log, p.senders = l, map[string]*sender{}
	for i := range int32(l.cfg.Partitions) {
		p.lanes = append(p.lanes, &lane{p: p, partition: i, id: -1})
	}
}

// enqueue hands the pieces of an append to their lanes, unless too much is on
// its way already.
func (p *producer) enqueue(ctx context.Context, a *appending) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if p.inFlight > 0 && p.inFlight+a.bytes > p.log.cfg.MaxInFlight {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, errFull)
	}
	p.inFlight += a.bytes
	for _, piece := range a.pieces {
		piece.ctx, piece.until = ctx, time.Now().Add(p.log.cfg.AppendTimeout)
		lane := p.lanes[piece.partition]
		lane.queue = append(lane.queue, piece)
		if !lane.running {
			lane.running = true
			p.working.Go(lane.run)
		}
	}
	return nil
}

func (p *producer) close() {
	p.mu.Lock()
	p.closed = true
	senders := p.senders
	p.mu.Unlock()
	for _, s := range senders {
		s.abort()
	}
	p.working.Wait()
}

// lane is the way to one partition.
type lane struct {
	p         *producer
	partition int32

	// Guarded by producer.mu.
	queue   []*piece
	running bool

	// Of the goroutine of run: under which numbers the broker takes a batch
	// only once. A new id starts again at 0.
	id       int64
	epoch    int16
	sequence int32

	last footfall.Millis // time of the last record, which never goes back
}

// batch is what a lane has in hand.
type batch struct {
	partition int32
	pieces    []*piece
	records   *sarama.RecordBatch
	answer    chan answer
}

type answer struct {
	block *sarama.ProduceResponseBlock
	err   error
}

func (l *lane) run() {
	for {
		b := l.take()
		if b == nil {
			return
		}
		block, err := l.deliver(b)
		l.finish(b, block, err)
	}
}

// take forms the next batch of what is still waited for; it is nil, and the
// lane rests, if there is nothing.
func (l *lane) take() *batch {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	b := &batch{partition: l.partition, answer: make(chan answer, 1)}
	size, n := 0, 0
	for _, piece := range l.queue {
		if len(b.pieces) > 0 && size+piece.size > batchBytes {
			break
		}
		n++
		if err := context.Cause(piece.ctx); err != nil {
			l.p.answer(piece, err) // nobody waits any more
			continue
		}
		b.pieces = append(b.pieces, piece)
		size += piece.size
	}
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil
	}
	if len(b.pieces) == 0 {
		l.running = false
		return nil
	}
	return b
}

// answer gives a piece its answer; producer.mu is held.
func (p *producer) answer(piece *piece, err error) {
	piece.err = err
	if piece.of.left.Add(-1) == 0 {
		p.inFlight -= piece.of.bytes
		close(piece.of.done)
	}
}

func (l *lane) finish(b *batch, block *sarama.ProduceResponseBlock, err error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if err == nil {
		l.last = max(l.last, footfall.MillisOf(block.Timestamp))
	}
	next := int64(0)
	for _, piece := range b.pieces {
		if err == nil {
			piece.offset, piece.time = block.Offset+next, l.last
			next += int64(len(piece.records))
		}
		l.p.answer(piece, err)
	}
}

// form makes the batch of Kafka's.
func (l *lane) form(b *batch) {
	now := time.Now() // brokers put their own in its place
	b.records = &sarama.RecordBatch{
		Version: 2, Codec: codecs[l.p.log.cfg.Compression], CompressionLevel: sarama.CompressionLevelDefault,
		FirstTimestamp: now, MaxTimestamp: now,
	}
	for _, piece := range b.pieces {
		for i := range piece.records {
			b.records.Records = append(b.records.Records, encode(&piece.records[i], len(b.records.Records)))
		}
	}
	b.records.LastOffsetDelta = int32(len(b.records.Records) - 1)
}

// number puts a producer id and a sequence number on the batch.
func (l *lane) number(ctx context.Context, b *batch, client sarama.Client) error {
	if l.id < 0 || l.sequence > math.MaxInt32-int32(len(b.records.Records)) {
		got, err := await(ctx, client.InitProducerID)
		if err != nil {
			return err
		}
		if got.Err != sarama.ErrNoError {
			return got.Err
		}
		l.id, l.epoch, l.sequence = got.ProducerID, got.ProducerEpoch, 0
	}
	b.records.ProducerID, b.records.ProducerEpoch, b.records.FirstSequence = l.id, l.epoch, l.sequence
	return nil
}

// turn begins another row of numbers. The batch in hand may be in the log, or get
// there yet: what follows must not be taken for it. A later epoch of the same id
// says so without asking for an id, which a broker may not have while its
// controller is frozen.
func (l *lane) turn() {
	if l.epoch == math.MaxInt16 {
		l.id = -1
		return
	}
	l.epoch, l.sequence = l.epoch+1, 0
}

// deliver sends a batch until it is acknowledged, nobody waits for it any
// more, or it never will be.
func (l *lane) deliver(b *batch) (*sarama.ProduceResponseBlock, error) {
	l.form(b)
	ctx, cancel := context.WithDeadline(l.p.log.closed, b.pieces[len(b.pieces)-1].until)
	defer cancel()
	var last error
	for try := 0; ; try++ {
		if try > 0 {
			l.p.log.inst.retry(ctx)
			if !sleep(ctx, backoff(try)) {
				break
			}
		}
		block, err := l.send(ctx, b)
		if err == nil {
			l.sequence += int32(len(b.records.Records))
			return block, nil
		}
		if ctx.Err() != nil {
			break
		}
		last = err
		switch code := sarama.KError(0); {
		case !errors.As(err, &code):
		case code == sarama.ErrMessageSizeTooLarge, code == sarama.ErrMessageSetSizeTooLarge, code == sarama.ErrInvalidRecord:
			l.id = -1
			return nil, fmt.Errorf("append to partition %d: %w", l.partition, err)
		case code == sarama.ErrOutOfOrderSequenceNumber, code == sarama.ErrUnknownProducerID,
			code == sarama.ErrInvalidProducerEpoch, code == sarama.ErrInvalidProducerIDMapping:
			l.id = -1 // the broker has forgotten it
		}
	}
	l.turn()
	if last == nil {
		last = errSlow
	}
	if l.p.log.closed.Err() != nil {
		return nil, fmt.Errorf("%w: %w", stream.ErrUnavailable, ErrClosed)
	}
	return nil, fmt.Errorf("%w: append to partition %d: %w", stream.ErrUnavailable, l.partition, last)
}

// send brings a batch to the leader of its partition, once.
func (l *lane) send(ctx context.Context, b *batch) (*sarama.ProduceResponseBlock, error) {
	client, err := l.p.log.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.number(ctx, b, client); err != nil {
		return nil, err
	}
	leader, err := await(ctx, func() (*sarama.Broker, error) {
		return client.Leader(l.p.log.cfg.Topic, l.partition)
	})
	if err != nil {
		return nil, err
	}
	if err := l.p.sender(leader).submit(b); err != nil {
		return nil, err
	}
	got := <-b.answer // bounded by the time-outs of the connection
	if got.err == nil && got.block.Err != sarama.ErrNoError {
		got.err = got.block.Err
	}
	if got.err != nil {
		l.p.log.refresh(ctx, client)
		return nil, got.err
	}
	if got.block.Offset < 0 {
		return nil, errors.New("the broker has it already and does not know where")
	}
	return got.block, nil
}

// refresh asks again who leads the partitions.
func (l *Log) refresh(ctx context.Context, client sarama.Client) {
	_, _ = await(ctx, func() (struct{}, error) { return struct{}{}, client.RefreshMetadata(l.cfg.Topic) })
}
