package fold

import (
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// order carries out a command.
func (s *State) order(m *moment, o *record.Order) {
	if o.Unlink != nil {
		s.unlink(m, o.Unlink)
	}
	if o.Erase != nil {
		s.erase(m, o.Erase)
	}
}

// unlink ends a visitor's link, so that its next event with a user links again.
func (s *State) unlink(m *moment, o *record.Unlink) {
	id := schema.VisitorID(m.tenant, o.AnonymousID)
	n := &s.owners.list[m.owner]
	s.pending.links = append(s.pending.links, footfall.Link{
		Tenant: n.tenant, Silo: n.silo, Kind: footfall.UnlinkUser, From: id, User: schema.UserID(m.tenant, o.UserID),
		Time: m.clock, Position: s.position(m, 0),
	})
	if slot, ok := s.visitors.find(s.visitors.hash(keyOf(id)), keyOf(id)); ok {
		s.visitors.edit(slot).user = 0
	}
}

func (s *State) position(m *moment, i uint32) footfall.Position {
	return footfall.Position{Epoch: s.epoch, Partition: s.partition, Offset: m.offset, Index: i}
}

// erasedUser says that links to a user that were made before an offset are
// forgotten. Finding them would mean looking at every visitor; instead each is
// asked when it is next seen, and those not seen until the minute are gone.
type erasedUser struct {
	offset int64
	until  uint32
}

func (s *State) erase(m *moment, o *record.Erase) {
	n := s.owners.list[m.owner]
	row := footfall.Erasure{Tenant: n.tenant, Silo: n.silo, Name: o.Name, Before: s.position(m, 0), Time: m.clock}
	if o.All {
		s.owners.bury(n.tenant)
		s.ledger.forget(n.account)
		s.owners.accounts[n.account].drop(s.next)
		s.pending.hide(n.tenant, nil)
		s.dismiss(func(ev *footfall.Event) bool { return ev.Tenant == n.tenant })
		s.disturb(m)
		s.pending.drop(func(t footfall.Session) bool { return t.Tenant == n.tenant },
			func(t footfall.Link) bool { return t.Tenant == n.tenant },
			func(t pendingText) bool { return s.owners.list[t.owner].tenant == n.tenant },
			func(t pendingTrait) bool { return s.owners.list[t.owner].tenant == n.tenant })
		s.pending.erasures = append(s.pending.erasures, row)
		return
	}
	gone := make(map[footfall.ID]bool, len(o.Visitors)+len(o.Users))
	name := func(id footfall.ID) {
		if !gone[id] {
			gone[id] = true
			row.IDs = append(row.IDs, id)
		}
	}
	for _, text := range o.Visitors {
		name(schema.VisitorID(m.tenant, text))
	}
	users := make([]footfall.ID, 0, len(o.Users)+len(o.IDs))
	for _, text := range o.Users {
		users = append(users, schema.UserID(m.tenant, text))
	}
	users = append(users, o.IDs...) // as if all were users: no link leads to a visitor
	s.forget(m, users)
	for _, id := range users {
		name(id)
	}
	// An erasure without ids means every row, which nobody asked for here.
	if len(row.IDs) == 0 {
		return
	}
	for _, id := range row.IDs {
		if slot, ok := s.visitors.find(s.visitors.hash(keyOf(id)), keyOf(id)); ok {
			s.visitors.remove(slot)
		}
	}
	s.pending.drop(func(t footfall.Session) bool { return gone[t.Visitor] },
		func(t footfall.Link) bool { return gone[t.From] || gone[t.User] },
		func(t pendingText) bool { return gone[t.id] },
		func(t pendingTrait) bool { return gone[t.id] })
	s.pending.hide(n.tenant, gone)
	s.disturb(m)
	s.dismiss(func(ev *footfall.Event) bool { return ev.Tenant == n.tenant && row.Concerns(ev) })
	s.pending.erasures = append(s.pending.erasures, row)
}

// forget notes that links to some users no longer hold.
func (s *State) forget(m *moment, users []footfall.ID) {
	for p, e := range s.erased {
		if e.until < m.minute {
			delete(s.erased, p)
		}
	}
	if len(users) > 0 {
		s.lastErased = m.offset
	}
	for _, id := range users {
		s.erased[prefix(id)] = erasedUser{offset: m.offset, until: m.minute + (maxGap+lateness)/60_000 + 1}
	}
}

// see asks a visitor that was not seen since the last erasure of a user whether
// it was linked to one erased.
func (s *State) see(m *moment, slot uint32) {
	v := s.visitors.at(slot)
	if len(s.erased) == 0 || v.touched >= s.lastErased {
		return
	}
	s.settle(slot) // a row in hand bears the old offset as its version
	v = s.visitors.edit(slot)
	if e, ok := s.erased[v.user]; ok && v.touched < e.offset {
		v.user = 0
	}
	v.touched = m.offset
}

// hide empties rows of quarantined events that were not flushed yet, of some ids
// or of all, and keeps their places: see [footfall.Rejected].
func (p *pending) hide(id tenant.ID, ids map[footfall.ID]bool) {
	for i := range p.rejected {
		r := &p.rejected[i]
		if r.Tenant == id && r.Payload != "" && (ids == nil || slices.ContainsFunc(r.ids[:], func(of footfall.ID) bool { return ids[of] })) {
			r.Payload, r.Reason = "", "erased"
		}
	}
}

// drop removes rows that were not flushed yet.
func (p *pending) drop(
	session func(footfall.Session) bool, link func(footfall.Link) bool, text func(pendingText) bool, trait func(pendingTrait) bool,
) {
	p.sessions = slices.DeleteFunc(p.sessions, session)
	p.links = slices.DeleteFunc(p.links, link)
	p.texts = slices.DeleteFunc(p.texts, text)
	p.traits = slices.DeleteFunc(p.traits, trait)
}
