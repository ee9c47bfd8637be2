package local

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/footfall-go/footfall/stream"
)

// places are how far the processor and the followers have come. They change
// seldom together and are yet one value, because only its newest version is
// looked for when the log is opened.
type places struct {
	plan    stream.Plan
	planned bool
	epoch   uint16
	cursors map[string]int64 // replaced, never changed
}

// move returns the places with another cursor, or without it.
func (p places) move(c *cursor) places {
	p.cursors = maps.Clone(p.cursors)
	if p.cursors == nil {
		p.cursors = map[string]int64{}
	}
	if p.cursors[c.name] = c.offset; c.dropped {
		delete(p.cursors, c.name)
	}
	return p
}

// Versions of the form: a plan alone, one with cursors and a mark whether there
// is a plan, one that also has what is written, and one with the epoch. The last
// is made once that is another than the first, and else the one before it.
const (
	placePlan    = 1
	placeCursors = 2
	placeWritten = 3
	placeRaised  = 4
)

func (p places) encode() []byte {
	b := []byte{placeWritten, 0}
	if p.planned {
		b[1] = 1
	}
	if p.epoch > 0 {
		b[0] = placeRaised
		b = binary.AppendUvarint(b, uint64(p.epoch))
	}
	b = binary.AppendUvarint(b, uint64(p.plan.From))
	b = binary.AppendUvarint(b, uint64(p.plan.To))
	b = binary.AppendUvarint(b, uint64(p.plan.Fold))
	b = binary.AppendUvarint(b, uint64(p.plan.Written))
	for _, name := range slices.Sorted(maps.Keys(p.cursors)) {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendUvarint(b, uint64(p.cursors[name]))
	}
	return b
}

func decodePlaces(b []byte) (places, error) {
	g := group{rest: b}
	p := places{planned: true}
	version := byte(0)
	if head := g.bytes(1); !g.bad {
		version = head[0]
	}
	if version > placePlan {
		mark := g.bytes(1)
		p.planned = !g.bad && mark[0] == 1
		p.cursors = map[string]int64{}
	}
	if version >= placeRaised {
		p.epoch = uint16(g.uvarint())
	}
	p.plan = stream.Plan{From: int64(g.uvarint()), To: int64(g.uvarint()), Fold: uint16(g.uvarint())}
	if version >= placeWritten {
		p.plan.Written = int64(g.uvarint())
	}
	for p.cursors != nil && !g.bad && len(g.rest) > 0 {
		name := string(g.bytes(g.uvarint()))
		p.cursors[name] = int64(g.uvarint())
	}
	if g.bad || version < placePlan || version > placeRaised {
		return p, fmt.Errorf("%w: plan", errCorrupt)
	}
	return p, nil
}
