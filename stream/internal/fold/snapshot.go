package fold

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// The form of a snapshot: the magic, then blocks of a kind byte, a length of 4
// bytes, the payload and a CRC-32C of all three. Numbers are little-endian.
// The head is the first block and the end, with the counts, the last.
const magic = "footfold"

const (
	blockHead     = 'H'
	blockAccounts = 'A'
	blockOwners   = 'O'
	blockLedger   = 'L'
	blockErased   = 'E'
	blockVisitors = 'V'
	blockIDs      = 'I'
	blockWitness  = 'W'
	blockEnd      = 'Z'
)

// counts are how many entries of each kind there are: the last block tells, so
// that a block that went missing does not go unnoticed.
type counts [7]uint64

const (
	countAccounts = iota
	countOwners
	countRows
	countErased
	countVisitors
	countIDs
	countWitnesses
)

// blockSize is about where a block ends; maxBlock is what no block exceeds.
const (
	blockSize = 64 << 10
	maxBlock  = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// snapshot reads a state as it was at one moment. What it holds is shared with
// the fold and is not written to as long as sharing counts it.
type snapshot struct {
	head     []byte
	accounts []Totals
	changes  []change
	owners   []owner
	minutes  []ledgerMinute
	erased   []erasedEntry
	visitors visitorsView
	ids      idView

	witnesses []byte // as they are written
	witnessed uint64 // how many

	steps []func(*snapshot) bool // each adds to the block; false: it is done
	kinds []byte
	block []byte // bytes being read
	rest  []byte // what of block was not read yet
	at    int    // progress within the step
	page  int

	counts  counts
	sharing *atomic.Int32
	once    sync.Once
}

type erasedEntry struct {
	prefix uint64
	user   erasedUser
}

type visitorsView struct {
	pages  []*[visitorsPerPage]visitor
	olders []*[oldersPerPage]older
	minute uint32
}

type idView struct {
	segs       []idSegment
	now, floor uint32
}

// Snapshot returns the state as it is now, for [Restore]. It may be read in
// another goroutine while this one goes on applying records, and must be
// closed. Taking it copies lists of pages, not pages.
//
// Rows not flushed yet are not in it: flush first, and save the snapshot when
// that and all before was acknowledged. Events must be settled too, stored or
// quarantined.
func (s *State) Snapshot() io.ReadCloser {
	s.sharing.Add(1)
	s.cow.epoch++
	n := &snapshot{
		accounts: slices.Clone(s.owners.accounts), changes: slices.Clone(s.owners.changes), owners: slices.Clone(s.owners.list),
		minutes: slices.Clone(s.ledger.minutes),
		visitors: visitorsView{
			pages: slices.Clone(s.visitors.pages), olders: slices.Clone(s.visitors.olderPages),
			minute: minuteOf(int64(s.clock)),
		},
		ids:       idView{segs: slices.Clone(s.ids.segs), now: s.ids.now, floor: s.ids.floor},
		witnesses: s.appendWitnesses(nil), witnessed: uint64(len(s.witnesses)),
		sharing: s.sharing,
		kinds:   []byte{blockHead, blockAccounts, blockOwners, blockLedger, blockErased, blockVisitors, blockIDs, blockWitness, blockEnd},
		steps: []func(*snapshot) bool{
			(*snapshot).addHead, (*snapshot).addAccounts, (*snapshot).addOwners, (*snapshot).addLedger,
			(*snapshot).addErased, (*snapshot).addVisitors, (*snapshot).addIDs, (*snapshot).addWitnesses, (*snapshot).addEnd,
		},
	}
	for p, e := range s.erased {
		n.erased = append(n.erased, erasedEntry{p, e})
	}
	b := binary.LittleEndian.AppendUint16(nil, Version)
	b = binary.LittleEndian.AppendUint16(b, s.epoch)
	b = binary.LittleEndian.AppendUint16(b, s.partition)
	b = appendUint64s(b, uint64(s.next), uint64(s.clock), s.ids.early)
	n.head = appendUint32s(b, s.ids.now, s.ids.floor)
	n.rest = []byte(magic)
	return n
}

// Read gives the next bytes of the snapshot.
func (n *snapshot) Read(p []byte) (int, error) {
	for len(n.rest) == 0 {
		if len(n.steps) == 0 {
			return 0, io.EOF
		}
		n.fill()
	}
	c := copy(p, n.rest)
	n.rest = n.rest[c:]
	return c, nil
}

// Close lets the fold write to its pages in place again.
func (n *snapshot) Close() error {
	n.once.Do(func() {
		n.steps, n.rest, n.visitors, n.ids = nil, nil, visitorsView{}, idView{}
		n.sharing.Add(-1)
	})
	return nil
}

// fill makes the next block.
func (n *snapshot) fill() {
	b := append(n.block[:0], n.kinds[0], 0, 0, 0, 0)
	n.block = b
	for len(n.block) < blockSize {
		if !n.steps[0](n) {
			n.steps, n.kinds = n.steps[1:], n.kinds[1:]
			n.at, n.page = 0, 0
			break
		}
	}
	binary.LittleEndian.PutUint32(n.block[1:], uint32(len(n.block)-5))
	n.block = binary.LittleEndian.AppendUint32(n.block, crc32.Checksum(n.block, castagnoli))
	n.rest = n.block
}
