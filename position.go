package footfall

import (
	"fmt"
	"strconv"
	"strings"
)

// String returns the position as epoch/partition/offset/index.
func (p Position) String() string {
	return fmt.Sprintf("%d/%d/%d/%d", p.Epoch, p.Partition, p.Offset, p.Index)
}

// ParsePosition reads what [Position.String] wrote.
func ParsePosition(text string) (Position, error) {
	var numbers [4]uint64
	parts := strings.Split(text, "/")
	if len(parts) != len(numbers) {
		return Position{}, fmt.Errorf("position %q is not of the form epoch/partition/offset/index", text)
	}
	for i, bits := range [...]int{16, 16, 63, 32} {
		n, err := strconv.ParseUint(parts[i], 10, bits)
		if err != nil {
			return Position{}, fmt.Errorf("position %q: %w", text, err)
		}
		numbers[i] = n
	}
	return Position{Epoch: uint16(numbers[0]), Partition: uint16(numbers[1]), Offset: int64(numbers[2]), Index: uint32(numbers[3])}, nil
}
