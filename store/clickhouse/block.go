package clickhouse

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/footfall-go/footfall"
)

// block is one block of ClickHouse's Native format: rows of one table, column
// by column, as they go over the wire. It keeps its memory when it is reset.
//
// The format is that without a protocol revision, which a server reads from
// an HTTP body and the embedded engine from its own: no block info, no custom
// serializations.
type block struct {
	table   string
	columns []column
	rows    int
	heads   []byte // what stands between the columns' own bytes
	pieces  [][]byte
}

// column is one column of a block. What it has is written in this order:
// the state prefix if there is a dictionary, offsets, dictionary, data. A column
// without a name has the next element of the tuple that the one before it began.
type column struct {
	name, kind string
	offsets    []byte      // ends of arrays and maps
	dict       *dictionary // of a LowCardinality column, or of a map's keys
	indexes    []uint32
	data       []byte
}

func newBlock(table string, columns ...column) *block {
	b := &block{table: table, columns: slices.Clone(columns)}
	for i := range b.columns {
		if b.columns[i].kind == lowCardinalityString {
			b.columns[i].dict = new(dictionary)
		}
	}
	b.reset()
	return b
}

// plain describes a column of fixed or String type.
func plain(name, kind string) column { return column{name: name, kind: kind} }

// element describes the next element of a tuple.
func element() column { return column{} }

const lowCardinalityString = "LowCardinality(String)"

// low describes a column of repeating texts; newBlock adds the dictionary.
func low(name string) column { return column{name: name, kind: lowCardinalityString} }

func (b *block) reset() {
	b.rows = 0
	for i := range b.columns {
		c := &b.columns[i]
		c.offsets, c.indexes, c.data = c.offsets[:0], c.indexes[:0], c.data[:0]
		if c.dict != nil {
			c.dict.reset()
		}
	}
}

// names returns the names of the table's columns.
func (b *block) names() []string {
	names := make([]string, 0, len(b.columns))
	for i := range b.columns {
		if name := b.columns[i].name; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// size returns about how many bytes of memory the block keeps.
func (b *block) size() int {
	n := cap(b.heads)
	for i := range b.columns {
		c := &b.columns[i]
		n += cap(c.offsets) + 4*cap(c.indexes) + cap(c.data)
	}
	return n
}

// encode returns the block's bytes in pieces, which are views of the block,
// and their total length.
func (b *block) encode() (pieces [][]byte, length int) {
	heads := binary.AppendUvarint(b.heads[:0], uint64(len(b.names())))
	heads = binary.AppendUvarint(heads, uint64(b.rows))
	b.pieces = b.pieces[:0]
	from := 0
	// heads may move while it grows, so views of it are made when it is full;
	// until then a nil piece stands for the next part of it.
	var ends []int
	cut := func(piece []byte) {
		if len(piece) == 0 {
			return
		}
		ends = append(ends, len(heads))
		b.pieces = append(b.pieces, nil, piece)
	}
	for i := range b.columns {
		c := &b.columns[i]
		if c.name != "" {
			heads = appendString(heads, c.name)
			heads = appendString(heads, c.kind)
		}
		if c.dict != nil {
			heads = binary.LittleEndian.AppendUint64(heads, sharedDictionaries)
		}
		cut(c.offsets)
		if c.dict != nil {
			heads = c.dict.appendColumn(heads, c.indexes)
		}
		cut(c.data)
	}
	ends = append(ends, len(heads))
	b.pieces = append(b.pieces, nil)
	for i, next := 0, 0; i < len(b.pieces); i++ {
		if b.pieces[i] == nil {
			b.pieces[i] = heads[from:ends[next]]
			from, next = ends[next], next+1
		}
		length += len(b.pieces[i])
	}
	b.heads = heads
	return b.pieces, length
}

func appendString(b []byte, text string) []byte {
	if len(text) < 0x80 {
		return append(append(b, byte(len(text))), text...)
	}
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func (c *column) text(text string) { c.data = appendString(c.data, text) }
func (c *column) low(text string)  { c.indexes = append(c.indexes, c.dict.index(text)) }
func (c *column) u8(v uint8)       { c.data = append(c.data, v) }
func (c *column) flag(on bool) {
	if on {
		c.u8(1)
	} else {
		c.u8(0)
	}
}
func (c *column) u16(v uint16)           { c.data = binary.LittleEndian.AppendUint16(c.data, v) }
func (c *column) u32(v uint32)           { c.data = binary.LittleEndian.AppendUint32(c.data, v) }
func (c *column) u64(v uint64)           { c.data = binary.LittleEndian.AppendUint64(c.data, v) }
func (c *column) id(id footfall.ID)      { c.data = append(c.data, id[:]...) }
func (c *column) time(m footfall.Millis) { c.u64(uint64(m)) }
func (c *column) float(v float64)        { c.u64(math.Float64bits(v)) }

// end closes an array or a map that ends after n items of the whole column.
func (c *column) end(n int) { c.offsets = binary.LittleEndian.AppendUint64(c.offsets, uint64(n)) }
