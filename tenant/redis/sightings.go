package redis

import (
	"sync"
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// sightings remembers where tenants stood a moment ago, so that the question
// whether one may send at all takes no way to Redis and a flood is refused from
// memory. Who stood over a limit still does: others take more, and the time that
// has passed is known.
type sightings struct {
	fresh time.Duration

	mu sync.Mutex
	of map[tenant.ID]sighting
}

type sighting struct {
	standing tenant.Standing
	at       time.Time
}

const (
	// fresh bounds how late somebody learns of what was given back elsewhere.
	fresh = time.Second
	// maxSightings bounds the memory.
	maxSightings = 10_000
)

func newSightings() *sightings { return &sightings{fresh: fresh, of: map[tenant.ID]sighting{}} }

func (s *sightings) get(id tenant.ID) (tenant.Standing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, ok := s.of[id]
	if passed := time.Since(seen.at); ok && passed < s.fresh {
		return seen.standing.After(passed), true
	}
	return tenant.Standing{}, false
}

func (s *sightings) put(id tenant.ID, standing tenant.Standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.of[id]; !ok && len(s.of) >= maxSightings {
		clear(s.of) // they are made anew by the next requests
	}
	s.of[id] = sighting{standing, time.Now()}
}

func (s *sightings) forget(id tenant.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, id)
}
