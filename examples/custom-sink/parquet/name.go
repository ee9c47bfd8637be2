package parquet

import (
	"fmt"
	"strings"

	"github.com/footfall-go/footfall"
)

// span is what a file holds.
type span struct {
	partition
	first, last footfall.Position
}

func spanOf(events []footfall.Event) span {
	sp := span{first: events[0].Position, last: events[len(events)-1].Position}
	sp.partition = partition{sp.first.Epoch, sp.first.Partition}
	return sp
}

const (
	suffix  = ".parquet"
	partial = ".partial" // of a file that is being written
	format  = "%d-%d-%012d.%05d-%012d.%05d"
)

func (s span) name() string {
	return fmt.Sprintf(format, s.epoch, s.number, s.first.Offset, s.first.Index, s.last.Offset, s.last.Index) + suffix
}

// parseName reads what name wrote, and nothing else: a file that somebody put
// beside them is left alone.
func parseName(name string) (span, bool) {
	var s span
	stem, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return s, false
	}
	n, err := fmt.Sscanf(stem, "%d-%d-%d.%d-%d.%d", &s.epoch, &s.number, &s.first.Offset, &s.first.Index, &s.last.Offset, &s.last.Index)
	s.first.Epoch, s.first.Partition = s.epoch, s.number
	s.last.Epoch, s.last.Partition = s.epoch, s.number
	return s, err == nil && n == 6 && s.name() == name
}
