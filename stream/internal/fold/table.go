package fold

import (
	"math/bits"
	"math/rand/v2"
	"slices"
)

// A table is a fixed number of small open-addressing segments, each of which
// grows by itself: no growth ever rehashes more than one of them, so that none
// is a stall. (Doubling one big table at 10M visitors would stop the fold for a
// second; splitting segments of one size costs a third more memory.)

// seed makes where keys lie unpredictable. Nothing that is said depends on it.
type seed [2]uint64

func newSeed() seed { return seed{rand.Uint64(), rand.Uint64()} }

// mix spreads a key over 64 bits: the upper choose a segment, the lower 32 the
// place in it.
func (s seed) mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^s[0], b^s[1])
	return hi ^ lo
}

// cow tells which pages may be written in place. A page written since the last
// snapshot began bears its epoch; any other is copied first while a snapshot
// is being read.
type cow struct {
	shared bool
	epoch  uint32
}

func (c *cow) mustCopy(epoch uint32) bool { return c.shared && epoch != c.epoch }

// index finds the slot of a visitor. An entry is 32 bits of the key's hash,
// which also say where it belongs, over the slot number plus one; so moving
// entries never looks at the records.
type index struct {
	segs [indexSegments][]uint64
	used [indexSegments]uint32
	seed seed
}

const (
	indexBits     = 13
	indexSegments = 1 << indexBits
)

// home returns the place of a hash among n.
func home(hash uint64, n int) int { return int((hash & (1<<32 - 1)) * uint64(n) >> 32) }

// add enters a slot whose key is not in the index.
func (x *index) add(hash uint64, slot uint32) {
	i := hash >> (64 - indexBits)
	if int(x.used[i]+1)*5 > len(x.segs[i])*4 {
		x.grow(i)
	}
	x.used[i]++
	place(x.segs[i], hash<<32|uint64(slot+1))
}

func place(seg []uint64, entry uint64) {
	i := home(entry>>32, len(seg))
	for seg[i] != 0 {
		if i++; i == len(seg) {
			i = 0
		}
	}
	seg[i] = entry
}

// grow gives a segment a quarter more room, and what the allocator adds to it.
func (x *index) grow(i uint64) {
	old := x.segs[i]
	grown := slices.Grow([]uint64(nil), len(old)*5/4+4)
	grown = grown[:cap(grown)]
	for _, e := range old {
		if e != 0 {
			place(grown, e)
		}
	}
	x.segs[i] = grown
}

// touch reads where a search for the hash would begin.
func (x *index) touch(hash uint64) uint64 {
	seg := x.segs[hash>>(64-indexBits)]
	if len(seg) == 0 {
		return 0
	}
	return seg[home(hash, len(seg))]
}

// first returns the first slot, plus one, that the hash may lead to, 0 if none.
func (x *index) first(hash uint64) uint32 {
	seg := x.segs[hash>>(64-indexBits)]
	if len(seg) == 0 {
		return 0
	}
	for i := home(hash, len(seg)); seg[i] != 0; {
		if uint32(seg[i]>>32) == uint32(hash) {
			return uint32(seg[i])
		}
		if i++; i == len(seg) {
			i = 0
		}
	}
	return 0
}

// remove takes out the entry of a slot and closes the gap, so that no marks of
// the dead pile up.
func (x *index) remove(hash uint64, slot uint32) {
	s := hash >> (64 - indexBits)
	seg := x.segs[s]
	gap := home(hash, len(seg))
	for seg[gap] != hash<<32|uint64(slot+1) {
		if seg[gap] == 0 {
			return
		}
		if gap++; gap == len(seg) {
			gap = 0
		}
	}
	x.used[s]--
	for i := gap; ; {
		if i++; i == len(seg) {
			i = 0
		}
		if seg[i] == 0 {
			break
		}
		at := home(seg[i]>>32, len(seg))
		if gap < i && (at <= gap || at > i) || gap > i && at <= gap && at > i {
			seg[gap], gap = seg[i], i
		}
	}
	seg[gap] = 0
}
