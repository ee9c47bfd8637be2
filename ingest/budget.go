package ingest

import (
	"sync"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// budget bounds the bytes of requests that are in memory at one time, in total
// and of one tenant, so that a flood takes neither the memory nor the place of
// the others. Whoever is over it is answered 503 and comes back; nobody waits,
// for waiting takes memory too.
type budget struct {
	mu      sync.Mutex
	free    int64
	share   int64 // of one tenant, and of all whose key is not known yet
	tenants map[tenant.ID]int64
}

// The bounds of Config.MaxInFlight. The least has room for an import, which may
// take all there is.
const (
	leastInFlight   = 64 << 20
	defaultInFlight = 128 << 20
	shares          = 4 // that many tenants may use up their share at one time
)

// What a request is charged beside its bytes: its goroutine, its connection and
// what it decodes into.
const (
	baseCharge    = 8 << 10
	messageCharge = 512
)

func newBudget(most int64) *budget {
	return &budget{free: most, share: most / shares, tenants: map[tenant.ID]int64{}}
}

// take charges n bytes to a tenant, or to strangers for the zero ID, and
// reports whether they are there. Without a share only the total counts.
func (b *budget) take(id tenant.ID, n int64, shared bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.tenants[id] + n
	if n > b.free || shared && held > b.share {
		return false
	}
	b.free -= n
	b.tenants[id] = held
	return true
}

// give takes n bytes off a tenant.
func (b *budget) give(id tenant.ID, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += n
	if b.tenants[id] -= n; b.tenants[id] == 0 {
		delete(b.tenants, id) // so that it holds those who are here and no others
	}
}

// holding is what one request has taken of the budget.
type holding struct {
	id    tenant.ID
	bytes int64
	whole bool // it may use more than a share
}

// hold charges bytes to the request's sender before they are used.
func (s *request) hold(n int) bool {
	if !s.h.budget.take(s.held.id, int64(n), !s.held.whole) {
		return false
	}
	s.held.bytes += int64(n)
	return true
}

// settle charges what a request holds to its tenant, once that is known.
func (s *request) settle() bool {
	if s.tenant == nil || s.held.id == s.tenant.ID || s.held.bytes == 0 {
		return true
	}
	if !s.h.budget.take(s.tenant.ID, s.held.bytes, true) {
		return false
	}
	s.h.budget.give(s.held.id, s.held.bytes)
	s.held.id = s.tenant.ID
	return true
}

// letGo gives everything back.
func (s *request) letGo() {
	if s.held.bytes > 0 {
		s.h.budget.give(s.held.id, s.held.bytes)
	}
	s.held = holding{}
}

// crowded is the answer to who is over the budget.
func (s *request) crowded() *problem.Problem {
	s.h.countCrowded(s.r.Context(), s.tenant)
	return s.h.unavailable("too much is being received at once, send it again")
}

// roomFor makes sure that what a batch becomes may be held: its messages, each
// with what they share, stand in the log's records once more.
func (s *request) roomFor(messages, merged int) *problem.Problem {
	if !s.settle() || !s.hold(merged+messages*messageCharge) {
		return s.crowded()
	}
	return nil
}
