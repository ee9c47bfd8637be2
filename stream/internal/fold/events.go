package fold

import (
	"encoding/binary"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// eventKey is what is looked up for an event.
type eventKey struct {
	visitor [2]uint64
	hash    uint64 // of visitor
	message idKey
	idHash  uint64 // of message
	slot    uint32 // where the visitor is in all likelihood, plus one
}

// ahead is how many events are looked up before the first is applied. The
// reads wait for memory side by side instead of one after the other, which is
// worth more than any choice of table; more would not stay in the cache.
const ahead = 256

// events folds the events from n on and returns those to be stored.
func (s *State) events(m *moment, events []footfall.Event, n int) []footfall.Event {
	var c outcomes
	keep := n
	for from := n; from < len(events); from += ahead {
		part := events[from:min(from+ahead, len(events))]
		s.look(part)
		for i := range part {
			ev, k := &part[i], &s.keys[i]
			if s.ids.add(k.idHash, k.message, m.window) {
				c.duplicate++
				continue
			}
			s.event(m, k, ev)
			if s.wasRejected(ev) {
				c.quarantined++
				continue
			}
			c.stored++
			if keep != from+i {
				events[keep] = *ev
			}
			keep++
		}
	}
	clear(events[keep:])
	s.count(m, c)
	return events[:keep]
}

// look computes the keys of some events and reads what they lead to. Each loop
// does little more than the reads, so that many are under way at once.
func (s *State) look(events []footfall.Event) {
	s.keys = s.keys[:0]
	var sum uint64
	for i := range events {
		ev := &events[i]
		k := eventKey{visitor: keyOf(ev.Visitor)}
		lo, hi := schema.Hash128(ev.Visitor, ev.MessageID)
		k.message = newIDKey(lo, hi)
		k.idHash = s.ids.hash(k.message)
		k.hash = s.visitors.hash(k.visitor)
		s.keys = append(s.keys, k)
	}
	for i := range s.keys {
		sum += s.ids.touch(s.keys[i].idHash)
	}
	for i := range s.keys {
		sum += s.visitors.index.touch(s.keys[i].hash)
	}
	for i := range s.keys {
		s.keys[i].slot = s.visitors.index.first(s.keys[i].hash)
	}
	for i := range s.keys {
		if slot := s.keys[i].slot; slot != 0 {
			v := s.visitors.at(slot - 1)
			sum += v.key[0] + uint64(v.flags)
		}
	}
	s.touched += sum
}

// event changes the state by one event that is no duplicate, and sets its
// session.
func (s *State) event(m *moment, k *eventKey, ev *footfall.Event) {
	if ev.Type == footfall.Alias {
		s.alias(m, ev)
		return
	}
	if ev.Visitor.IsZero() {
		return
	}
	if ev.Type == footfall.Identify || ev.Type == footfall.Group {
		s.traits(m, ev)
	}
	slot, ok := s.visitors.find(k.hash, k.visitor)
	switch {
	case ok && s.forgotten(s.visitors.at(slot), m.minute):
		s.settle(slot)
		s.visitors.dropOlder(slot)
		*s.visitors.edit(slot) = visitor{key: k.visitor, flags: inUse}
	case ok:
		s.see(m, slot)
	default:
		slot = s.visitors.insert(k.hash, k.visitor)
	}
	v := s.visitors.edit(slot)
	if v.expires == 0 {
		if ev.AnonymousID != "" {
			s.text(m, ev.Visitor, footfall.KindVisitor, ev.AnonymousID)
		} else {
			s.text(m, ev.Visitor, footfall.KindUser, ev.UserID)
		}
		v.owner, v.touched, v.expires = m.owner, m.offset, m.expires
	}
	if ev.AnonymousID != "" && !ev.User.IsZero() {
		if p := prefix(ev.User); v.user != p {
			v.user = p
			s.link(m, ev, footfall.LinkUser, ev.Visitor)
			s.text(m, ev.User, footfall.KindUser, ev.UserID)
		}
	}
	switch {
	case ev.AnonymousID != "" && ev.Type.Behaviour():
		ev.Session = s.join(m, slot, ev)
	case v.flags&inSession == 0:
		v.touch(m)
	}
}

// alias notes that the previous id, be it a visitor's or a user's, is to be
// read as the user.
func (s *State) alias(m *moment, ev *footfall.Event) {
	if ev.User.IsZero() || ev.PreviousID == "" {
		return
	}
	s.link(m, ev, footfall.LinkAlias, ev.Visitor)
	s.link(m, ev, footfall.LinkAlias, schema.UserID(m.tenant, ev.PreviousID))
	s.text(m, ev.Visitor, footfall.KindVisitor, ev.PreviousID)
	s.text(m, ev.User, footfall.KindUser, ev.UserID)
}

// prefix returns the part of a user's ID that a visitor remembers, never zero.
func prefix(user footfall.ID) uint64 { return max(binary.LittleEndian.Uint64(user[:8]), 1) }

// forgotten reports whether a visitor in the table counts as absent.
func (s *State) forgotten(v *visitor, minute uint32) bool {
	return v.expires < minute || s.owners.list[v.owner].dead
}

// settle takes a visitor off the dirty ones, noting its session's row.
func (s *State) settle(slot uint32) {
	v := s.visitors.at(slot)
	if v.flags&isDirty == 0 {
		return
	}
	if !s.owners.list[v.owner].dead {
		s.pending.sessions = append(s.pending.sessions, s.row(v))
	}
	s.visitors.edit(slot).flags &^= isDirty
}

// tidy frees visitors that are forgotten, looking at a few slots after each
// record. It stands still while a snapshot shares the pages.
func (s *State) tidy(slots int) {
	if s.cow.shared {
		return
	}
	s.ids.tidy()
	t := &s.visitors
	minute := minuteOf(int64(s.clock))
	for range min(slots, int(t.top)) {
		if t.hand >= t.top {
			t.hand = 0
		}
		if v := t.at(t.hand); v.flags&inUse != 0 && s.forgotten(v, minute) {
			s.settle(t.hand)
			t.remove(t.hand)
		}
		t.hand++
	}
}
