// Package naming counts the different names that the events of a tenant have,
// and finds those that are too many.
package naming

import (
	"sync"
	"sync/atomic"
)

// Set is a set of hashes of names that grows to a limit and no further: what is
// in it stays. Asking for a name that is in it takes no lock. The zero value is
// ready.
type Set struct {
	table atomic.Pointer[table]
	mu    sync.Mutex // held to add
	n     atomic.Int64
}

// table is open addressing; 0 is an empty slot.
type table []atomic.Uint64

const minSlots = 64

// Has reports whether a name is in the set, after adding it if there is room.
func (s *Set) Has(hash uint64, limit int) bool {
	hash = max(hash, 1)
	full := s.n.Load() >= int64(limit) // asked first: the table then has them all
	if t := s.table.Load(); t != nil && t.has(hash) {
		return true
	}
	return !full && s.add(hash, limit)
}

func (s *Set) add(hash uint64, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, n := s.table.Load(), int(s.n.Load())
	switch {
	case t != nil && t.has(hash):
		return true
	case n >= limit:
		return false
	}
	if t == nil || 2*(n+1) > len(*t) {
		t = t.grown()
		s.table.Store(t)
	}
	t.add(hash)
	s.n.Add(1)
	return true
}

// Len returns how many names are in the set.
func (s *Set) Len() int { return int(s.n.Load()) }

func (t *table) has(hash uint64) bool {
	mask := uint64(len(*t) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		switch (*t)[at].Load() {
		case hash:
			return true
		case 0:
			return false
		}
	}
}

func (t *table) add(hash uint64) {
	mask := uint64(len(*t) - 1)
	at := hash & mask
	for (*t)[at].Load() != 0 {
		at = (at + 1) & mask
	}
	(*t)[at].Store(hash)
}

// grown returns a copy of twice the size; t may be nil. Readers of the old one
// miss what is added later, and look again under the lock.
func (t *table) grown() *table {
	if t == nil {
		first := make(table, minSlots)
		return &first
	}
	next := make(table, 2*len(*t))
	for i := range *t {
		if hash := (*t)[i].Load(); hash != 0 {
			next.add(hash)
		}
	}
	return &next
}
