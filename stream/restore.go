package stream

import (
	"context"
	"io"

	"github.com/footfall-go/footfall/stream/internal/fold"
)

// restorer makes a state from a snapshot.
type restorer struct {
	p     Partition
	key   partitionKey
	retry func(what string, f func(context.Context) error) error
	// damaged is told of each snapshot that cannot be used.
	damaged func(offset int64, err error)
}

// restore makes the state from the newest usable snapshot at or before max, or
// an empty one at offset 0.
func (r *restorer) restore(max int64) (s *fold.State, at int64, err error) {
	for {
		var damaged error
		found := false
		at = 0
		err := r.retry("load the snapshot", func(ctx context.Context) error {
			offset, data, err := r.p.Snapshots().Load(ctx, fold.Version, max)
			if err != nil || data == nil {
				return err
			}
			found, at = true, offset
			defer func() { _ = data.Close() }()
			s, damaged = fold.Restore(r.key.epoch, r.key.partition, fold.Limits{}, data)
			if damaged == nil {
				_, damaged = io.Copy(io.Discard, data) // checksums at the end count, too
			}
			return nil
		})
		switch {
		case err != nil:
			return nil, 0, err
		case !found:
			return fold.New(r.key.epoch, r.key.partition, fold.Limits{}), 0, nil
		case damaged == nil:
			return s, at, nil
		}
		r.damaged(at, damaged)
		max = at - 1
	}
}
