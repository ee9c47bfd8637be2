package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrNoSnapshot says that a [Memory] does not hold a snapshot.
var ErrNoSnapshot = errors.New("store: there is no such snapshot")

// snapshotKey is a snapshot of a partition's fold.
type snapshotKey struct {
	epoch, partition, fold uint16
	offset                 int64
}

// Snapshots returns the offsets of a partition's snapshots, in ascending order.
func (m *Memory) Snapshots(ctx context.Context, epoch, partition, fold uint16) ([]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var offsets []int64
	for key := range m.snapshots {
		if key == (snapshotKey{epoch, partition, fold, key.offset}) {
			offsets = append(offsets, key.offset)
		}
	}
	slices.Sort(offsets)
	return offsets, ctx.Err()
}

// ReadSnapshot returns a snapshot.
func (m *Memory) ReadSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.snapshots[snapshotKey{epoch, partition, fold, offset}]
	if !ok {
		return nil, fmt.Errorf("read a snapshot: %w", ErrNoSnapshot)
	}
	return io.NopCloser(bytes.NewReader(data)), ctx.Err()
}

// WriteSnapshot keeps a snapshot.
func (m *Memory) WriteSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64, data io.Reader) error {
	all, err := io.ReadAll(data)
	if err = errors.Join(err, ctx.Err()); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	put(&m.snapshots, snapshotKey{epoch, partition, fold, offset}, all)
	return nil
}

// DropSnapshots removes snapshots.
func (m *Memory) DropSnapshots(ctx context.Context, epoch, partition, fold uint16, offsets []int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, offset := range offsets {
		delete(m.snapshots, snapshotKey{epoch, partition, fold, offset})
	}
	return ctx.Err()
}
