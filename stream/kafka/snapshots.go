package kafka

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/IBM/sarama"
)

// keptSnapshots is how many snapshots of a fold version stay.
const keptSnapshots = 3

// snapshots decides which snapshots of a partition the store keeps.
type snapshots struct{ p *partition }

// Load implements [stream.Snapshots].
func (s *snapshots) Load(ctx context.Context, fold uint16, limit int64) (int64, io.ReadCloser, error) {
	store, epoch := s.p.log.cfg.Snapshots, s.p.log.cfg.Epoch
	held, err := store.Snapshots(ctx, epoch, s.p.number, fold)
	if err != nil {
		return 0, nil, fmt.Errorf("list snapshots: %w", err)
	}
	offset, ok := newestBefore(held, limit)
	if !ok {
		return 0, nil, nil
	}
	data, err := store.ReadSnapshot(ctx, epoch, s.p.number, fold, offset)
	if err != nil {
		return 0, nil, fmt.Errorf("load snapshot at %d: %w", offset, err)
	}
	return offset, data, nil
}

// Save implements [stream.Snapshots].
func (s *snapshots) Save(ctx context.Context, fold uint16, offset int64, data io.Reader) error {
	store, epoch := s.p.log.cfg.Snapshots, s.p.log.cfg.Epoch
	if err := store.WriteSnapshot(ctx, epoch, s.p.number, fold, offset, data); err != nil {
		return fmt.Errorf("save snapshot at %d: %w", offset, err)
	}
	held, err := store.Snapshots(ctx, epoch, s.p.number, fold)
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	if len(held) <= keptSnapshots {
		return nil
	}
	at, err := s.p.currentPlaces(ctx)
	if err != nil {
		return err
	}
	first, err := s.p.log.offset(ctx, s.p.number, sarama.OffsetOldest)
	if err != nil {
		return err
	}
	needed := slices.Clone(held[len(held)-keptSnapshots:])
	for _, cursor := range at.followers {
		if of, ok := newestBefore(held, cursor); ok && of >= first {
			needed = append(needed, of)
		}
	}
	useless := slices.DeleteFunc(held, func(of int64) bool { return slices.Contains(needed, of) })
	if len(useless) == 0 {
		return nil
	}
	if err := store.DropSnapshots(ctx, epoch, s.p.number, fold, useless); err != nil {
		return fmt.Errorf("drop snapshots: %w", err)
	}
	return nil
}

// newestBefore returns the last offset, of ascending ones, at or before limit.
func newestBefore(offsets []int64, limit int64) (int64, bool) {
	for _, offset := range slices.Backward(offsets) {
		if offset <= limit {
			return offset, true
		}
	}
	return 0, false
}
