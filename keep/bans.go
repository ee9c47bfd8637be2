package keep

import (
	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// bans are who is refused. They are replaced as a whole, so that the door needs
// no lock.
type bans struct {
	dropped map[tenant.ID]bool
	erased  map[tenant.ID]map[footfall.ID]struct{}
}

// Dropped implements ingest.Bans.
func (k *Keeper) Dropped(id tenant.ID) bool { return k.bans.Load().dropped[id] }

// Erased implements ingest.Bans.
func (k *Keeper) Erased(id tenant.ID) map[footfall.ID]struct{} { return k.bans.Load().erased[id] }

// ban makes the bans of the requests there are. k.mu is held, or nobody knows k
// yet.
func (k *Keeper) ban() {
	b := &bans{dropped: map[tenant.ID]bool{}, erased: map[tenant.ID]map[footfall.ID]struct{}{}}
	for _, r := range k.requests {
		if r.Scope == Tenant {
			b.dropped[r.Tenant] = true
			continue
		}
		gone := b.erased[r.Tenant]
		if gone == nil {
			gone = map[footfall.ID]struct{}{}
			b.erased[r.Tenant] = gone
		}
		for _, id := range r.IDs {
			gone[id] = struct{}{}
		}
	}
	k.bans.Store(b)
}
