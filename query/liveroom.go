package query

import (
	"context"
	"sync"
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// rooms are where those who look at a tenant's events share what they need.
type rooms struct {
	engine *Engine
	most   int // clients of one tenant

	mu    sync.Mutex
	of    map[tenant.ID]*room
	ended chan struct{}
	over  bool
}

// room is one tenant's.
type room struct {
	rooms   *rooms
	tenant  *tenant.Tenant
	clients int
	leave   context.CancelFunc // ends count
	names   names

	mu      sync.Mutex
	active  int64         // persons, -1 while it is not known
	changed chan struct{} // closed when active is another
}

func newRooms(engine *Engine, most int) *rooms {
	return &rooms{engine: engine, most: most, of: map[tenant.ID]*room{}, ended: make(chan struct{})}
}

// enter returns the room of a tenant, nil if it is full.
func (s *rooms) enter(t *tenant.Tenant) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.of[t.ID]
	if r == nil {
		ctx, cancel := context.WithCancel(context.Background())
		r = &room{rooms: s, tenant: t, leave: cancel, active: -1, changed: make(chan struct{}), names: names{turn: make(chan struct{}, 1)}}
		s.of[t.ID] = r
		go r.count(ctx)
	}
	if r.clients >= s.most {
		return nil
	}
	r.clients++
	return r
}

// exit is called once for every client that entered. The last one out ends the
// counting.
func (r *room) exit() {
	r.rooms.mu.Lock()
	defer r.rooms.mu.Unlock()
	if r.clients--; r.clients == 0 {
		delete(r.rooms.of, r.tenant.ID)
		r.leave()
	}
}

// end tells all clients to go.
func (s *rooms) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		close(s.ended)
	}
}

// activeWindow is how long somebody counts as active, and recount how late it is
// noticed that nobody did anything.
const (
	activeWindow = 5 * time.Minute
	recount      = 10 * time.Second
)

// count asks once a second how many persons are active, however many look, if
// something became visible since the last time.
func (r *room) count(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var version string
	var asked time.Time
	e := r.rooms.engine
	for {
		now := ""
		if e.config.Version != nil {
			now = e.config.Version(ctx) // before the question, so that nothing is missed between them
		}
		if now == "" || now != version || time.Since(asked) >= recount {
			if n, ok := r.persons(ctx); ok {
				version, asked = now, time.Now()
				r.set(n)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// persons asks the engine. What goes wrong is in its metrics, and may be better
// in a second.
func (r *room) persons(ctx context.Context) (int64, bool) {
	to := r.rooms.engine.config.Now().UTC().Truncate(time.Second).Add(time.Second)
	answer, err := r.rooms.engine.Run(ctx, r.tenant, &Trend{
		Scope:    Scope{Range: Range{From: to.Add(-activeWindow).Format(time.RFC3339), To: to.Format(time.RFC3339)}},
		Interval: Total, Series: []Series{{Selector: Selector{Event: "*"}, Measure: CountPersons}},
	})
	if err != nil {
		return 0, false
	}
	result, ok := answer.Result.(*TrendResult)
	if !ok || len(result.Series) != 1 || result.Series[0].Total == nil {
		return 0, false
	}
	return int64(*result.Series[0].Total), true
}

func (r *room) set(persons int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if persons != r.active {
		r.active = persons
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// get returns how many are active, and what is closed when that changes.
func (r *room) get() (int64, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active, r.changed
}
