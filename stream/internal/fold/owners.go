package fold

import (
	"strings"

	"github.com/footfall-go/footfall/tenant"
)

// owner is a tenant in one silo, until an erasure of all its rows: what the
// state holds for a dead owner counts as absent, so that erasing a tenant takes
// no longer than marking it.
type owner struct {
	tenant  tenant.ID
	silo    string
	account uint32
	dead    bool
}

type ownerKey struct {
	tenant tenant.ID
	silo   string
}

// owners numbers tenants, so that records hold a number.
type owners struct {
	list     []owner
	index    map[ownerKey]uint32 // of the living
	accounts []Totals
	changes  []change             // of each account
	byTenant map[tenant.ID]uint32 // index into accounts
}

// change is the last thing that happened to a tenant's quarantine other than
// that it grew.
type change struct {
	next int64  // the offset after its record, 0 if nothing ever did
	job  uint64 // of a replay, 0 for an erasure
}

// of returns the number of a tenant in a silo.
func (o *owners) of(id tenant.ID, silo string) uint32 {
	if n, ok := o.index[ownerKey{id, silo}]; ok {
		return n
	}
	account, ok := o.byTenant[id]
	if ok {
		id = o.accounts[account].Tenant
	} else {
		// The text may be a view of a record, which must not be kept.
		id, _ = tenant.ParseID(strings.Clone(id.String()))
		account = uint32(len(o.accounts))
		o.accounts = append(o.accounts, Totals{Tenant: id})
		o.changes = append(o.changes, change{})
		o.byTenant[id] = account
	}
	n := uint32(len(o.list))
	silo = strings.Clone(silo)
	o.list = append(o.list, owner{tenant: id, silo: silo, account: account})
	o.index[ownerKey{id, silo}] = n
	return n
}

// bury makes all of a tenant's owners dead.
func (o *owners) bury(id tenant.ID) {
	for i := range o.list {
		if n := &o.list[i]; n.tenant == id && !n.dead {
			n.dead = true
			delete(o.index, ownerKey{n.tenant, n.silo})
		}
	}
}
