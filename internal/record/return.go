package record

import (
	"encoding/binary"

	"github.com/footfall-go/footfall"
)

// Return is what a replay says of an event beside the event itself.
type Return struct {
	// Origin is where it stood when it was quarantined.
	Origin footfall.Position
	// Folded says that sessions and links have counted it already, for it was
	// the store that refused it: only its row is missing.
	Folded bool
	// Session is the one it belongs to, 0 for none. Only of folded events.
	Session uint64
}

// AddReturn appends an event to a record of the kind [Replay]. Received is when
// the event first came.
func (e *Encoder) AddReturn(ev *Event, back Return, received footfall.Millis) {
	b := binary.AppendUvarint(e.value, uint64(back.Origin.Epoch))
	b = binary.AppendUvarint(b, uint64(back.Origin.Partition))
	b = binary.AppendUvarint(b, uint64(back.Origin.Offset))
	b = binary.AppendUvarint(b, uint64(back.Origin.Index))
	folded := uint64(0)
	if back.Folded {
		folded = 1
	}
	b = binary.AppendUvarint(b, folded)
	b = binary.AppendUvarint(b, back.Session)
	e.value = binary.AppendVarint(b, int64(received-e.header.Received))
	e.Add(ev)
}

// back reads what stands before an event that returns.
func (r *reader) back(h *Header) (back Return, received footfall.Millis) {
	epoch, partition, offset, index := r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	folded := r.uvarint()
	if epoch > 1<<16-1 || partition > 1<<16-1 || offset > 1<<63-1 || index > 1<<32-1 || folded > 1 {
		r.bad = true
	}
	back.Origin = footfall.Position{Epoch: uint16(epoch), Partition: uint16(partition), Offset: int64(offset), Index: uint32(index)}
	back.Folded, back.Session = folded == 1, r.uvarint()
	return back, h.Received + r.millis()
}
