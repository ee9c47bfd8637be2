package fold

import (
	"encoding/binary"
	"slices"
)

// idWindow remembers message ids for a while of log time. An id takes 14 bytes:
// one of its key in a list of tags, which is all that is looked at where ids
// differ; the other eleven; and a stamp of the minute it came in (11 bits,
// enough for a day and what tidying may lag) and of its window in hours (5
// bits). An id whose window is over counts as absent; its room is won back when
// the segment is rebuilt.
type idWindow struct {
	segs  []idSegment
	shift uint
	seed  seed
	cow   *cow
	spare []byte // memory for rebuilding

	now    uint32            // minute
	floor  uint32            // ids of earlier minutes were forgotten early
	live   int               // ids within their window and not forgotten early
	counts [classes][]uint32 // of those, by window in hours and minute
	early  uint64
	hand   int // segment tidied next
}

type idSegment struct {
	data  []byte // a tag for each place, 0 if it is empty; then the entries
	used  uint32 // places taken, by ids out of their window too
	swept uint32 // minute of the last rebuild
	last  uint32 // minute of the newest entry
	epoch uint32
}

const (
	idSize    = 1 + entrySize
	entrySize = 13
	stampBits = 11
	stampMask = 1<<stampBits - 1
	classes   = maxWindow/60 + 1
	// sweepAfter is after how many minutes a segment is rebuilt before the next
	// id enters. With maxWindow it is below 1<<stampBits: stamps stay unambiguous.
	sweepAfter = 600
	// idsPerSegment bounds the longest rebuild and the largest copy.
	idsPerSegment = 2048
)

func (w *idWindow) init(max int, s seed, c *cow) {
	bits := uint(6)
	for max>>bits > idsPerSegment {
		bits++
	}
	w.segs = make([]idSegment, 1<<bits)
	w.shift = 64 - bits
	w.seed = s
	w.cow = c
}

// idKey is what is kept of a message id's key: 96 bits, of which the lowest
// eight are the tag and never zero.
type idKey struct {
	lo uint64
	hi uint32
}

func newIDKey(lo, hi uint64) idKey {
	if lo&0xff == 0 {
		lo |= 1
	}
	return idKey{lo, uint32(hi)}
}

func (w *idWindow) hash(k idKey) uint64 { return w.seed.mix(k.lo, uint64(k.hi)) }

func (seg *idSegment) places() int { return len(seg.data) / idSize }

func (seg *idSegment) entry(i int) []byte {
	at := seg.places() + i*entrySize
	return seg.data[at : at+entrySize : at+entrySize]
}

// get returns the key and the stamp at a place that is taken.
func (seg *idSegment) get(i int) (idKey, uint16) {
	e := seg.entry(i)
	a, b := binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint32(e[8:])
	return idKey{lo: a<<8 | uint64(seg.data[i]), hi: uint32(a>>56) | b<<8}, uint16(b>>24) | uint16(e[12])<<8
}

func (seg *idSegment) put(i int, k idKey, stamp uint16) {
	seg.data[i] = byte(k.lo)
	e := seg.entry(i)
	binary.LittleEndian.PutUint64(e, k.lo>>8|uint64(k.hi)<<56)
	binary.LittleEndian.PutUint32(e[8:], k.hi>>8|uint32(stamp)<<24)
	e[12] = byte(stamp >> 8)
}

// find returns the place of a key, or the empty one where it would go.
func (seg *idSegment) find(hash uint64, k idKey) (i int, stamp uint16, ok bool) {
	n := seg.places()
	tags := seg.data[:n]
	for i = home(hash, n); tags[i] != 0; {
		if tags[i] == byte(k.lo) {
			if key, stamp := seg.get(i); key == k {
				return i, stamp, true
			}
		}
		if i++; i == n {
			i = 0
		}
	}
	return i, 0, false
}

// full reports whether one more id would fill more than four fifths.
func (seg *idSegment) full() bool { return int(seg.used+1)*5 > seg.places()*4 }

// age returns how many minutes ago a stamp was made.
func (w *idWindow) age(stamp uint16) uint32 { return (w.now - uint32(stamp)) & stampMask }

// retained reports whether an entry counts as present.
func (w *idWindow) retained(stamp uint16) bool {
	age := w.age(stamp)
	return age <= uint32(stamp>>stampBits)*60 && age+w.floor <= w.now
}

// advance moves the clock to a minute.
func (w *idWindow) advance(now uint32) {
	if now <= w.now {
		return
	}
	for class, counts := range w.counts {
		if counts == nil {
			continue
		}
		// What came in (w.now − span, now − span) leaves its window.
		span := int64(class) * 60
		end := min(int64(now)-span, int64(w.now)+1)
		for m := max(int64(w.now)-span, 0); m < end; m++ {
			w.live -= int(counts[m&stampMask])
			counts[m&stampMask] = 0
		}
	}
	w.now = now
	w.floor = max(w.floor, now-min(now, maxWindow))
}

// evict forgets whole oldest minutes while there are too many ids.
func (w *idWindow) evict(l Limits) {
	for w.live > l.SoftIDs && w.floor+minWindow < w.now || w.live > l.MaxIDs && w.floor < w.now {
		for _, counts := range w.counts {
			if counts != nil {
				n := &counts[w.floor&stampMask]
				w.early += uint64(*n)
				w.live -= int(*n)
				*n = 0
			}
		}
		w.floor++
	}
}

func (w *idWindow) count(stamp uint16) *uint32 {
	c := &w.counts[stamp>>stampBits]
	if *c == nil {
		*c = make([]uint32, 1<<stampBits)
	}
	return &(*c)[stamp&stampMask]
}

// touch reads where a search for the hash would begin, and about where a new
// id would go: a write to memory that is far away waits as long as a read.
func (w *idWindow) touch(hash uint64) uint64 {
	seg := &w.segs[hash>>w.shift]
	n := seg.places()
	if n == 0 {
		return 0
	}
	i := home(hash, n)
	return uint64(seg.data[i]) + uint64(seg.data[min(n+(i+4)*entrySize, len(seg.data)-1)])
}

// add remembers a key and reports whether it was within the last window
// minutes already. Being seen again does not prolong a key's stay.
func (w *idWindow) add(hash uint64, k idKey, window uint32) (seen bool) {
	seg := &w.segs[hash>>w.shift]
	if w.now-seg.swept > sweepAfter {
		w.rebuild(seg)
	}
	if seg.full() {
		w.rebuild(seg)
	}
	i, old, ok := seg.find(hash, k)
	if !ok {
		seg.used++
	} else if w.retained(old) {
		if w.age(old) <= window {
			return true
		}
		// The tenant's window has become shorter since.
		*w.count(old)--
		w.live--
	}
	stamp := uint16(w.now&stampMask | (window+59)/60<<stampBits)
	*w.count(stamp)++
	w.live++
	w.own(seg)
	seg.put(i, k, stamp)
	return false
}

// own makes a segment writable now.
func (w *idWindow) own(seg *idSegment) {
	seg.last = w.now
	if w.cow.mustCopy(seg.epoch) {
		seg.data = slices.Clone(seg.data)
	}
	seg.epoch = w.cow.epoch
}

// minute returns when an entry came in. All of a segment's came in less than
// 1<<stampBits minutes before the last: see sweepAfter.
func (seg *idSegment) minute(stamp uint16) uint32 {
	return seg.last - (seg.last-uint32(stamp))&stampMask
}

// expired reports whether an entry of a minute is absent at another minute.
func expired(stamp uint16, minute, now, floor uint32) bool {
	return minute < floor || now-minute > uint32(stamp>>stampBits)*60
}

// rebuild drops the ids out of their window and makes sure that there is room:
// what stays fills between two and four fifths before, two thirds after.
func (w *idWindow) rebuild(seg *idSegment) {
	old, live := *seg, 0
	for i := range old.places() {
		if old.data[i] != 0 && w.stays(&old, i) {
			live++
		}
	}
	switch n := old.places(); {
	case live*3 >= n*2 || live*5 < n*2:
		// A quarter more than the most that 4/5 full allows; the allocator
		// rounds up, and what it adds is used.
		seg.data = slices.Grow([]byte(nil), (live*25/16+4)*idSize)
		seg.data = seg.data[:cap(seg.data)/idSize*idSize]
		clear(seg.data)
	case w.cow.mustCopy(seg.epoch):
		seg.data = make([]byte, len(old.data))
	default:
		w.spare = append(w.spare[:0], old.data...)
		old.data = w.spare
		clear(seg.data)
	}
	for i := range old.places() {
		if old.data[i] != 0 && w.stays(&old, i) {
			k, stamp := old.get(i)
			hash := w.hash(k)
			to := home(hash, seg.places())
			for seg.data[to] != 0 {
				if to++; to == seg.places() {
					to = 0
				}
			}
			seg.put(to, k, stamp)
		}
	}
	seg.epoch, seg.swept, seg.used = w.cow.epoch, w.now, uint32(live)
}

// stays reports whether the id at a place of a segment is within its window.
func (w *idWindow) stays(seg *idSegment, i int) bool {
	e := seg.entry(i)
	stamp := uint16(e[11]) | uint16(e[12])<<8
	return !expired(stamp, seg.minute(stamp), w.now, w.floor)
}

// restore enters an id as it was in a snapshot, and reports whether it was new.
func (w *idWindow) restore(k idKey, stamp uint16) bool {
	hash := w.hash(k)
	seg := &w.segs[hash>>w.shift]
	w.own(seg)
	if seg.full() {
		w.rebuild(seg)
	}
	i, _, ok := seg.find(hash, k)
	if ok {
		return false
	}
	seg.used++
	seg.put(i, k, stamp)
	*w.count(stamp)++
	w.live++
	return true
}

// tidy rebuilds one segment if an hour has passed since the last time, so that
// ids leave memory although no new ones come by.
func (w *idWindow) tidy() {
	seg := &w.segs[w.hand]
	if len(seg.data) > 0 && w.now-seg.swept > 60 && !w.cow.shared {
		w.rebuild(seg)
	}
	if w.hand++; w.hand == len(w.segs) {
		w.hand = 0
	}
}
