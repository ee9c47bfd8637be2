package streamtest

import (
	"maps"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// Plan returns the committed plan of a partition, and whether there is one.
func (m *Memory) Plan(partition uint16) (stream.Plan, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[partition]
	return p.plan, p.planned
}

// Cursor returns the place of a follower, and whether it has one.
func (m *Memory) Cursor(partition uint16, name string) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	offset, ok := m.parts[partition].cursors[name]
	return offset, ok
}

// Records returns a copy of the records that a partition holds.
func (m *Memory) Records(partition uint16) []footfall.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.parts[partition].records)
}

// SnapshotOffsets returns the offsets of the snapshots kept of a partition,
// ascending, per fold version.
func (m *Memory) SnapshotOffsets(partition uint16) map[uint16][]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	offsets := map[uint16][]int64{}
	for _, s := range m.parts[partition].snapshots {
		offsets[s.fold] = append(offsets[s.fold], s.offset)
	}
	for fold := range maps.Keys(offsets) {
		slices.Sort(offsets[fold])
	}
	return offsets
}
