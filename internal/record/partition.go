package record

import (
	"encoding/binary"

	"github.com/footfall-go/footfall"
)

// Partition returns the partition, of n, that all events of a visitor go to.
// Senders, erasures and unlinks must agree on it, so it never changes.
func Partition(visitor footfall.ID, n uint16) uint16 {
	if n <= 1 {
		return 0
	}
	return uint16(binary.LittleEndian.Uint64(visitor[:8]) % uint64(n))
}
