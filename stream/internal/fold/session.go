package fold

import "github.com/footfall-go/footfall"

// maxTime bounds event times in the arithmetic of sessions, far outside what
// the door lets in, so that nothing overflows.
const maxTime = 1 << 60

// join finds or opens the session of a behaviour event and returns its number.
// A non-interactive event opens none, so that it may have none.
func (s *State) join(m *moment, slot uint32, ev *footfall.Event) uint64 {
	t := min(max(int64(ev.Time), -maxTime), maxTime)
	quiet := ev.Marks&footfall.NonInteractive != 0
	v := s.visitors.edit(slot)
	if v.flags&inSession == 0 {
		if quiet {
			v.touch(m)
			return 0
		}
		v.session = open(ev, t)
		v.flags |= inSession
	} else if v.more == 0 && ev.Marks&tagged == 0 && v.session.holds(t, m) {
		// The usual case: one session, and it goes on.
	} else if n, before := s.choose(v, t, m, ev); n == 0 {
		if quiet {
			return 0
		}
		s.shelve(slot)
		v.session = open(ev, t)
	} else if n != inline {
		s.recall(slot, n, before)
	}
	v.events++
	if !quiet {
		if d := v.opened - t; d > int64(v.before) {
			v.before = uint32(d)
		}
		if d := t - v.opened; d > int64(v.after) {
			v.after = uint32(d)
		}
		if ev.Type != footfall.Track {
			v.views++
		}
		if ev.Marks&footfall.KeyEvent != 0 {
			v.views |= keyed
		}
	}
	if v.flags&isDirty == 0 {
		v.flags |= isDirty
		s.pending.dirty = append(s.pending.dirty, slot)
	}
	v.touch(m)
	return v.id
}

func open(ev *footfall.Event, t int64) session {
	return session{id: sessionID(ev), opened: t}
}

// holds reports whether an event at t may join: it lies within the gap of the
// session, and the session stays within the cap.
func (n *session) holds(t int64, m *moment) bool {
	start, last := n.start(), n.last()
	return t >= start-m.gap && t <= last+m.gap && max(last, t)-min(start, t) <= m.cap
}

// inline is the number choose gives for the session in the visitor's record.
const inline = ^uint32(0)

// tagged are the marks of events whose tag is in the name of the session.
const tagged = footfall.ByCampaign | footfall.BySender

// tag returns the tag of the event that opened a session. Without one it is a
// part of a hash, which is no tag in all likelihood.
func (n *session) tag() uint32 { return uint32(n.id) }

// takes reports whether an event at t may join: its sender says that it is in the
// session, and the cap bounds that too, or the session holds it.
func (n *session) takes(t int64, m *moment, ev *footfall.Event) bool {
	if ev.Marks&footfall.BySender != 0 {
		return n.tag() == ev.Tag && max(n.last(), t)-min(n.start(), t) <= m.cap
	}
	return n.holds(t, m)
}

// choose returns which of a visitor's sessions an event at t joins: inline, the
// slot plus one of an older one and of the one before it in the list (0: it is
// the first), or 0 for none.
func (s *State) choose(v *visitor, t int64, m *moment, ev *footfall.Event) (n, before uint32) {
	byCampaign := ev.Marks&footfall.ByCampaign != 0
	var best *session
	if v.session.takes(t, m, ev) {
		best, n = &v.session, inline
	}
	prev := uint32(0)
	for at := v.more; at != 0; {
		o := s.visitors.olderAt(at - 1)
		if o.expires < m.minute {
			break // and so are all after it
		}
		if o.takes(t, m, ev) && (best == nil || o.better(best, t, byCampaign)) {
			best, n, before = &o.session, at, prev
		}
		prev, at = at, o.next
	}
	if byCampaign && best != nil && ev.Tag != 0 && best.tag() != ev.Tag {
		return 0, 0 // it begins here
	}
	return n, before
}

// better reports whether an event at t joins a session rather than another, both
// of which take it: the earlier one. Where campaigns cut, sessions lie side by
// side, and it is the one that began last by then.
func (n *session) better(o *session, t int64, byCampaign bool) bool {
	begun, other := n.start() <= t, o.start() <= t
	switch {
	case !byCampaign || !begun && !other:
		return n.earlier(o)
	case begun && other:
		return o.earlier(n)
	}
	return begun
}

// earlier orders sessions by start; the rest only makes the order total.
func (n *session) earlier(o *session) bool {
	if n.start() != o.start() {
		return n.start() < o.start()
	}
	if n.last() != o.last() {
		return n.last() < o.last()
	}
	return n.id < o.id
}

// shelve moves the inline session to the head of the older ones, and drops the
// last of them if they become too many.
func (s *State) shelve(slot uint32) {
	s.settle(slot)
	v := s.visitors.edit(slot)
	at := s.visitors.newOlder()
	*s.visitors.olderEdit(at) = older{session: v.session, expires: v.expires, next: v.more}
	v.more = at + 1
	v.extras++
	if v.extras < keptSessions {
		return
	}
	for s.visitors.olderAt(at).next != 0 {
		next := s.visitors.olderAt(at).next - 1
		if s.visitors.olderAt(next).next == 0 {
			s.visitors.olderEdit(at).next = 0
			s.visitors.freeOlder(next)
			v.extras--
			return
		}
		at = next
	}
}

// recall exchanges the inline session for an older one, which leaves its place
// in the list; the other takes the head.
func (s *State) recall(slot, n, before uint32) {
	s.settle(slot)
	v := s.visitors.edit(slot)
	o := s.visitors.olderEdit(n - 1)
	if before == 0 {
		v.more = o.next
	} else {
		s.visitors.olderEdit(before - 1).next = o.next
	}
	v.session, o.session = o.session, v.session
	o.expires, o.next = v.expires, v.more
	v.more = n
}

// row returns the inline session as it is to be stored.
func (s *State) row(v *visitor) footfall.Session {
	o := &s.owners.list[v.owner]
	return footfall.Session{
		Tenant: o.tenant, Silo: o.silo, Visitor: idOf(v.key), Session: v.id,
		Opened: footfall.Millis(v.opened), Start: footfall.Millis(v.start()), Last: footfall.Millis(v.last()),
		Events: v.events, Views: v.views &^ keyed, KeyEvent: v.views&keyed != 0,
		Version: footfall.Version(s.epoch, v.touched),
	}
}
