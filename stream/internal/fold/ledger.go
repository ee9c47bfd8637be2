package fold

import (
	"slices"

	"github.com/footfall-go/footfall"
)

// ledger counts outcomes per tenant and minute of log time. It keeps the last
// minutes in which there was anything, because the store may refuse an event
// after its minute was written, and a later row must again hold the whole
// minute.
type ledger struct {
	cow     *cow
	minutes []ledgerMinute // ascending
}

// keptMinutes is a few times what a batch spans at most.
const keptMinutes = 64

type ledgerMinute struct {
	minute uint32
	epoch  uint32
	dirty  int
	rows   []ledgerRow
	index  map[uint32]int // account → row
}

type ledgerRow struct {
	owner       uint32
	account     uint32
	stored      uint64
	duplicate   uint64
	quarantined uint64
	last        int64 // offset of the last record that counted here
	dirty       bool
}

// outcomes are what became of the events of one record.
type outcomes struct{ stored, duplicate, quarantined uint64 }

// count enters the outcomes of a record.
func (s *State) count(m *moment, c outcomes) {
	if c == (outcomes{}) {
		return
	}
	s.ledger.open(m.minute)
	o := &s.owners.list[m.owner]
	row := s.ledger.edit(&s.ledger.minutes[len(s.ledger.minutes)-1], m.owner, o.account)
	total := &s.owners.accounts[o.account]
	row.stored, total.Stored = row.stored+c.stored, total.Stored+c.stored
	row.duplicate, total.Duplicate = row.duplicate+c.duplicate, total.Duplicate+c.duplicate
	row.quarantined, total.Quarantined = row.quarantined+c.quarantined, total.Quarantined+c.quarantined
	row.last = m.offset
}

// open makes a minute the newest.
func (l *ledger) open(minute uint32) {
	if n := len(l.minutes); n > 0 && l.minutes[n-1].minute >= minute {
		return
	}
	l.minutes = append(l.minutes, ledgerMinute{minute: minute, epoch: l.cow.epoch, index: make(map[uint32]int)})
	l.trim()
}

// trim drops old minutes; one that was not flushed stays until it is.
func (l *ledger) trim() {
	drop := 0
	for len(l.minutes)-drop > keptMinutes && l.minutes[drop].dirty == 0 {
		drop++
	}
	l.minutes = slices.Delete(l.minutes, 0, drop)
}

// edit returns a row to write and marks it, adding it if it is new.
func (l *ledger) edit(m *ledgerMinute, owner, account uint32) *ledgerRow {
	m.own(l.cow)
	i, ok := m.index[account]
	if !ok {
		i = len(m.rows)
		m.index[account] = i
		m.rows = append(m.rows, ledgerRow{account: account})
	}
	row := &m.rows[i]
	row.owner = owner
	if !row.dirty {
		row.dirty = true
		m.dirty++
	}
	return row
}

func (m *ledgerMinute) own(c *cow) {
	if c.mustCopy(m.epoch) {
		m.rows = slices.Clone(m.rows)
	}
	m.epoch = c.epoch
}

// forget takes a tenant out of all minutes: the rows it had go from the store,
// and one that comes later must not count them again.
func (l *ledger) forget(account uint32) {
	for i := range l.minutes {
		m := &l.minutes[i]
		j, ok := m.index[account]
		if !ok {
			continue
		}
		m.own(l.cow)
		r := &m.rows[j]
		if r.dirty {
			m.dirty--
		}
		*r = ledgerRow{owner: r.owner, account: account, last: r.last}
	}
}

// flush appends the rows that changed.
func (l *ledger) flush(dst []footfall.LedgerRow, s *State) []footfall.LedgerRow {
	for i := range l.minutes {
		m := &l.minutes[i]
		if m.dirty == 0 {
			continue
		}
		m.own(l.cow)
		for j := range m.rows {
			if r := &m.rows[j]; r.dirty {
				r.dirty = false
				o := &s.owners.list[r.owner]
				dst = append(dst, footfall.LedgerRow{
					Tenant: o.tenant, Silo: o.silo, Minute: footfall.Millis(m.minute) * 60_000,
					Epoch: s.epoch, Partition: s.partition, Stored: r.stored, Duplicate: r.duplicate,
					Quarantined: r.quarantined, Version: LedgerVersion(r.last, r.quarantined),
				})
			}
		}
		m.dirty = 0
	}
	l.trim()
	return dst
}

// LedgerVersion orders the rows of one minute: by the last record counted and,
// because the store may refuse an event after its row was written, then by how
// many it refused. The epoch is part of a ledger row's key, so it needs none.
func LedgerVersion(offset int64, quarantined uint64) uint64 {
	return uint64(offset+1)<<16 | min(quarantined, 1<<16-1)
}

// Quarantine moves one event that was folded as stored to the quarantined ones
// of its minute; at is the time of its record. It must come before the state is
// so far ahead that the minute is no longer kept: 64 minutes with events, where
// a batch spans 11 at most; later it changes the totals alone.
func (s *State) Quarantine(ev *footfall.Event, at footfall.Millis) {
	account, ok := s.owners.byTenant[ev.Tenant]
	if !ok {
		return
	}
	s.cow.shared = s.sharing.Load() > 0
	if !s.owners.accounts[account].Reject(ev) {
		return
	}
	minute := minuteOf(int64(at))
	for i := range s.ledger.minutes {
		m := &s.ledger.minutes[i]
		if m.minute != minute {
			continue
		}
		if j, ok := m.index[account]; ok && m.rows[j].stored > 0 {
			row := s.ledger.edit(m, m.rows[j].owner, account)
			row.stored--
			row.quarantined++
		}
	}
}

// Rejected tells the fold, before a replay, which events the store has
// quarantined: [State.Apply] then counts them so and does not emit them.
func (s *State) Rejected(c []footfall.Coordinate) {
	if s.rejected == nil {
		s.rejected = make(map[footfall.Coordinate]struct{}, len(c))
	}
	for _, at := range c {
		if at.Offset >= s.next {
			s.rejected[at] = struct{}{}
		}
	}
}

// wasRejected reports whether the store has an event in quarantine already.
func (s *State) wasRejected(ev *footfall.Event) bool {
	if len(s.rejected) == 0 {
		return false
	}
	at := footfall.Coordinate{Offset: ev.Position.Offset, Index: ev.Position.Index}
	_, ok := s.rejected[at]
	delete(s.rejected, at)
	return ok
}
