// Package backlog counts events that wait in a partition of a log, per tenant
// and exactly, in little memory however many they are.
package backlog

import (
	"github.com/footfall-go/footfall"
)

// Counter counts the records of a partition from some offset on, in memory that
// a backlog of a day does not exhaust: chunks of offsets have a sum each, and
// only some have their records one by one, 16 bytes each. Those of the others
// must be read again when a question starts within them.
//
// It is not safe for concurrent use.
type Counter struct {
	chunks []chunk // of contiguous numbers, the first is that of base
	base   int64   // number of the first chunk
	names  []string
	index  map[string]uint32
	slots  map[uint32]int // tenant → its place in the newest chunk's counts
}

// ChunkSize is the number of offsets in a chunk.
const ChunkSize = 4096

// Detailed is how many of the newest chunks keep their records.
const Detailed = 16

type chunk struct {
	counts   []tenantCount
	oldest   footfall.Millis // time of the first record in it
	from     int64           // offset of the first record in it
	complete bool            // entries are those of all records from `from` on
	entries  []Entry
}

type tenantCount struct {
	tenant uint32
	events uint64
}

// Entry is a record: when it was appended, how many events it has, and the
// number of its tenant.
type Entry struct {
	Time   footfall.Millis
	Events uint32
	Tenant uint32
}

// New returns a Counter of nothing.
func New() Counter {
	return Counter{index: map[string]uint32{}, slots: map[uint32]int{}}
}

// Intern returns the one copy of a tenant's name and its number.
func (b *Counter) Intern(name string) (uint32, string) {
	i, ok := b.index[name]
	if !ok {
		i = uint32(len(b.names))
		b.names = append(b.names, name)
		b.index[name] = i
	}
	return i, b.names[i]
}

// InternBytes is Intern for bytes, without a copy of known ones.
func (b *Counter) InternBytes(name []byte) (uint32, string) {
	if i, ok := b.index[string(name)]; ok {
		return i, b.names[i]
	}
	return b.Intern(string(name))
}

// Add counts the next record.
func (b *Counter) Add(offset int64, e Entry) {
	number := offset / ChunkSize
	if len(b.chunks) == 0 {
		b.base = number
	}
	for b.base+int64(len(b.chunks)) <= number {
		clear(b.slots)
		b.chunks = append(b.chunks, chunk{from: offset, oldest: e.Time, complete: true})
		if old := len(b.chunks) - 1 - Detailed; old >= 0 {
			b.chunks[old].entries, b.chunks[old].complete = nil, false
		}
	}
	c := &b.chunks[number-b.base]
	c.entries = append(c.entries, e)
	if e.Events == 0 {
		return
	}
	slot, ok := b.slots[e.Tenant]
	if !ok {
		slot = len(c.counts)
		b.slots[e.Tenant] = slot
		c.counts = append(c.counts, tenantCount{tenant: e.Tenant})
	}
	c.counts[slot].events += uint64(e.Events)
}

// DropBefore forgets the chunks that end at or before an offset, and returns
// the offset from which on the others are.
func (b *Counter) DropBefore(offset int64) int64 {
	n := min(max(offset/ChunkSize-b.base, 0), int64(len(b.chunks)))
	if n > 0 {
		b.chunks = append([]chunk(nil), b.chunks[n:]...)
		b.base += n
	}
	return b.base * ChunkSize
}

// Since counts the records from an offset on. If it needs the entries of a
// chunk that has none, it returns that chunk's first offset and ok = false.
func (b *Counter) Since(from int64) (counts map[string]uint64, oldest footfall.Millis, missing int64, ok bool) {
	counts = map[string]uint64{}
	for i := range b.chunks {
		c := &b.chunks[i]
		end := (b.base + int64(i) + 1) * ChunkSize
		if from >= end {
			continue
		}
		if from <= c.from {
			if oldest == 0 {
				oldest = c.oldest
			}
			for _, n := range c.counts {
				counts[b.names[n.tenant]] += n.events
			}
			continue
		}
		if !c.complete {
			return nil, 0, c.from, false
		}
		for j := from - c.from; j < int64(len(c.entries)); j++ {
			e := &c.entries[j]
			if oldest == 0 {
				oldest = e.Time
			}
			if e.Events > 0 {
				counts[b.names[e.Tenant]] += uint64(e.Events)
			}
		}
	}
	return counts, oldest, 0, true
}

// Restore gives the chunk that begins at an offset its entries back.
func (b *Counter) Restore(from int64, entries []Entry) {
	if i := from/ChunkSize - b.base; i >= 0 && i < int64(len(b.chunks)) && b.chunks[i].from == from {
		b.chunks[i].entries, b.chunks[i].complete = entries, true
	}
}
