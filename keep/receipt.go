package keep

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Scope tells what a request is about.
type Scope string

// The scopes.
const (
	Person Scope = "person"
	Tenant Scope = "tenant"
)

// State tells how far a request is.
type State string

// The states. A request that is done still stands, until it is lifted.
const (
	Pending State = "pending"
	Done    State = "done"
)

// Receipt is a request with what became of it. The one of a request that is
// done proves what the package's documentation says; it holds no text that a
// sender wrote.
type Receipt struct {
	Name      string        `json:"name"`
	Tenant    tenant.ID     `json:"tenant"`
	Silo      string        `json:"silo,omitempty"` // of a tenant with partitions of its own
	Scope     Scope         `json:"scope"`
	State     State         `json:"state"`
	Requested time.Time     `json:"requested"`
	Done      time.Time     `json:"done,omitzero"`
	IDs       []footfall.ID `json:"ids,omitempty"` // of the person, the one that was named first
	// Orders are the places of the orders in the log, the later rounds last.
	Orders []Order `json:"orders,omitempty"`
	// Before and After count rows of each table.
	Before map[string]uint64 `json:"before,omitempty"`
	After  map[string]uint64 `json:"after,omitempty"`
	// Log tells what is left in log and snapshots from before the orders.
	Log LogReceipt `json:"log"`
	// Purged is when the bytes of deleted rows were removed from the tables.
	Purged time.Time `json:"purged,omitzero"`
	// Error is why a pending request is not done yet; it is tried again.
	Error string `json:"error,omitempty"`

	version uint64
}

// Order is the place of an order in the log.
type Order struct {
	Epoch     uint16 `json:"epoch"`
	Partition uint16 `json:"partition"`
	Offset    int64  `json:"offset"`
}

func (o Order) position() footfall.Position {
	return footfall.Position{Epoch: o.Epoch, Partition: o.Partition, Offset: o.Offset}
}

// LogReceipt tells whether log and snapshots have forgotten what stood before
// the orders.
type LogReceipt struct {
	Forgotten time.Time `json:"forgotten,omitzero"`
	// Remains says why they have not; retention removes it in any case.
	Remains string `json:"remains,omitempty"`
}

// newName returns a name nobody can guess, in which no letter is mistaken.
func newName() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return "er_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// save writes requests down as they are now and makes them those that others
// see.
func (k *Keeper) save(ctx context.Context, requests ...*Receipt) error {
	var all []footfall.Definition
	for _, r := range requests {
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		r.version++
		all = append(all, footfall.Definition{Tenant: r.Tenant, Kind: schema.KindErasure, ID: r.Name, Body: string(body), Version: r.version})
	}
	return k.define(ctx, all, func() {
		for _, r := range requests {
			k.requests[r.Name] = r.copy()
		}
	})
}

// struck is beyond every version of a receipt: another keeper that has yet to
// see that a request no longer stands does not bring it back by writing it.
const struck = 1 << 32

// strike writes down that a request no longer stands. Nothing of it is kept.
func (k *Keeper) strike(ctx context.Context, r *Receipt) error {
	gone := footfall.Definition{Tenant: r.Tenant, Kind: schema.KindErasure, ID: r.Name, Deleted: true, Version: r.version + struck}
	return k.define(ctx, []footfall.Definition{gone}, func() { delete(k.requests, r.Name) })
}

// define writes definitions, and then has others see what changed.
func (k *Keeper) define(ctx context.Context, all []footfall.Definition, change func()) error {
	k.mu.Lock()
	k.writing++
	k.mu.Unlock()
	err := k.config.Store.Define(ctx, all...)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writing--
	k.writes++
	if err != nil {
		return fmt.Errorf("keep: write %d erasures down: %w", len(all), err)
	}
	k.replace(change)
	return nil
}

// copy returns a receipt that may be changed.
func (r *Receipt) copy() *Receipt {
	c := *r
	c.IDs, c.Orders = slices.Clone(r.IDs), slices.Clone(r.Orders)
	c.Before, c.After = maps.Clone(r.Before), maps.Clone(r.After)
	return &c
}

// erasure is what the store is asked about.
func (r *Receipt) erasure() *footfall.Erasure {
	return &footfall.Erasure{Tenant: r.Tenant, Silo: r.Silo, Name: r.Name, IDs: r.IDs}
}

// Requests returns the requests of a tenant that stand, or of all for the zero
// ID, the oldest first.
func (k *Keeper) Requests(id tenant.ID) []Receipt {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []Receipt
	for _, r := range k.requests {
		if id == (tenant.ID{}) || r.Tenant == id {
			all = append(all, *r.copy())
		}
	}
	slices.SortFunc(all, func(a, b Receipt) int { return a.Requested.Compare(b.Requested) })
	return all
}

// Request returns a request that stands; ok is false if there is none of that
// name.
func (k *Keeper) Request(name string) (r Receipt, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.requests[name]
	if !ok {
		return r, false
	}
	return *found.copy(), true
}
