package clickhouse

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
)

// dictionary numbers the distinct texts of a LowCardinality column of one
// block. It keeps them in the form in which the block will carry them.
type dictionary struct {
	wire  []byte   // length and bytes of each text, one after the other
	texts []string // views of wire, or of what it was before it grew
	slots []slot   // open addressing; a power of two
	seed  maphash.Seed
	// after remembers which text came after which the last time. The keys of
	// a JSON object come in the same order again and again, so that a
	// comparison with the expected one mostly replaces hashing.
	after []uint32
	last  uint32
	plain []bool // whether the text has neither '"' nor '\\'
}

// slot of the table. The hash's upper half saves most comparisons of texts.
type slot struct {
	hash  uint32
	index uint32 // of the text, plus one; 0 is empty
}

const minSlots = 64

func (d *dictionary) reset() {
	if len(d.slots) == 0 || len(d.slots) > 1<<16 {
		// A block with very many texts must not make every later one slow.
		*d = dictionary{slots: make([]slot, minSlots), seed: maphash.MakeSeed()}
	}
	clear(d.slots)
	clear(d.texts)
	d.wire, d.texts, d.after, d.plain, d.last = d.wire[:0], d.texts[:0], d.after[:0], d.plain[:0], 0
}

func (d *dictionary) len() int { return len(d.texts) }

// text returns a text; it is valid until the next reset.
func (d *dictionary) text(index uint32) string { return d.texts[index] }

// expected returns the text that came last time after the one that came last,
// and its number, if it is one that JSON writes as it is.
func (d *dictionary) expected() (text string, index uint32, ok bool) {
	if int(d.last) >= len(d.after) {
		return "", 0, false
	}
	index = d.after[d.last]
	return d.texts[index], index, d.plain[index]
}

// index returns the number of a text, which it copies if it is new.
func (d *dictionary) index(text string) uint32 {
	if next, index, _ := d.expected(); next == text && len(d.texts) > 0 {
		d.last = index
		return index
	}
	index := d.find(text)
	d.after[d.last] = index
	d.last = index
	return index
}

func (d *dictionary) find(text string) uint32 {
	full := maphash.String(d.seed, text)
	hash, mask := uint32(full>>32), uint32(len(d.slots)-1)
	at := uint32(full) & mask
	for d.slots[at].index != 0 {
		if s := d.slots[at]; s.hash == hash && d.texts[s.index-1] == text {
			return s.index - 1
		}
		at = (at + 1) & mask
	}
	index := uint32(len(d.texts))
	d.wire = binary.AppendUvarint(d.wire, uint64(len(text)))
	d.wire = append(d.wire, text...)
	d.texts = append(d.texts, view(d.wire[len(d.wire)-len(text):]))
	d.after = append(d.after, 0)
	d.plain = append(d.plain, !strings.ContainsAny(text, `"\`))
	d.slots[at] = slot{hash, index + 1}
	if 2*len(d.texts) > len(d.slots) {
		d.grow()
	}
	return index
}

func (d *dictionary) grow() {
	d.slots = make([]slot, 2*len(d.slots))
	mask := uint32(len(d.slots) - 1)
	for i := range d.texts {
		full := maphash.String(d.seed, d.texts[i])
		at := uint32(full) & mask
		for d.slots[at].index != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = slot{uint32(full >> 32), uint32(i) + 1}
	}
}

// The numbers of ClickHouse's serialization of LowCardinality.
const (
	sharedDictionaries = 1       // version of the state before the data
	hasAdditionalKeys  = 1 << 9  // the block brings its own texts
	updateDictionary   = 1 << 10 // and is the first to do so
)

// appendColumn appends the column whose rows have the given indexes, without
// the state prefix. An empty one has no bytes.
func (d *dictionary) appendColumn(b []byte, indexes []uint32) []byte {
	if len(indexes) == 0 {
		return b
	}
	width := uint64(0)
	switch {
	case len(d.texts) > 1<<16:
		width = 2
	case len(d.texts) > 1<<8:
		width = 1
	}
	b = binary.LittleEndian.AppendUint64(b, width|hasAdditionalKeys|updateDictionary)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(d.texts)))
	b = append(b, d.wire...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(indexes)))
	switch width {
	case 0:
		for _, index := range indexes {
			b = append(b, byte(index))
		}
	case 1:
		for _, index := range indexes {
			b = binary.LittleEndian.AppendUint16(b, uint16(index))
		}
	default:
		for _, index := range indexes {
			b = binary.LittleEndian.AppendUint32(b, index)
		}
	}
	return b
}
