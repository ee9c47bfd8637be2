package local

import (
	"context"
	"fmt"
	"maps"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// Follower implements [stream.Partition].
func (p *partition) Follower(name string) stream.Follower { return &follower{p, name} }

// follower reads like its partition: reading takes nothing away.
type follower struct {
	p    *partition
	name string
}

// Cursor implements [stream.Follower].
func (f *follower) Cursor(ctx context.Context) (int64, bool, error) {
	l := f.p.log
	l.mu.Lock()
	defer l.mu.Unlock()
	offset, ok := l.places.cursors[f.name]
	return offset, ok, ctx.Err()
}

// Move implements [stream.Follower].
func (f *follower) Move(ctx context.Context, offset int64) error {
	l := f.p.log
	l.mu.Lock()
	end, owned := l.end, l.owner == f.p
	l.mu.Unlock()
	if !owned {
		return stream.ErrFenced
	}
	if offset < 0 || offset > end {
		return fmt.Errorf("move %s to %d in a log that ends at %d", f.name, offset, end)
	}
	return l.submit(ctx, &request{cursor: &cursor{name: f.name, offset: offset}, owner: f.p})
}

// Drop implements [stream.Follower].
func (f *follower) Drop(ctx context.Context) error {
	l := f.p.log
	l.mu.Lock()
	owned := l.owner == f.p
	l.mu.Unlock()
	if !owned {
		return stream.ErrFenced
	}
	return l.submit(ctx, &request{cursor: &cursor{name: f.name, dropped: true}, owner: f.p})
}

// Followers implements [stream.Partition].
func (p *partition) Followers(ctx context.Context) (map[string]int64, error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return maps.Clone(p.log.places.cursors), ctx.Err()
}

// Read implements [stream.Follower].
func (f *follower) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	return f.p.Read(ctx, from, maxBytes)
}
