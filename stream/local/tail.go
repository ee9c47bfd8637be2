package local

import (
	"slices"

	"github.com/footfall-go/footfall"
)

// tail holds the records appended lately, of contiguous offsets and bounded in
// bytes. It is guarded by Log.mu.
type tail struct {
	limit   int64
	bytes   int64
	start   int64 // offset of the first record
	head    int   // where it is in records; those before are gone
	records []footfall.Record
}

// recordOverhead is about what a record takes besides its bytes.
const recordOverhead = 160

func sizeOf(r *footfall.Record) int64 {
	return int64(cap(r.Value)+cap(r.Header)) + recordOverhead
}

// reset empties the tail; the next record is that of an offset.
func (t *tail) reset(offset int64) {
	*t = tail{limit: t.limit, start: offset}
}

func (t *tail) push(records []footfall.Record) {
	for i := range records {
		t.bytes += sizeOf(&records[i])
	}
	t.records = append(t.records, records...)
	for t.bytes > t.limit && t.head < len(t.records) {
		t.pop()
	}
	t.compact()
}

// dropBefore forgets the records before an offset.
func (t *tail) dropBefore(offset int64) {
	for t.start < offset && t.head < len(t.records) {
		t.pop()
	}
	t.compact()
}

func (t *tail) pop() {
	r := &t.records[t.head]
	t.bytes -= sizeOf(r)
	*r = footfall.Record{}
	t.head++
	t.start++
}

// compact keeps the space of popped records below that of the others.
func (t *tail) compact() {
	if t.head > 64 && t.head > len(t.records)/2 {
		t.records = slices.Delete(t.records, 0, t.head)
		t.head = 0
	}
}

// read returns records from an offset on, about maxBytes of them and at least
// one; none if the tail does not hold that offset.
func (t *tail) read(from int64, maxBytes int) []footfall.Record {
	held := t.records[t.head:]
	if from < t.start || from >= t.start+int64(len(held)) {
		return nil
	}
	held = held[from-t.start:]
	n, size := 0, int64(0)
	for n < len(held) && (n == 0 || size < int64(maxBytes)) {
		size += int64(len(held[n].Value) + len(held[n].Header))
		n++
	}
	return slices.Clone(held[:n])
}
