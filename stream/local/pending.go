package local

import (
	"github.com/footfall-go/footfall"
)

// pending counts what is not confirmed yet, per tenant and exactly, in memory
// that a backlog of a day does not exhaust: chunks of offsets have a sum each,
// and only some have their records one by one, 16 bytes each. Those of the
// others are read again when a question starts within them.
// It is guarded by Log.mu.
type pending struct {
	chunks []chunk // of contiguous numbers, the first is that of base
	base   int64   // number of the first chunk
	names  []string
	index  map[string]uint32
	slots  map[uint32]int // tenant → its place in the newest chunk's counts
}

// chunkSize is the number of offsets in a chunk.
const chunkSize = 4096

// detailedChunks is how many of the newest chunks keep their records.
const detailedChunks = 16

type chunk struct {
	counts   []tenantCount
	oldest   footfall.Millis // time of the first record in it
	from     int64           // offset of the first record in it
	complete bool            // entries are those of all records from `from` on
	entries  []entry
}

type tenantCount struct {
	tenant uint32
	events uint64
}

type entry struct {
	time   footfall.Millis
	events uint32
	tenant uint32
}

func newPending() pending {
	return pending{index: map[string]uint32{}, slots: map[uint32]int{}}
}

// intern returns the one copy of a tenant's name and its number.
func (p *pending) intern(name string) (uint32, string) {
	i, ok := p.index[name]
	if !ok {
		i = uint32(len(p.names))
		p.names = append(p.names, name)
		p.index[name] = i
	}
	return i, p.names[i]
}

func (p *pending) internBytes(name []byte) (uint32, string) {
	if i, ok := p.index[string(name)]; ok {
		return i, p.names[i]
	}
	return p.intern(string(name))
}

// add counts the next record.
func (p *pending) add(offset int64, e entry) {
	number := offset / chunkSize
	if len(p.chunks) == 0 {
		p.base = number
	}
	for p.base+int64(len(p.chunks)) <= number {
		clear(p.slots)
		p.chunks = append(p.chunks, chunk{from: offset, oldest: e.time, complete: true})
		if old := len(p.chunks) - 1 - detailedChunks; old >= 0 {
			p.chunks[old].entries, p.chunks[old].complete = nil, false
		}
	}
	c := &p.chunks[number-p.base]
	c.entries = append(c.entries, e)
	if e.events == 0 {
		return
	}
	slot, ok := p.slots[e.tenant]
	if !ok {
		slot = len(c.counts)
		p.slots[e.tenant] = slot
		c.counts = append(c.counts, tenantCount{tenant: e.tenant})
	}
	c.counts[slot].events += uint64(e.events)
}

// dropBefore forgets the chunks that end at or before an offset.
func (p *pending) dropBefore(offset int64) {
	n := min(max(offset/chunkSize-p.base, 0), int64(len(p.chunks)))
	if n > 0 {
		p.chunks = append([]chunk(nil), p.chunks[n:]...)
		p.base += n
	}
}

// since counts the records from an offset on. If it needs the entries of a
// chunk that has none, it returns that chunk's first offset and ok = false.
func (p *pending) since(from int64) (counts map[string]uint64, oldest footfall.Millis, missing int64, ok bool) {
	counts = map[string]uint64{}
	for i := range p.chunks {
		c := &p.chunks[i]
		end := (p.base + int64(i) + 1) * chunkSize
		if from >= end {
			continue
		}
		if from <= c.from {
			if oldest == 0 {
				oldest = c.oldest
			}
			for _, n := range c.counts {
				counts[p.names[n.tenant]] += n.events
			}
			continue
		}
		if !c.complete {
			return nil, 0, c.from, false
		}
		for j := from - c.from; j < int64(len(c.entries)); j++ {
			e := &c.entries[j]
			if oldest == 0 {
				oldest = e.time
			}
			if e.events > 0 {
				counts[p.names[e.tenant]] += uint64(e.events)
			}
		}
	}
	return counts, oldest, 0, true
}

// restore gives a chunk its entries back.
func (p *pending) restore(from int64, entries []entry) {
	if i := from/chunkSize - p.base; i >= 0 && i < int64(len(p.chunks)) && p.chunks[i].from == from {
		p.chunks[i].entries, p.chunks[i].complete = entries, true
	}
}
