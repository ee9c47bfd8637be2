package fold

import (
	"encoding/binary"

	"github.com/footfall-go/footfall"
)

// session is a session's running total. Start and last lie within the cap of
// each other, so 32 bits of milliseconds tell them from opened.
type session struct {
	id     uint64
	opened int64
	before uint32 // opened − start
	after  uint32 // last − opened
	events uint32
	views  uint32 // and above them keyed
}

// keyed is set in the views of a session with a key event. A flag of its own
// would cost 8 bytes a session, and this is as many views as none has.
const keyed = 1 << 31

func (n *session) start() int64 { return n.opened - int64(n.before) }
func (n *session) last() int64  { return n.opened + int64(n.after) }

// visitor is one visitor, with the session touched last inline. Its 80 bytes
// are what a million visitors cost times a million: only that session can be
// dirty, so touched and expires serve visitor and session both.
type visitor struct {
	key     [2]uint64
	user    uint64 // first bytes of the user last linked, 0 if none
	touched int64  // offset that last touched the inline session, or, without one, the visitor
	session        // valid if flags has inSession
	expires uint32 // last minute of log time in which it is remembered
	owner   uint32
	more    uint32 // older sessions: slot of the first plus one; in a free slot, the next free one
	flags   uint8
	extras  uint8 // how many older sessions there are
}

// touch notes that a record is about the visitor and its inline session.
func (v *visitor) touch(m *moment) {
	v.owner, v.touched, v.expires = m.owner, m.offset, max(v.expires, m.expires)
}

const (
	inUse     = 1 << iota // the slot holds a visitor
	inSession             // it has a session
	isDirty               // the session's row is to be written
)

// older is a session that is not the one touched last. The list of a visitor
// runs from the later touched to the earlier, and expires falls along it.
type older struct {
	session
	expires uint32
	next    uint32 // slot plus one
}

// keptSessions is how many sessions of a visitor are remembered.
const keptSessions = 8

// Records per page: just under 8 KB, which is an allocation class. A smaller
// page costs more per snapshot, a larger one more per first write during it.
const (
	visitorsPerPage = 102
	oldersPerPage   = 204
)

// visitors is the table of visitors.
type visitors struct {
	index index
	cow   *cow

	pages  []*[visitorsPerPage]visitor
	epochs []uint32
	top    uint32 // slots ever used
	free   uint32 // first free slot below top, plus one
	live   int
	hand   uint32 // where tidying goes on

	olderPages  []*[oldersPerPage]older
	olderEpochs []uint32
	olderTop    uint32
	olderFree   uint32
}

func (t *visitors) init(s seed, c *cow) {
	t.index.seed = s
	t.cow = c
}

func keyOf(id footfall.ID) [2]uint64 {
	return [2]uint64{binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:])}
}

func idOf(key [2]uint64) (id footfall.ID) {
	binary.LittleEndian.PutUint64(id[:8], key[0])
	binary.LittleEndian.PutUint64(id[8:], key[1])
	return id
}

func (t *visitors) hash(key [2]uint64) uint64 { return t.index.seed.mix(key[0], key[1]) }

// at returns a record to read; the next write may move it.
func (t *visitors) at(slot uint32) *visitor {
	return &t.pages[slot/visitorsPerPage][slot%visitorsPerPage]
}

// edit returns a record to write.
func (t *visitors) edit(slot uint32) *visitor {
	p := slot / visitorsPerPage
	if t.cow.mustCopy(t.epochs[p]) {
		page := *t.pages[p]
		t.pages[p], t.epochs[p] = &page, t.cow.epoch
	}
	return &t.pages[p][slot%visitorsPerPage]
}

// find returns the slot of a visitor.
func (t *visitors) find(hash uint64, key [2]uint64) (uint32, bool) {
	seg := t.index.segs[hash>>(64-indexBits)]
	if len(seg) == 0 {
		return 0, false
	}
	for i := home(hash, len(seg)); seg[i] != 0; {
		if e := seg[i]; uint32(e>>32) == uint32(hash) {
			if slot := uint32(e) - 1; t.at(slot).key == key {
				return slot, true
			}
		}
		if i++; i == len(seg) {
			i = 0
		}
	}
	return 0, false
}

// insert enters a visitor that is not in the table.
func (t *visitors) insert(hash uint64, key [2]uint64) uint32 {
	slot := t.free - 1
	if t.free != 0 {
		t.free = t.at(slot).more
	} else {
		slot = t.top
		if t.top++; slot%visitorsPerPage == 0 {
			t.pages = append(t.pages, new([visitorsPerPage]visitor))
			t.epochs = append(t.epochs, t.cow.epoch)
		}
	}
	*t.edit(slot) = visitor{key: key, flags: inUse}
	t.index.add(hash, slot)
	t.live++
	return slot
}

// remove frees a visitor's slot and those of its older sessions.
func (t *visitors) remove(slot uint32) {
	t.dropOlder(slot)
	v := t.edit(slot)
	t.index.remove(t.hash(v.key), slot)
	*v = visitor{more: t.free}
	t.free = slot + 1
	t.live--
}

func (t *visitors) olderAt(slot uint32) *older {
	return &t.olderPages[slot/oldersPerPage][slot%oldersPerPage]
}

func (t *visitors) olderEdit(slot uint32) *older {
	p := slot / oldersPerPage
	if t.cow.mustCopy(t.olderEpochs[p]) {
		page := *t.olderPages[p]
		t.olderPages[p], t.olderEpochs[p] = &page, t.cow.epoch
	}
	return &t.olderPages[p][slot%oldersPerPage]
}

func (t *visitors) newOlder() uint32 {
	slot := t.olderFree - 1
	if t.olderFree != 0 {
		t.olderFree = t.olderAt(slot).next
		return slot
	}
	slot = t.olderTop
	if t.olderTop++; slot%oldersPerPage == 0 {
		t.olderPages = append(t.olderPages, new([oldersPerPage]older))
		t.olderEpochs = append(t.olderEpochs, t.cow.epoch)
	}
	return slot
}

func (t *visitors) freeOlder(slot uint32) {
	*t.olderEdit(slot) = older{next: t.olderFree}
	t.olderFree = slot + 1
}

// dropOlder frees all older sessions of a visitor.
func (t *visitors) dropOlder(slot uint32) {
	next := t.at(slot).more
	if next == 0 {
		return
	}
	v := t.edit(slot)
	v.more, v.extras = 0, 0
	for next != 0 {
		o := next - 1
		next = t.olderAt(o).next
		t.freeOlder(o)
	}
}
