package streamtest

import (
	"context"
	"maps"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// Follower implements [stream.Partition].
func (p *partition) Follower(name string) stream.Follower { return &follower{p, name} }

type follower struct {
	p    *partition
	name string
}

// Cursor implements [stream.Follower].
func (f *follower) Cursor(ctx context.Context) (int64, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	offset, ok := f.p.log.Cursor(f.p.number, f.name)
	return offset, ok, nil
}

// Move implements [stream.Follower].
func (f *follower) Move(ctx context.Context, offset int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if faults := f.p.log.currentFaults(); faults.Move != nil {
		if err := faults.Move(f.p.number, f.name, offset); err != nil {
			return err
		}
	}
	f.p.log.mu.Lock()
	defer f.p.log.mu.Unlock()
	state := f.p.log.parts[f.p.number]
	if state.owner != f.p.owner {
		return stream.ErrFenced
	}
	state.cursors[f.name] = offset
	return nil
}

// Drop implements [stream.Follower].
func (f *follower) Drop(ctx context.Context) error {
	f.p.log.mu.Lock()
	defer f.p.log.mu.Unlock()
	state := f.p.log.parts[f.p.number]
	if state.owner != f.p.owner {
		return stream.ErrFenced
	}
	if ctx.Err() == nil {
		delete(state.cursors, f.name)
	}
	return ctx.Err()
}

// Followers implements [stream.Partition].
func (p *partition) Followers(ctx context.Context) (map[string]int64, error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return maps.Clone(p.log.parts[p.number].cursors), ctx.Err()
}

// Read implements [stream.Follower].
func (f *follower) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	return f.p.Read(ctx, from, maxBytes)
}
