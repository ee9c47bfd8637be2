package keep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// Errors of requests.
var (
	ErrUnknownTenant = errors.New("keep: there is no such tenant")
	ErrNotFound      = errors.New("keep: there is no such request")
	// ErrPending says that a request cannot be lifted before it is done.
	ErrPending = errors.New("keep: the request is not done yet")
)

// ErasePerson requests that a person, "user:ID" or "visitor:ID", be erased, and
// returns the request as it is written down; from then on the door refuses the
// id. [Keeper.Run] carries it out, see [Keeper.Wait]. A request about an id that one stands
// for already is that one.
func (k *Keeper) ErasePerson(ctx context.Context, id tenant.ID, person string) (Receipt, error) {
	t := k.tenant(id)
	if t == nil {
		return Receipt{}, ErrUnknownTenant
	}
	named, err := personID(id, person)
	if err != nil {
		return Receipt{}, err
	}
	return k.request(ctx, &Receipt{Tenant: id, Silo: t.Silo(), Scope: Person, IDs: []footfall.ID{named}}, func(r *Receipt) bool { return r.IDs[0] == named })
}

// DropTenant requests that all of a tenant be erased. From then on the door
// refuses whatever comes for it. A tenant is dropped once at a time.
func (k *Keeper) DropTenant(ctx context.Context, id tenant.ID) (Receipt, error) {
	t := k.tenant(id)
	if t == nil {
		return Receipt{}, ErrUnknownTenant
	}
	return k.request(ctx, &Receipt{Tenant: id, Silo: t.Silo(), Scope: Tenant}, func(*Receipt) bool { return true })
}

func (k *Keeper) request(ctx context.Context, r *Receipt, same func(*Receipt) bool) (Receipt, error) {
	k.mu.Lock()
	for _, old := range k.requests {
		// One that is done stands for the past; a new one may find what came in
		// since by other ways.
		if old.Tenant == r.Tenant && old.Scope == r.Scope && old.State == Pending && same(old) {
			defer k.mu.Unlock()
			return *old.copy(), nil
		}
	}
	k.mu.Unlock()
	r.Name, r.State, r.Requested = newName(), Pending, time.Now().UTC()
	if err := k.save(ctx, r, false); err != nil {
		return Receipt{}, err
	}
	k.config.Logger.InfoContext(ctx, "erasure requested", "name", r.Name, "tenant", r.Tenant.String(), "scope", string(r.Scope))
	k.wake()
	return *r.copy(), nil
}

func (k *Keeper) wake() {
	select {
	case k.work <- struct{}{}:
	default:
	}
}

// Lift ends a request that is done: its receipt goes, and whom it is about may
// come again. It does not bring back anything.
func (k *Keeper) Lift(ctx context.Context, name string) error {
	r, ok := k.Request(name)
	switch {
	case !ok:
		return ErrNotFound
	case r.State != Done:
		return ErrPending
	}
	if err := k.save(ctx, &r, true); err != nil {
		return err
	}
	k.config.Logger.InfoContext(ctx, "erasure lifted", "name", name, "tenant", r.Tenant.String())
	return nil
}

// Wait returns the receipt of a request when it is done, or ctx's error.
func (k *Keeper) Wait(ctx context.Context, name string) (Receipt, error) {
	for {
		k.mu.Lock()
		changed := k.changed
		r, ok := k.requests[name]
		k.mu.Unlock()
		switch {
		case !ok:
			return Receipt{}, ErrNotFound
		case r.State == Done:
			return *r.copy(), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return *r.copy(), fmt.Errorf("wait for erasure %s: %w", name, ctx.Err())
		}
	}
}
