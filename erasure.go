package footfall

import (
	"slices"

	"github.com/footfall-go/footfall/tenant"
)

// Erasure asks the store to delete the rows of some ids that stand before a
// position of one partition, and to remember that it did.
type Erasure struct {
	Tenant tenant.ID
	Silo   string
	Name   string // the request's own id
	IDs    []ID   // visitors and users; empty means every row of the tenant
	Before Position
	Time   Millis // log time
}

// Concerns reports whether an event of the tenant is of somebody who is erased.
// An event with a user is that user's: what another did on a device that the
// two share stays.
func (e *Erasure) Concerns(ev *Event) bool {
	who := ev.User
	if who.IsZero() {
		who = ev.Visitor
	}
	return len(e.IDs) == 0 || slices.Contains(e.IDs, who)
}

// Definition is something small that is kept beside the record under a name:
// an erasure and its receipt, how far retention went. The newest version of a
// key (tenant, kind, id) counts.
type Definition struct {
	Tenant  tenant.ID
	Kind    string
	ID      string
	Body    string // JSON
	Deleted bool
	Version uint64
}

// Member is a person of a segment that was frozen: of the version of its
// definition that has them. An id that says who it is later goes on to count for
// whom it says.
type Member struct {
	Tenant  tenant.ID
	Silo    string
	Segment string
	Version uint64
	Person  ID
}

// Expiry says that a store deleted the events of a tenant with times before a
// moment, because the tenant keeps them no longer, and those alone that came
// in before another: the processor may not be done with younger ones, and what
// comes in later may be kept again.
type Expiry struct {
	Tenant   tenant.ID `json:"-"`
	Silo     string    `json:"silo,omitempty"`
	Before   Millis    `json:"before"`   // event time
	Received Millis    `json:"received"` // the door's clock
}

// Concerns reports whether an event is one of those.
func (x *Expiry) Concerns(ev *Event) bool {
	return ev.Tenant == x.Tenant && ev.Time < x.Before && ev.Received < x.Received
}
