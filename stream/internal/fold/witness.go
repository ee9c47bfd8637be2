package fold

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/footfall-go/footfall"
)

// Witness is one of the last events that were to be stored: who begins where
// the state ends can ask the store for it, and so learns whether the store is
// the one that the state was folded for. It has what tells why it may be
// missing: whose it is, its times, and what makes two events equal.
type Witness struct {
	Event footfall.Event  // Tenant, Position, Name, MessageID, Visitor, User, Time and Received
	Clock footfall.Millis // log time
}

// keptWitnesses is how many there are, one for each record. The last one that
// was not erased since answers the question, so more than one is for erasures.
const keptWitnesses = 16

// witness is a [Witness] in the state. Its texts have memory of their own.
type witness struct {
	at             footfall.Coordinate
	owner          uint32
	visitor, user  footfall.ID
	time, received footfall.Millis
	clock          footfall.Millis
	name, message  []byte
}

// witness notes the last of a record's events that are to be stored.
func (s *State) witness(m *moment, stored []footfall.Event) {
	if len(stored) == 0 {
		return
	}
	w, ev := witness{}, &stored[len(stored)-1]
	if len(s.witnesses) == keptWitnesses {
		w = s.witnesses[0] // and its memory
		copy(s.witnesses, s.witnesses[1:])
		s.witnesses = s.witnesses[:keptWitnesses-1]
	}
	s.witnesses = append(s.witnesses, witness{
		at: footfall.Coordinate{Offset: ev.Position.Offset, Index: ev.Position.Index}, owner: m.owner,
		visitor: ev.Visitor, user: ev.User, time: ev.Time, received: ev.Received, clock: m.clock,
		name: append(w.name[:0], ev.Name...), message: append(w.message[:0], ev.MessageID...),
	})
}

// Witnesses returns the last events that were to be stored, the newest first,
// without those that were erased since.
func (s *State) Witnesses() []Witness {
	var all []Witness
	for i := range s.witnesses {
		w := &s.witnesses[i]
		all = append(all, Witness{Event: s.testimony(w), Clock: w.clock})
	}
	slices.Reverse(all)
	return all
}

// testimony is what is left of the event.
func (s *State) testimony(w *witness) footfall.Event {
	o := &s.owners.list[w.owner]
	return footfall.Event{
		Tenant: o.tenant, Silo: o.silo, Name: string(w.name), MessageID: string(w.message),
		Visitor: w.visitor, User: w.user, Time: w.time, Received: w.received,
		Position: footfall.Position{Epoch: s.epoch, Partition: s.partition, Offset: w.at.Offset, Index: w.at.Index},
	}
}

// dismiss forgets witnesses.
func (s *State) dismiss(gone func(*footfall.Event) bool) {
	s.witnesses = slices.DeleteFunc(s.witnesses, func(w witness) bool {
		ev := s.testimony(&w)
		return gone(&ev)
	})
}

// Counted returns the rows of the ledger that the state has, those first that a
// record changed last. The store has them, or newer ones, where it has all that
// follows from the records before [State.Next].
func (s *State) Counted() (rows []footfall.LedgerRow) {
	for i := range s.ledger.minutes {
		m := &s.ledger.minutes[i]
		for j := range m.rows {
			if r := &m.rows[j]; r.stored+r.duplicate+r.quarantined > 0 {
				o := &s.owners.list[r.owner]
				rows = append(rows, footfall.LedgerRow{
					Tenant: o.tenant, Silo: o.silo, Minute: footfall.Millis(m.minute) * 60_000,
					Epoch: s.epoch, Partition: s.partition, Version: LedgerVersion(r.last, 0),
				})
			}
		}
	}
	slices.SortFunc(rows, func(a, b footfall.LedgerRow) int { return cmp.Compare(b.Version, a.Version) })
	return rows
}

// Erased returns the offset of the last order to erase somebody, -1 if there was
// none, or its tenant's quarantine was replayed since, which is in the ledger.
func (s *State) Erased() int64 {
	at := int64(0)
	for _, c := range s.owners.changes {
		if c.job == 0 {
			at = max(at, c.next)
		}
	}
	return at - 1
}

// PendingErasures returns the erasures that the next [State.Flush] has.
func (s *State) PendingErasures() []footfall.Erasure { return slices.Clone(s.pending.erasures) }

func (s *State) appendWitnesses(b []byte) []byte {
	for i := range s.witnesses {
		w := &s.witnesses[i]
		b = appendUint64s(b, uint64(w.at.Offset))
		b = appendUint32s(b, w.at.Index, w.owner)
		b = append(append(b, w.visitor[:]...), w.user[:]...)
		b = appendUint64s(b, uint64(w.time), uint64(w.received), uint64(w.clock))
		b = binary.AppendUvarint(b, uint64(len(w.name)))
		b = append(b, w.name...)
		b = binary.AppendUvarint(b, uint64(len(w.message)))
		b = append(b, w.message...)
	}
	return b
}

func (n *snapshot) addWitnesses() bool {
	n.counts[countWitnesses] = n.witnessed
	n.block = append(n.block, n.witnesses...)
	return false
}

func (r *restorer) witnessed() error {
	w := witness{at: footfall.Coordinate{Offset: int64(r.in.uint64()), Index: r.in.uint32()}, owner: r.in.uint32()}
	copy(w.visitor[:], r.in.take(len(w.visitor)))
	copy(w.user[:], r.in.take(len(w.user)))
	w.time, w.received = footfall.Millis(r.in.uint64()), footfall.Millis(r.in.uint64())
	w.clock = footfall.Millis(r.in.uint64())
	w.name, w.message = []byte(r.in.string()), []byte(r.in.string())
	if int(w.owner) >= len(r.owners.list) {
		return bad("event of owner %d", w.owner)
	}
	if len(r.witnesses) == keptWitnesses {
		return bad("more than %d events", keptWitnesses)
	}
	r.witnesses = append(r.witnesses, w)
	r.counts[countWitnesses]++
	return nil
}
