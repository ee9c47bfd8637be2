package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/backlog"
)

// Own implements [stream.Log]. The one partition belongs to one call at a
// time; others wait.
func (l *Log) Own(ctx context.Context, fn func(context.Context, stream.Partition) error) error {
	for {
		select {
		case l.turn <- struct{}{}:
		case <-ctx.Done():
			return nil
		case <-l.closed:
			return ErrClosed
		}
		err := l.own(ctx, fn)
		<-l.turn
		switch {
		case ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())):
			return nil
		case l.isClosed():
			return ErrClosed
		case err != nil && !errors.Is(err, stream.ErrFenced):
			return err
		}
	}
}

// own calls fn once and waits until the ownership ends.
func (l *Log) own(ctx context.Context, fn func(context.Context, stream.Partition) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &partition{log: l}
	l.setOwner(p)
	defer l.setOwner(nil)
	ended := make(chan error, 1)
	go func() { ended <- fn(ctx, p) }()
	var err error
	select {
	case err = <-ended:
		if err == nil { // fn is done with it, but nobody else may have it yet
			select {
			case <-ctx.Done():
			case <-l.closed:
			}
		}
	case <-l.closed:
		cancel()
		err = <-ended
	}
	return err
}

func (l *Log) setOwner(p *partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner = p; p != nil {
		p.epoch = l.places.epoch
	}
}

// partition is the partition in the hands of one call of Own.
type partition struct {
	log   *Log
	epoch uint16
}

// ID implements [stream.Partition].
func (p *partition) ID() (epoch, number uint16) { return p.epoch, 0 }

// Plan implements [stream.Partition].
func (p *partition) Plan(ctx context.Context) (stream.Plan, bool, error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return p.log.places.plan, p.log.places.planned, ctx.Err()
}

// Commit implements [stream.Partition].
func (p *partition) Commit(ctx context.Context, plan stream.Plan) error {
	return p.commit(ctx, &request{plan: &plan, owner: p})
}

// Raise implements [stream.Partition]. The log has one epoch at a time, which is
// kept beside its plan: that of the records which are not processed yet.
func (p *partition) Raise(ctx context.Context, plan stream.Plan, state io.Reader) error {
	if err := p.Snapshots().Save(ctx, plan.Fold, plan.From, state); err != nil {
		return err
	}
	return p.commit(ctx, &request{plan: &plan, raised: p.epoch + 1, owner: p})
}

func (p *partition) commit(ctx context.Context, r *request) error {
	l, plan := p.log, r.plan
	l.mu.Lock()
	end, owned := l.end, l.owner == p
	l.mu.Unlock()
	if !owned {
		return stream.ErrFenced
	}
	if plan.From < 0 || plan.To < plan.From || plan.To > end {
		return fmt.Errorf("commit plan [%d, %d) to a log that ends at %d", plan.From, plan.To, end)
	}
	if err := l.submit(ctx, r); err != nil {
		return err
	}
	l.retain(ctx, time.Now())
	return nil
}

// Bounds implements [stream.Partition].
func (p *partition) Bounds(ctx context.Context) (first, end int64, err error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return p.log.first, p.log.end, ctx.Err()
}

// Read implements [stream.Partition].
func (p *partition) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	l := p.log
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.mu.Lock()
		grown, first, end := l.grown, l.first, l.end
		records := l.tail.read(from, maxBytes)
		l.mu.Unlock()
		switch {
		case l.isClosed():
			return nil, ErrClosed
		case from < first:
			return nil, fmt.Errorf("%w: offset %d, the first held is %d", stream.ErrTrimmed, from, first)
		case len(records) == 0 && from < end:
			var err error
			if records, err = l.readStored(from, maxBytes); err != nil {
				return nil, err
			}
		}
		if len(records) > 0 {
			for i := range records {
				records[i].Epoch = p.epoch
			}
			return records, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		case <-l.closed:
		}
	}
}

// readStored reads records that memory no longer holds.
func (l *Log) readStored(from int64, maxBytes int) ([]footfall.Record, error) {
	e, err := l.use()
	if err != nil {
		return nil, err
	}
	defer e.users.Done()
	var records []footfall.Record
	size := 0
	tenant := ""
	err = eachGroup(e.db, from, func(g group) (bool, error) {
		if len(records) == 0 && g.first > from {
			return false, nil // retention was faster
		}
		g.rest = bytes.Clone(g.rest)
		for i := range g.count {
			r, err := g.next()
			if err != nil {
				return false, err
			}
			if g.first+int64(i) < from {
				continue
			}
			if tenant != string(r.tenant) {
				tenant = l.internTenant(r.tenant)
			}
			rec, err := r.record(g.first+int64(i), g.time, tenant)
			if err != nil {
				return false, err
			}
			records = append(records, rec)
			if size += len(rec.Value) + len(rec.Header); size >= maxBytes {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		if first, _, _ := l.bounds(); from < first {
			return nil, fmt.Errorf("%w: offset %d, the first held is %d", stream.ErrTrimmed, from, first)
		}
		return nil, fmt.Errorf("%w: no record at offset %d", errCorrupt, from)
	}
	return records, nil
}

func (l *Log) bounds() (first, end int64, plan stream.Plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.end, l.places.plan
}

func (l *Log) internTenant(name []byte) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, text := l.pending.InternBytes(name)
	return text
}

// Pending implements [stream.Partition].
func (p *partition) Pending(ctx context.Context, from int64) (map[string]uint64, footfall.Millis, error) {
	l := p.log
	for {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		l.mu.Lock()
		counts, oldest, missing, ok := l.pending.Since(from)
		l.mu.Unlock()
		if ok {
			return counts, oldest, nil
		}
		if err := l.loadPending(missing); err != nil {
			return nil, 0, err
		}
	}
}

// loadPending reads the entries of a chunk that were dropped for their number.
func (l *Log) loadPending(from int64) error {
	e, err := l.use()
	if err != nil {
		return err
	}
	defer e.users.Done()
	end := (from/backlog.ChunkSize + 1) * backlog.ChunkSize
	var entries []backlog.Entry
	err = eachGroup(e.db, from, func(g group) (bool, error) {
		for i := range g.count {
			r, err := g.next()
			if err != nil {
				return false, err
			}
			if at := g.first + int64(i); at < from || at >= end {
				continue
			}
			l.mu.Lock()
			number, _ := l.pending.InternBytes(r.tenant)
			l.mu.Unlock()
			entries = append(entries, backlog.Entry{Time: g.time, Events: r.events, Tenant: number})
		}
		return g.first+int64(g.count) < end, nil
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine == e { // else the numbers of the tenants are others
		l.pending.Restore(from, entries)
	}
	return nil
}

// Snapshots implements [stream.Partition].
func (p *partition) Snapshots() stream.Snapshots { return (*snapshots)(p.log) }
