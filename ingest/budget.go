package ingest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// budget bounds the bytes of requests that are in memory at one time, in total
// and of one tenant, so that a flood takes neither the memory nor the place of
// the others. Whoever is over it is answered 503 and comes back; nobody waits,
// for waiting takes memory too.
//
// Slow senders make room where it gets short: whoever has sent nothing for a
// while in the middle of a body is let go, or a few of them would keep a public
// key's tenant out.
type budget struct {
	mu       sync.Mutex
	total    int64
	free     int64
	share    int64 // of one tenant, and of all whose key is not known yet
	tenants  map[tenant.ID]int64
	requests map[*holding]struct{} // that are charged
	looked   time.Time             // for slow senders
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

// A sender is slow who sent nothing for stalled. Looking for them is worth it
// every lookEvery.
const (
	stalled   = time.Second
	lookEvery = 100 * time.Millisecond
)

func newBudget(most int64) *budget {
	return &budget{
		total: most, free: most, share: most / shares,
		tenants: map[tenant.ID]int64{}, requests: map[*holding]struct{}{},
	}
}

// holding is what one request has taken of the budget.
type holding struct {
	id    tenant.ID // who is charged; strangers for the zero ID
	bytes int64
	whole bool // it may use more than a share

	body    http.ResponseWriter // of the connection that the body comes by
	moved   atomic.Int64        // when some of it came, in Unix nanoseconds; 0: it is all there
	letGone atomic.Bool         // to make room
}

// take charges n bytes more, and reports whether they are there.
func (b *budget) take(h *holding, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.tenants[h.id] + n
	if b.free-n < b.total/4 {
		b.makeRoom(nil)
	} else if held > b.share-b.share/4 {
		b.makeRoom(&h.id)
	}
	if n > b.free || held > b.share && !h.whole {
		return false
	}
	b.free -= n
	b.tenants[h.id] = held
	h.bytes += n
	b.requests[h] = struct{}{}
	return true
}

// move charges what a request holds to a tenant, and reports whether that has
// room for it.
func (b *budget) move(h *holding, id tenant.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tenants[id]+h.bytes > b.share {
		return false
	}
	b.less(h)
	b.tenants[id] += h.bytes
	h.id = id
	return true
}

// give takes all that a request holds off its tenant.
func (b *budget) give(h *holding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += h.bytes
	b.less(h)
	delete(b.requests, h)
}

func (b *budget) less(h *holding) {
	if b.tenants[h.id] -= h.bytes; b.tenants[h.id] == 0 {
		delete(b.tenants, h.id) // so that it has those who are here and no others
	}
}

// makeRoom ends the bodies of slow senders, of one tenant or of all; what they
// hold is free as soon as they notice. b.mu is held.
func (b *budget) makeRoom(of *tenant.ID) {
	now := time.Now()
	if now.Sub(b.looked) < lookEvery {
		return
	}
	b.looked = now
	for h := range b.requests {
		moved := h.moved.Load()
		if moved != 0 && now.UnixNano()-moved > int64(stalled) && (of == nil || *of == h.id) {
			h.letGone.Store(true)
			_ = http.NewResponseController(h.body).SetReadDeadline(now) // without deadlines, the server's own has to do
		}
	}
}

// hold charges bytes to the request's sender before they are used.
func (s *request) hold(n int) bool { return s.h.budget.take(&s.held, int64(n)) }

// settle charges what a request holds to its tenant, once that is known.
func (s *request) settle() bool {
	if s.tenant == nil || s.held.id == s.tenant.ID || s.held.bytes == 0 {
		return true
	}
	return s.h.budget.move(&s.held, s.tenant.ID)
}

// letGo gives everything back.
func (s *request) letGo() {
	h := &s.held
	if h.bytes > 0 {
		s.h.budget.give(h)
	}
	h.id, h.bytes, h.whole, h.body = tenant.ID{}, 0, false, nil
	h.moved.Store(0)
	h.letGone.Store(false)
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
