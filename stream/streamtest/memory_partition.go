package streamtest

import (
	"context"
	"io"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// partition is a [Memory] partition in the hands of one owner.
type partition struct {
	log    *Memory
	number uint16
	epoch  uint16
	owner  *memoryOwner
}

// ID implements [stream.Partition].
func (p *partition) ID() (epoch, number uint16) { return p.epoch, p.number }

// Plan implements [stream.Partition].
func (p *partition) Plan(ctx context.Context) (stream.Plan, bool, error) {
	if err := ctx.Err(); err != nil {
		return stream.Plan{}, false, err
	}
	plan, ok := p.log.Plan(p.number)
	return plan, ok, nil
}

// Commit implements [stream.Partition].
func (p *partition) Commit(ctx context.Context, plan stream.Plan) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.commit(plan, p.epoch)
}

func (p *partition) commit(plan stream.Plan, epoch uint16) error {
	faults := p.log.currentFaults()
	if faults.Commit != nil {
		if err := faults.Commit(p.number, plan); err != nil {
			return err
		}
	}
	if err := p.store(plan, epoch); err != nil {
		return err
	}
	if faults.Committed != nil {
		return faults.Committed(p.number, plan)
	}
	return nil
}

// Raise implements [stream.Partition]. The next owner finds the next epoch.
func (p *partition) Raise(ctx context.Context, plan stream.Plan, state io.Reader) error {
	next := snapshots{log: p.log, number: p.number, epoch: p.epoch + 1}
	if err := next.Save(ctx, plan.Fold, plan.From, state); err != nil {
		return err
	}
	return p.commit(plan, p.epoch+1)
}

func (p *partition) store(plan stream.Plan, epoch uint16) error {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	state := p.log.parts[p.number]
	if state.owner != p.owner {
		return stream.ErrFenced
	}
	state.plan, state.planned, state.epoch = plan, true, epoch
	return nil
}

// Bounds implements [stream.Partition].
func (p *partition) Bounds(ctx context.Context) (first, end int64, err error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	state := p.log.parts[p.number]
	return state.first, state.end(), ctx.Err()
}

// Read implements [stream.Partition].
func (p *partition) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	faults := p.log.currentFaults()
	if faults.Read != nil {
		if err := faults.Read(p.number, from); err != nil {
			return nil, err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		records, grown, err := p.read(from, maxBytes)
		if err != nil || len(records) > 0 {
			return records, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

func (p *partition) read(from int64, maxBytes int) ([]footfall.Record, chan struct{}, error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	state := p.log.parts[p.number]
	if from < state.first {
		return nil, nil, stream.ErrTrimmed
	}
	if from >= state.end() {
		return nil, state.grown, nil
	}
	held := state.records[from-state.first:]
	n, size := 0, 0
	for n < len(held) && (n == 0 || size < maxBytes) {
		size += len(held[n].Value) + len(held[n].Header)
		n++
	}
	given := slices.Clone(held[:n])
	for i := range given {
		given[i].Epoch = p.epoch
	}
	return given, nil, nil
}

// Pending implements [stream.Partition].
func (p *partition) Pending(ctx context.Context, from int64) (map[string]uint64, footfall.Millis, error) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	counts := map[string]uint64{}
	var oldest footfall.Millis
	for _, r := range p.log.parts[p.number].records {
		if r.Offset < from {
			continue
		}
		if oldest == 0 {
			oldest = r.Time
		}
		if r.Events > 0 {
			counts[r.Tenant] += uint64(r.Events)
		}
	}
	return counts, oldest, ctx.Err()
}
