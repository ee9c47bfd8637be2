package fold

import "github.com/footfall-go/footfall"

// Raise takes the state into another epoch, whose records begin at an offset.
// What it knows of visitors, their sessions and message ids goes on. What it
// counted is in rows of the epoch that ended, and coordinates of that say nothing
// in this one. Rows must have been flushed.
func (s *State) Raise(epoch uint16, next int64) {
	s.cow.shared = s.sharing.Load() > 0
	for slot := range s.visitors.top {
		v := s.visitors.at(slot)
		if v.flags&inUse == 0 {
			continue
		}
		v = s.visitors.edit(slot)
		if e, ok := s.erased[v.user]; ok && v.touched < e.offset {
			v.user = 0 // as see would have done
		}
		v.touched = min(v.touched, next-1)
	}
	clear(s.erased)
	s.lastErased = 0
	clear(s.rejected)
	s.witnesses = nil
	s.ledger.minutes = nil
	clear(s.owners.changes)
	for i := range s.owners.accounts {
		s.owners.accounts[i].Since = 0
	}
	s.epoch, s.next = epoch, next
}

// Clock returns the time of the last record applied, or of an earlier one where
// that was later.
func (s *State) Clock() footfall.Millis { return s.clock }
