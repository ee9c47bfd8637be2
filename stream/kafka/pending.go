package kafka

import (
	"context"
	"sync"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/backlog"
)

// backlogCounter counts what is pending. It learns from what the processor
// reads, and reads itself only what that has not reached yet, once.
type backlogCounter struct {
	p      *partition
	turn   chan struct{} // holds a token while somebody counts
	reader *reader

	mu      sync.Mutex
	counter backlog.Counter // of the records [begin, end)
	begin   int64
	end     int64
	asked   bool // since counts from begin
}

// keptBehind is how much of what is confirmed stays counted: whoever asks may
// be a little behind.
const keptBehind = 8 * backlog.ChunkSize

func (c *backlogCounter) init(p *partition) {
	c.p, c.turn = p, make(chan struct{}, 1)
	c.reader = &reader{p: p}
	c.counter = backlog.New()
}

// seen counts what somebody has read from an offset on, if it follows what is
// counted already.
func (c *backlogCounter) seen(from int64, records []footfall.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begin == c.end && !c.asked {
		c.restart(from)
	}
	if from > c.end {
		return
	}
	for i := range records {
		r := &records[i]
		if r.Offset < c.end {
			continue
		}
		tenant, _ := c.counter.Intern(r.Tenant)
		for ; c.end < r.Offset; c.end++ { // an offset that no record has
			c.counter.Add(c.end, backlog.Entry{Time: r.Time, Tenant: tenant})
		}
		c.counter.Add(r.Offset, backlog.Entry{Time: r.Time, Events: r.Events, Tenant: tenant})
		c.end++
	}
}

// restart begins at another offset; c.mu is held.
func (c *backlogCounter) restart(from int64) {
	c.counter = backlog.New()
	c.begin, c.end = from, from
}

// confirmed forgets what nobody will ask for.
func (c *backlogCounter) confirmed(from int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.asked && c.begin < c.end {
		c.begin = max(c.begin, c.counter.DropBefore(from-keptBehind))
	}
}

// since counts the records at or after an offset.
func (c *backlogCounter) since(ctx context.Context, from int64) (map[string]uint64, footfall.Millis, error) {
	end, err := c.p.log.offset(ctx, c.p.number, sarama.OffsetNewest)
	if err != nil {
		return nil, 0, err
	}
	at, err := c.ask(ctx, from)
	if err != nil {
		return nil, 0, err
	}
	defer c.answered()
	for at < end {
		if at, err = c.advance(ctx, at); err != nil {
			return nil, 0, err
		}
	}
	return c.total(ctx, from)
}

// advance counts one read more and returns up to where.
func (c *backlogCounter) advance(ctx context.Context, at int64) (int64, error) {
	records, err := c.reader.read(ctx, at, fetchBytes)
	if err != nil {
		return at, err
	}
	c.seen(at, records)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end, nil
}

// total adds up what is counted from an offset on.
func (c *backlogCounter) total(ctx context.Context, from int64) (map[string]uint64, footfall.Millis, error) {
	for {
		c.mu.Lock()
		counts, oldest, missing, ok := c.counter.Since(from)
		c.mu.Unlock()
		if ok {
			return counts, oldest, nil
		}
		if err := c.restore(ctx, missing); err != nil {
			return nil, 0, err
		}
	}
}

// estimate counts one read more of the records at or after an offset, and takes
// those that are not counted yet, up to the log's end, to be like those that are.
func (c *backlogCounter) estimate(ctx context.Context, from, end int64) (Backlog, error) {
	at, err := c.ask(ctx, from)
	if err != nil {
		return Backlog{}, err
	}
	defer c.answered()
	if at, err = c.advance(ctx, at); err != nil {
		return Backlog{}, err
	}
	counts, oldest, err := c.total(ctx, from)
	if err != nil {
		return Backlog{}, err
	}
	if at < end {
		for tenant, n := range counts {
			counts[tenant] = uint64(float64(n) * float64(end-from) / float64(at-from))
		}
	}
	return Backlog{Events: counts, Oldest: oldest, Estimated: at < end}, nil
}

// ask takes the turn to count from an offset on, until answered, and returns up
// to where that is done.
func (c *backlogCounter) ask(ctx context.Context, from int64) (at int64, err error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if from < c.begin || from > c.end {
		c.restart(from)
	}
	c.asked = true
	return c.end, nil
}

func (c *backlogCounter) answered() {
	c.mu.Lock()
	c.asked = false
	c.mu.Unlock()
	<-c.turn
}

// restore reads a chunk again that is counted only as a whole.
func (c *backlogCounter) restore(ctx context.Context, from int64) error {
	end := (from/backlog.ChunkSize + 1) * backlog.ChunkSize
	var entries []backlog.Entry
	for at := from; at < end; {
		records, err := c.reader.read(ctx, at, fetchBytes)
		if err != nil {
			return err
		}
		c.mu.Lock()
		for _, r := range records {
			tenant, _ := c.counter.Intern(r.Tenant)
			for ; at < min(r.Offset, end); at++ {
				entries = append(entries, backlog.Entry{Time: r.Time, Tenant: tenant})
			}
			if r.Offset < end {
				entries = append(entries, backlog.Entry{Time: r.Time, Events: r.Events, Tenant: tenant})
				at++
			}
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counter.Restore(from, entries)
	return nil
}
