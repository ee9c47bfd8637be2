package keep

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
// returns the request as it is written down. From then on the door refuses all
// ids of the person that the store knows of; one that was linked so lately that
// the store does not know yet is refused as soon as it does, and what came with
// it is erased as well. [Keeper.Run] carries the request out, see [Keeper.Wait].
// A request about an id that one stands for and that is not done is that one.
func (k *Keeper) ErasePerson(ctx context.Context, id tenant.ID, person string) (Receipt, error) {
	t := k.tenant(id)
	if t == nil {
		return Receipt{}, ErrUnknownTenant
	}
	named, err := personID(id, person)
	if err != nil {
		return Receipt{}, err
	}
	return k.request(ctx, subject{id, Person, named}, t.Silo(), func(r *Receipt) bool {
		// One that is done stands for the past; a new one may find what came in
		// since by other ways.
		return r.State == Pending && slices.Contains(r.IDs, named)
	})
}

// DropTenant requests that all of a tenant be erased. From then on the door
// refuses whatever comes for it. A tenant that was dropped is not dropped again
// while the request stands, which is the answer then.
func (k *Keeper) DropTenant(ctx context.Context, id tenant.ID) (Receipt, error) {
	t := k.tenant(id)
	if t == nil {
		return Receipt{}, ErrUnknownTenant
	}
	return k.request(ctx, subject{id, Tenant, footfall.ID{}}, t.Silo(), func(*Receipt) bool { return true })
}

// subject is what a request is about.
type subject struct {
	tenant tenant.ID
	scope  Scope
	named  footfall.ID
}

func (k *Keeper) request(ctx context.Context, about subject, silo string, same func(*Receipt) bool) (Receipt, error) {
	stands, err := k.begin(ctx, about, same)
	switch {
	case err != nil:
		return Receipt{}, err
	case stands != nil:
		return *stands.copy(), nil
	}
	defer k.end(about)
	r := &Receipt{Tenant: about.tenant, Silo: silo, Scope: about.scope, Name: newName(), State: Pending, Requested: time.Now().UTC()}
	if about.scope == Person {
		// As far as it is known now, so that the door knows from the start.
		if r.IDs, err = k.resolve(ctx, about.tenant, about.named); err != nil {
			return Receipt{}, err
		}
	}
	if err := k.save(ctx, r); err != nil {
		return Receipt{}, err
	}
	k.config.Logger.InfoContext(ctx, "erasure requested", "name", r.Name, "tenant", r.Tenant.String(), "scope", string(r.Scope))
	k.wake()
	return *r.copy(), nil
}

// begin returns the request that stands for the same, or reserves the right to
// make one until end: of two that come at once the second gets the first's.
func (k *Keeper) begin(ctx context.Context, about subject, same func(*Receipt) bool) (*Receipt, error) {
	for {
		k.mu.Lock()
		for _, r := range k.requests {
			if r.Tenant == about.tenant && r.Scope == about.scope && same(r) {
				k.mu.Unlock()
				return r, nil
			}
		}
		first, busy := k.making[about]
		if !busy {
			k.making[about] = make(chan struct{})
		}
		k.mu.Unlock()
		if !busy {
			return nil, nil //nolint:nilnil // there is none, which is no error
		}
		select {
		case <-first:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (k *Keeper) end(about subject) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.making[about])
	delete(k.making, about)
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
	if err := k.strike(ctx, &r); err != nil {
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
