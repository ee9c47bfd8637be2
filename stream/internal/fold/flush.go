package fold

import (
	"math"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// pending is what the next Flush writes, beside the rows marked in the tables.
type pending struct {
	dirty    []uint32           // slots of visitors that were marked
	sessions []footfall.Session // rows of sessions no longer inline
	links    []footfall.Link
	texts    []pendingText
	traits   []pendingTrait
	buffer   []byte // the texts of both
	rejected []pendingRejected
	weight   int // bytes of rejected
	erasures []footfall.Erasure
}

// pendingRejected is a row with whom it is about, which an erasure asks.
type pendingRejected struct {
	footfall.Rejected
	ids [3]footfall.ID
}

type pendingText struct {
	owner    uint32
	kind     footfall.IDKind
	id       footfall.ID
	from, to int
}

// link notes an identity edge from an id to the event's user.
func (s *State) link(m *moment, ev *footfall.Event, kind footfall.LinkKind, from footfall.ID) {
	o := &s.owners.list[m.owner]
	s.pending.links = append(s.pending.links, footfall.Link{
		Tenant: o.tenant, Silo: o.silo, Kind: kind, From: from, User: ev.User, Time: m.clock, Position: ev.Position,
	})
}

// text notes the text of an id. It is copied, because the record's memory must
// not outlive its batch.
func (s *State) text(m *moment, id footfall.ID, kind footfall.IDKind, text string) {
	p := &s.pending
	from := len(p.buffer)
	p.buffer = append(p.buffer, text...)
	p.texts = append(p.texts, pendingText{owner: m.owner, kind: kind, id: id, from: from, to: len(p.buffer)})
}

// sessionID names a session by the event that opens it. A tag is the lower half of
// the name, so that it takes no room of its own, in the state or in the store.
func sessionID(ev *footfall.Event) uint64 {
	id := schema.Hash64(ev.Visitor, ev.MessageID)
	if ev.Marks&tagged != 0 {
		id = max(id&^math.MaxUint32, 1<<32) | uint64(ev.Tag)
	}
	return id
}

// Erasures returns how many erasures the next [State.Flush] has.
func (s *State) Erasures() int { return len(s.pending.erasures) }

// Dirty returns how many rows the next [State.Flush] writes, or a few more.
func (s *State) Dirty() int {
	p := &s.pending
	n := len(p.dirty) + len(p.sessions) + len(p.links) + len(p.texts) + len(p.traits) + len(p.rejected) + len(p.erasures)
	for i := range s.ledger.minutes {
		n += s.ledger.minutes[i].dirty
	}
	return n
}

// Flush moves all rows that changed since the last Flush to u. A store must
// carry out the erasures among them before it writes the rest: the rest is
// newer.
func (s *State) Flush(u *footfall.Upserts) {
	s.cow.shared = s.sharing.Load() > 0
	p := &s.pending
	u.Sessions = append(u.Sessions, p.sessions...)
	for _, slot := range p.dirty {
		// The slot may have been freed or given to another since.
		v := s.visitors.at(slot)
		if v.flags&isDirty == 0 {
			continue
		}
		if !s.owners.list[v.owner].dead {
			u.Sessions = append(u.Sessions, s.row(v))
		}
		s.visitors.edit(slot).flags &^= isDirty
	}
	u.Links = append(u.Links, p.links...)
	texts := string(p.buffer)
	for _, t := range p.texts {
		o := &s.owners.list[t.owner]
		u.IDs = append(u.IDs, footfall.IDText{Tenant: o.tenant, Silo: o.silo, ID: t.id, Kind: t.kind, Text: texts[t.from:t.to]})
	}
	u.Traits = s.flushTraits(u.Traits, texts)
	u.Ledger = s.ledger.flush(u.Ledger, s)
	for i := range p.rejected {
		u.Rejected = append(u.Rejected, p.rejected[i].Rejected)
	}
	u.Erasures = append(u.Erasures, p.erasures...)
	clear(p.rejected)
	clear(p.sessions)
	clear(p.links)
	clear(p.erasures)
	*p = pending{
		dirty: p.dirty[:0], sessions: p.sessions[:0], links: p.links[:0],
		texts: p.texts[:0], traits: p.traits[:0], buffer: p.buffer[:0], rejected: p.rejected[:0],
		erasures: p.erasures[:0],
	}
}
