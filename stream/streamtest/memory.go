package streamtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// Faults are the ways in which a [Memory] goes wrong. Each function may be
// nil. An error it returns is the error of the call it is named after; a
// function that blocks makes the call slow. They run without any lock held,
// possibly concurrently.
type Faults struct {
	// Append refuses records before anything is stored.
	Append func(records []footfall.Record) error
	// Appended loses the answer to an append that has been stored.
	Appended func(records []footfall.Record) error
	// Commit refuses a plan before it is stored.
	Commit func(partition uint16, p stream.Plan) error
	// Committed loses the answer to a commit that has been stored.
	Committed func(partition uint16, p stream.Plan) error
	// Read fails a read.
	Read func(partition uint16, from int64) error
	// Move refuses a follower's place before it is stored.
	Move func(partition uint16, name string, offset int64) error
	// Load fails the opening of a snapshot.
	Load func(partition uint16, max int64) error
	// Save fails a snapshot after its data was read and before it is kept.
	Save func(partition uint16, offset int64) error
}

// Memory is a [stream.Log] in memory with any number of partitions. Its times
// are those of [time.Now], so that a synctest bubble can move them.
//
// Several calls of Own may run at once: they stand for several processes. A
// partition goes to one of them at a time, in the order in which they asked,
// and a partition that is lost goes to the one that has waited longest.
type Memory struct {
	mu     sync.Mutex
	faults Faults
	parts  []*memoryPartition
}

// memoryPartition is guarded by Memory.mu.
type memoryPartition struct {
	epoch   uint16
	records []footfall.Record // first is at offset first
	first   int64
	clock   footfall.Millis
	grown   chan struct{} // closed and replaced when records are added

	plan      stream.Plan
	planned   bool
	cursors   map[string]int64
	snapshots []memorySnapshot

	owner   *memoryOwner
	waiting []chan struct{} // closed for the one whose turn it is
}

// memoryOwner is one ownership; a new one fences the ones before.
type memoryOwner struct {
	lose context.CancelFunc // ends the context given to fn
}

var _ stream.Log = (*Memory)(nil)

// NewMemory returns an empty log. Partitions are numbered from 0.
func NewMemory(partitions int) *Memory {
	m := &Memory{}
	for range partitions {
		m.parts = append(m.parts, &memoryPartition{grown: make(chan struct{}), cursors: map[string]int64{}})
	}
	return m
}

// SetFaults replaces the ways in which calls fail; the zero value mends all.
func (m *Memory) SetFaults(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

func (m *Memory) currentFaults() Faults {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.faults
}

// Append implements [stream.Log]. All records are stored or none.
func (m *Memory) Append(ctx context.Context, records []footfall.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	faults := m.currentFaults()
	if faults.Append != nil {
		if err := faults.Append(records); err != nil {
			return err
		}
	}
	if err := m.store(records); err != nil {
		return err
	}
	if faults.Appended != nil {
		return faults.Appended(records)
	}
	return nil
}

func (m *Memory) store(records []footfall.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range records {
		if int(records[i].Partition) >= len(m.parts) {
			return fmt.Errorf("append to partition %d of %d", records[i].Partition, len(m.parts))
		}
	}
	now := footfall.MillisOf(time.Now())
	touched := map[*memoryPartition]bool{}
	for i := range records {
		r := &records[i]
		p := m.parts[r.Partition]
		p.clock = max(p.clock, now)
		r.Epoch, r.Offset, r.Time = p.epoch, p.end(), p.clock
		p.records = append(p.records, *r)
		touched[p] = true
	}
	for p := range touched {
		close(p.grown)
		p.grown = make(chan struct{})
	}
	return nil
}

func (p *memoryPartition) end() int64 { return p.first + int64(len(p.records)) }

// Own implements [stream.Log].
func (m *Memory) Own(ctx context.Context, fn func(context.Context, stream.Partition) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		running sync.WaitGroup
		once    sync.Once
		failure error
	)
	for i := range m.parts {
		running.Go(func() {
			if err := m.ownOne(ctx, uint16(i), fn); err != nil {
				once.Do(func() { failure = err })
				cancel()
			}
		})
	}
	running.Wait()
	return failure
}

// ownOne calls fn each time the partition comes to this caller.
func (m *Memory) ownOne(ctx context.Context, number uint16, fn func(context.Context, stream.Partition) error) error {
	for {
		owned, owner, ok := m.acquire(ctx, number)
		if !ok {
			return nil
		}
		err := fn(owned, &partition{log: m, number: number, epoch: m.epoch(number), owner: owner})
		if err == nil {
			<-owned.Done() // fn is done with it, but it is still this caller's
		}
		ended := owned.Err() != nil && errors.Is(err, owned.Err())
		m.release(number, owner)
		if err != nil && !ended && !errors.Is(err, stream.ErrFenced) {
			return err
		}
	}
}

func (m *Memory) epoch(number uint16) uint16 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.parts[number].epoch
}

// acquire waits until it is this caller's turn to have the partition; ok is
// false if ctx ended first, which is how Own ends well.
func (m *Memory) acquire(ctx context.Context, number uint16) (_ context.Context, _ *memoryOwner, ok bool) {
	turn := make(chan struct{})
	m.mu.Lock()
	p := m.parts[number]
	p.waiting = append(p.waiting, turn)
	p.next()
	m.mu.Unlock()
	select {
	case <-turn:
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		p.waiting = slices.DeleteFunc(p.waiting, func(c chan struct{}) bool { return c == turn })
		if isClosed(turn) { // it came too late: hand it on
			p.owner = nil
			p.next()
		}
		return nil, nil, false
	}
	owned, lose := context.WithCancel(ctx)
	p.owner = &memoryOwner{lose: lose}
	return owned, p.owner, true
}

// reserved stands for an owner between being called and coming.
var reserved = &memoryOwner{lose: func() {}}

// next calls the first who waits if the partition is free.
func (p *memoryPartition) next() {
	if p.owner == nil && len(p.waiting) > 0 {
		p.owner = reserved
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (m *Memory) release(number uint16, owner *memoryOwner) {
	owner.lose()
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.parts[number]; p.owner == owner {
		p.owner = nil
		p.next()
	}
}

// Fence takes a partition from its owner and tells it: the context of its fn
// ends. The partition goes to whoever waits for it, or back to the same caller
// of Own when its fn has returned.
func (m *Memory) Fence(partition uint16) {
	if owner := m.fence(partition); owner != nil {
		owner.lose()
	}
}

// FenceSilently takes a partition from its owner without telling it: a zombie,
// which learns of it from the ErrFenced of its next commit.
func (m *Memory) FenceSilently(partition uint16) { m.fence(partition) }

func (m *Memory) fence(partition uint16) *memoryOwner {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[partition]
	owner := p.owner
	if owner == nil || owner == reserved {
		return nil
	}
	p.owner = nil
	p.next()
	return owner
}

// Trim removes the records before an offset, as retention would.
func (m *Memory) Trim(partition uint16, before int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[partition]
	n := min(max(before-p.first, 0), int64(len(p.records)))
	p.records = slices.Clone(p.records[n:])
	p.first += n
	p.snapshots = slices.DeleteFunc(p.snapshots, func(s memorySnapshot) bool { return s.offset < p.first })
}

// Cut removes the records at and after an offset, as brokers do that lose what
// they acknowledged. What comes then gets their offsets.
func (m *Memory) Cut(partition uint16, from int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[partition]
	p.records = slices.Clone(p.records[:min(max(from-p.first, 0), int64(len(p.records)))])
}

// Backup returns a copy of the log as it is now, with its plans and snapshots.
func (m *Memory) Backup() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := &Memory{}
	for _, p := range m.parts {
		b.parts = append(b.parts, &memoryPartition{
			epoch: p.epoch, records: slices.Clone(p.records), first: p.first, clock: p.clock, grown: make(chan struct{}),
			plan: p.plan, planned: p.planned, cursors: maps.Clone(p.cursors), snapshots: slices.Clone(p.snapshots),
		})
	}
	return b
}
