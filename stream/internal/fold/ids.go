package fold

import (
	"encoding/binary"
	"slices"
)

// idWindow remembers message ids for a while of log time. An entry is 14
// bytes: 12 of the key's hash, then a stamp of the minute it came in (11 bits,
// enough for a day and what tidying may lag) and of its window in hours (5
// bits). An entry whose window is over counts as absent; its room is used
// again by the next key that passes, or won back when the segment is rebuilt.
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
	data  []byte
	used  uint32 // entries, those out of their window included
	swept uint32 // minute of the last rebuild
	last  uint32 // minute of the newest entry
	epoch uint32
}

const (
	idSize    = 14
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

func (w *idWindow) hash(lo uint64, hi uint32) uint64 { return w.seed.mix(lo, uint64(hi)) }

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

// touch reads where a search for the hash would begin.
func (w *idWindow) touch(hash uint64) uint64 {
	seg := &w.segs[hash>>w.shift]
	if len(seg.data) == 0 {
		return 0
	}
	return uint64(seg.data[home(hash, len(seg.data)/idSize)*idSize])
}

// add remembers a key and reports whether it was within the last window
// minutes already. Being seen again does not prolong a key's stay.
func (w *idWindow) add(hash, lo uint64, hi, window uint32) (seen bool) {
	seg := &w.segs[hash>>w.shift]
	if w.now-seg.swept > sweepAfter {
		w.rebuild(seg)
	}
	stamp := uint16(w.now&stampMask | (window+59)/60<<stampBits)
	at := -1
	if len(seg.data) > 0 {
		n := len(seg.data) / idSize
		for i := home(hash, n); ; {
			e := seg.data[i*idSize : i*idSize+idSize]
			old := binary.LittleEndian.Uint16(e[12:])
			if old == 0 {
				break
			}
			if !w.retained(old) {
				if at < 0 {
					at = i
				}
			} else if binary.LittleEndian.Uint64(e) == lo && binary.LittleEndian.Uint32(e[8:]) == hi {
				if w.age(old) <= window {
					return true
				}
				// The tenant's window has become shorter since.
				*w.count(old)--
				w.live--
				at = i
				break
			}
			if i++; i == n {
				i = 0
			}
		}
	}
	*w.count(stamp)++
	w.live++
	if at >= 0 {
		w.own(seg)
		putID(seg.data[at*idSize:], lo, hi, stamp)
		return false
	}
	if int(seg.used+1)*idSize*5 > len(seg.data)*4 {
		w.rebuild(seg)
	}
	w.own(seg)
	seg.used++
	placeID(seg.data, hash, lo, hi, stamp)
	return false
}

func putID(e []byte, lo uint64, hi uint32, stamp uint16) {
	_ = e[idSize-1]
	binary.LittleEndian.PutUint64(e, lo)
	binary.LittleEndian.PutUint32(e[8:], hi)
	binary.LittleEndian.PutUint16(e[12:], stamp)
}

func placeID(data []byte, hash, lo uint64, hi uint32, stamp uint16) {
	n := len(data) / idSize
	i := home(hash, n)
	for binary.LittleEndian.Uint16(data[i*idSize+12:]) != 0 {
		if i++; i == n {
			i = 0
		}
	}
	putID(data[i*idSize:], lo, hi, stamp)
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

// rebuild drops the entries out of their window and makes sure that there is
// room: what stays fills between two fifths and seven tenths.
func (w *idWindow) rebuild(seg *idSegment) {
	w.spare = w.spare[:0]
	for e := seg.data; len(e) >= idSize; e = e[idSize:] {
		stamp := binary.LittleEndian.Uint16(e[12:])
		if stamp != 0 && !expired(stamp, seg.minute(stamp), w.now, w.floor) {
			w.spare = append(w.spare, e[:idSize]...)
		}
	}
	live, slots := len(w.spare)/idSize, len(seg.data)/idSize
	switch {
	case live*10 > slots*7 || live*5 < slots*2 || slots == 0:
		// A quarter more than the most that 4/5 full allows; the allocator
		// rounds up, and what it adds is used.
		seg.data = slices.Grow([]byte(nil), (live*25/16+4)*idSize)
		seg.data = seg.data[:cap(seg.data)/idSize*idSize]
		clear(seg.data)
	case w.cow.mustCopy(seg.epoch):
		seg.data = make([]byte, len(seg.data))
	default:
		clear(seg.data)
	}
	seg.epoch, seg.swept, seg.used = w.cow.epoch, w.now, uint32(live)
	for e := w.spare; len(e) > 0; e = e[idSize:] {
		lo, hi := binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint32(e[8:])
		placeID(seg.data, w.hash(lo, hi), lo, hi, binary.LittleEndian.Uint16(e[12:]))
	}
}

// restore enters an entry as it was in a snapshot, and reports whether it was
// new.
func (w *idWindow) restore(lo uint64, hi uint32, stamp uint16) bool {
	hash := w.hash(lo, hi)
	seg := &w.segs[hash>>w.shift]
	if n := len(seg.data) / idSize; n > 0 {
		for i := home(hash, n); binary.LittleEndian.Uint16(seg.data[i*idSize+12:]) != 0; {
			e := seg.data[i*idSize:]
			if binary.LittleEndian.Uint64(e) == lo && binary.LittleEndian.Uint32(e[8:]) == hi {
				return false
			}
			if i++; i == n {
				i = 0
			}
		}
	}
	w.own(seg)
	if int(seg.used+1)*idSize*5 > len(seg.data)*4 {
		w.rebuild(seg)
	}
	seg.used++
	placeID(seg.data, hash, lo, hi, stamp)
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
