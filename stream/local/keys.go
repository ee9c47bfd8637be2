package local

import (
	"encoding/binary"
	"math"
)

// The database holds three families of keys. Records and plans share one,
// ordered by offset, so that every flush writes a range of keys that lies
// after all older ones: tables never overlap and compaction only moves them.
// A plan under a fixed key would overlap every table with every other.
const (
	familySnapshot = 1 // fold, offset, chunk
	familyLog      = 2 // offset, kind
	familyPosition = 3 // tenant, 0, name
)

// Kinds within familyLog. A plan stands before the record at its offset, which
// is the end of the log when it was committed.
const (
	kindPlan   = 0
	kindRecord = 1
)

func logKey(offset int64, kind byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{familyLog}, uint64(offset))
	return append(b, kind)
}

// anyOffset is beyond every offset.
const anyOffset = math.MaxInt64

func parseLogKey(key []byte) (offset int64, kind byte, ok bool) {
	if len(key) != 10 || key[0] != familyLog {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(key[1:])), key[9], true
}

// snapshotKey is the key of a chunk.
func snapshotKey(fold uint16, offset int64, chunk uint32) []byte {
	b := binary.BigEndian.AppendUint16([]byte{familySnapshot}, fold)
	b = binary.BigEndian.AppendUint64(b, uint64(offset))
	return binary.BigEndian.AppendUint32(b, chunk)
}

// lastChunk is the number under which the size stands; no snapshot reaches it.
const lastChunk = math.MaxUint32

func parseSnapshotKey(key []byte) (fold uint16, offset int64, chunk uint32, ok bool) {
	if len(key) != 15 || key[0] != familySnapshot {
		return 0, 0, 0, false
	}
	return binary.BigEndian.Uint16(key[1:]), int64(binary.BigEndian.Uint64(key[3:])), binary.BigEndian.Uint32(key[11:]), true
}

// positionKey relies on tenant ids having no zero byte.
func positionKey(tenant, name string) []byte {
	b := append([]byte{familyPosition}, tenant...)
	b = append(b, 0)
	return append(b, name...)
}
