package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/backlog"
)

// request is one thing to be made durable: records, a plan, a cursor or a
// position.
type request struct {
	records []footfall.Record // the log's own copies, values shared
	encoded *encoded          // of the records
	plan    *stream.Plan
	raised  uint16 // epoch that the plan begins, 0 if none
	cursor  *cursor
	owner   *partition // who commits the plan or moves the cursor
	written bool       // it was, its owner being the owner

	positionKey []byte
	position    int64

	first int64 // offset, time and epoch of the records, once they have them
	time  footfall.Millis
	epoch uint16
	done  chan error // takes one answer, the first
}

// cursor is a new place of a follower.
type cursor struct {
	name    string
	offset  int64
	dropped bool
}

func (r *request) answer(err error) {
	select {
	case r.done <- err:
	default:
	}
}

// Append implements [stream.Log]. Appends that meet share one sync. Either all
// records of the call are in the log or none; their partition must be 0.
func (l *Log) Append(ctx context.Context, records []footfall.Record) error {
	if len(records) == 0 {
		return ctx.Err()
	}
	l.checkSpace()
	if err := l.refusing(true); err != nil {
		return err
	}
	for i := range records {
		if records[i].Partition != 0 {
			return fmt.Errorf("append to partition %d of a log that has only 0", records[i].Partition)
		}
	}
	r := &request{records: slices.Clone(records), encoded: encodedPool.Get().(*encoded)}
	for i := range records {
		r.encoded.add(&records[i])
		r.records[i].Value = snug(records[i].Value)
	}
	if err := l.submit(ctx, r); err != nil {
		return err
	}
	for i := range records {
		records[i].Epoch, records[i].Offset, records[i].Time = r.epoch, r.first+int64(i), r.time
	}
	return nil
}

// snug returns the bytes in memory of about their own size: the tail holds on
// to it, and a door may have cut a small value from a large buffer.
func snug(b []byte) []byte {
	if cap(b) > 2*len(b)+512 {
		return bytes.Clone(b)
	}
	return b
}

func (l *Log) refusing(appends bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusal(appends)
}

// place returns the places after a request for one of them.
func (r *request) place(at places) places {
	if r.plan != nil {
		at.plan, at.planned, at.epoch = *r.plan, true, max(at.epoch, r.raised)
		return at
	}
	return at.move(r.cursor)
}

// submit queues a request and waits for its answer. Who finds no writer at
// work starts one; it ends when the queue is empty. The writer is a goroutine
// of its own so that a disk that hangs holds no caller.
func (l *Log) submit(ctx context.Context, r *request) error {
	r.done = make(chan error, 1)
	l.mu.Lock()
	if err := l.refusal(r.records != nil); err != nil {
		l.mu.Unlock()
		return err
	}
	l.queue = append(l.queue, r)
	if l.writing == nil {
		l.takeQueue()
		l.engine.users.Add(1)
		go l.write(l.engine, l.writing)
	}
	l.mu.Unlock()
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// groupBytes bounds what is written with one sync, and keyBytes what stands
// under one key: reading one record decodes all before it there.
const (
	groupBytes = 2 << 20
	keyBytes   = 64 << 10
)

// takeQueue moves requests from the queue into the writer's hands; l.mu is
// held.
func (l *Log) takeQueue() {
	n, size := 0, 0
	for n < len(l.queue) && (n == 0 || size < groupBytes) {
		if e := l.queue[n].encoded; e != nil {
			size += len(e.b)
		}
		n++
	}
	l.writing = slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
}

// write makes group after group of requests durable, until there is none.
func (l *Log) write(e *engine, group []*request) {
	defer e.users.Done()
	for group != nil {
		err := l.writeGroup(e, group)
		l.mu.Lock()
		if l.engine != e || l.health.broken != nil {
			l.mu.Unlock()
			return // these requests have their answer
		}
		l.finish(group, err)
		l.writing = nil
		if len(l.queue) > 0 {
			l.takeQueue()
		}
		group = l.writing
		l.mu.Unlock()
	}
}

// writeGroup writes the requests in one batch. Only the writer moves the end
// of the log, so that it may read it and write later.
func (l *Log) writeGroup(e *engine, group []*request) error {
	l.mu.Lock()
	end, clock := l.end, max(l.clock, footfall.MillisOf(time.Now()))
	owner, at := l.owner, l.places
	l.mu.Unlock()

	batch := e.db.NewBatch()
	defer func() { _ = batch.Close() }() // gives memory back; it has no error
	positions := map[string]int64{}
	for i := 0; i < len(group); i++ {
		r := group[i]
		switch {
		case r.records != nil:
			n := 1
			for i+n < len(group) && group[i+n].records != nil {
				n++
			}
			addRecords(batch, group[i:i+n], end, clock)
			for _, r := range group[i : i+n] {
				r.first, r.time = end, clock
				end += int64(len(r.records))
			}
			i += n - 1
		case r.owner != nil:
			if r.owner != owner {
				r.answer(stream.ErrFenced)
				continue
			}
			at = r.place(at)
			_ = batch.Set(logKey(end, kindPlan), at.encode(), nil)
			r.written = true
		default:
			old, ok := positions[string(r.positionKey)]
			if !ok {
				var err error
				if old, err = readPosition(e.db, r.positionKey); err != nil {
					return err
				}
			}
			positions[string(r.positionKey)] = max(old, r.position)
		}
	}
	for key, position := range positions {
		_ = batch.Set([]byte(key), binary.BigEndian.AppendUint64(nil, uint64(position)), nil)
	}
	if batch.Empty() {
		return nil
	}
	return batch.Commit(pebble.Sync)
}

// addRecords adds the records of some appends to the batch, in few groups.
func addRecords(batch *pebble.Batch, appends []*request, first int64, time footfall.Millis) {
	var pieces [][]byte // of the group being gathered
	count, size := 0, 0
	flush := func() {
		if count > 0 {
			addGroup(batch, first, count, time, pieces, size)
		}
		first += int64(count)
		pieces, count, size = pieces[:0], 0, 0
	}
	for _, r := range appends {
		from, start := 0, 0 // of the piece, of the record
		for _, end := range r.encoded.ends {
			if size+end-from > keyBytes {
				pieces, size = append(pieces, r.encoded.b[from:start]), size+start-from
				flush()
				from = start
			}
			start = end
			count++
		}
		pieces, size = append(pieces, r.encoded.b[from:start]), size+start-from
	}
	flush()
}

func addGroup(batch *pebble.Batch, first int64, count int, time footfall.Millis, pieces [][]byte, size int) {
	var room [24]byte
	head := appendGroupHead(room[:0], count, time)
	key := logKey(first, kindRecord)
	op := batch.SetDeferred(len(key), len(head)+size)
	copy(op.Key, key)
	at := copy(op.Value, head)
	for _, piece := range pieces {
		at += copy(op.Value[at:], piece)
	}
	_ = op.Finish() // fails only for batches with an index
}

// finish makes a written group visible and answers it; l.mu is held.
func (l *Log) finish(group []*request, err error) {
	if err != nil {
		err = fmt.Errorf("%w: write log: %w", stream.ErrUnavailable, err)
	}
	grown := false
	for _, r := range group {
		switch {
		case r.records == nil:
			if r.written && err == nil {
				l.places = r.place(l.places)
				l.pending.DropBefore(l.places.plan.From)
				l.tail.dropBefore(l.places.plan.From)
			}
		case err == nil:
			r.epoch = l.places.epoch
			for i := range r.records {
				rec := &r.records[i]
				var tenant uint32
				tenant, rec.Tenant = l.pending.Intern(rec.Tenant)
				rec.Epoch, rec.Offset, rec.Time = r.epoch, r.first+int64(i), r.time
				l.pending.Add(rec.Offset, backlog.Entry{Time: r.time, Events: rec.Events, Tenant: tenant})
			}
			l.end = r.first + int64(len(r.records))
			l.clock = r.time
			l.tail.push(r.records)
			grown = true
		}
		if r.encoded != nil {
			r.encoded.free()
			r.encoded = nil
		}
		r.answer(err)
	}
	if grown {
		l.wake()
	}
}
