package kafka

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
)

// follower is a second reader of a partition. Its place is committed together
// with the plan.
type follower struct {
	p      *partition
	name   string
	reader *reader
}

// Cursor implements [stream.Follower].
func (f *follower) Cursor(ctx context.Context) (int64, bool, error) {
	at, err := f.p.currentPlaces(ctx)
	offset, ok := at.followers[f.name]
	return offset, ok, err
}

// Move implements [stream.Follower].
func (f *follower) Move(ctx context.Context, offset int64) error {
	if offset < 0 {
		return fmt.Errorf("move %s to %d", f.name, offset)
	}
	return f.p.change(ctx, func(at places) places { return at.move(f.name, offset) })
}

// Drop implements [stream.Follower].
func (f *follower) Drop(ctx context.Context) error {
	return f.p.change(ctx, func(at places) places { return at.drop(f.name) })
}

// Read implements [stream.Follower].
func (f *follower) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	return f.reader.read(ctx, from, maxBytes)
}
