package streamtest

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/footfall-go/footfall/stream"
)

// Snapshots implements [stream.Partition].
func (p *partition) Snapshots() stream.Snapshots {
	return &snapshots{log: p.log, number: p.number, epoch: p.epoch}
}

type snapshots struct {
	log    *Memory
	number uint16
	epoch  uint16
}

type memorySnapshot struct {
	epoch  uint16
	fold   uint16
	offset int64
	data   []byte
}

// keptSnapshots is how many snapshots of a fold version stay.
const keptSnapshots = 3

// Load implements [stream.Snapshots].
func (s *snapshots) Load(ctx context.Context, fold uint16, max int64) (int64, io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	if faults := s.log.currentFaults(); faults.Load != nil {
		if err := faults.Load(s.number, max); err != nil {
			return 0, nil, err
		}
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	for _, held := range slices.Backward(s.log.parts[s.number].snapshots) {
		if held.epoch == s.epoch && held.fold == fold && held.offset <= max {
			return held.offset, io.NopCloser(bytes.NewReader(held.data)), nil
		}
	}
	return 0, nil, nil
}

// Save implements [stream.Snapshots].
func (s *snapshots) Save(ctx context.Context, fold uint16, offset int64, data io.Reader) error {
	content, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if faults := s.log.currentFaults(); faults.Save != nil {
		if err := faults.Save(s.number, offset); err != nil {
			return err
		}
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	state := s.log.parts[s.number]
	kept := slices.DeleteFunc(state.snapshots, func(o memorySnapshot) bool {
		return o.epoch == s.epoch && o.fold == fold && o.offset == offset
	})
	kept = append(kept, memorySnapshot{s.epoch, fold, offset, content})
	slices.SortStableFunc(kept, func(a, b memorySnapshot) int { return int(a.offset - b.offset) })
	state.snapshots = state.useful(kept, s.epoch, fold)
	return nil
}

// useful leaves out the snapshots of a fold version that nobody needs.
func (p *memoryPartition) useful(held []memorySnapshot, epoch, fold uint16) []memorySnapshot {
	needed := map[int64]bool{}
	of := func(o *memorySnapshot) bool { return o.epoch == epoch && o.fold == fold }
	newest := 0
	for _, o := range slices.Backward(held) {
		if of(&o) && newest < keptSnapshots {
			needed[o.offset] = true
			newest++
		}
	}
	for _, cursor := range p.cursors {
		for _, o := range slices.Backward(held) {
			if of(&o) && o.offset <= cursor {
				needed[o.offset] = true
				break
			}
		}
	}
	return slices.DeleteFunc(held, func(o memorySnapshot) bool { return of(&o) && !needed[o.offset] })
}
