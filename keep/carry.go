package keep

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
)

// rounds is how often an order is given: once more for each time that something
// was on its way through the door when it was closed.
const rounds = 5

// carryTime bounds one try.
const carryTime = 15 * time.Minute

// groupMost bounds the requests that are carried out together.
const groupMost = 500

// group is requests that are carried out together. What takes seconds are the
// waits for store, log and snapshots, and they are as long for many as for one.
type group struct {
	k      *Keeper
	open   []*Receipt // neither done nor failed; its own copies
	failed []*Receipt // with their Error
}

// carry carries requests out, from wherever they stand. Each step may be
// repeated, in the same company or in other. It reports whether any failed.
func (k *Keeper) carry(ctx context.Context, requests []*Receipt) (failed bool) {
	g := &group{k: k}
	for _, r := range requests {
		g.open = append(g.open, r.copy())
	}
	bounded, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	if err := g.carry(bounded); err != nil {
		for _, r := range slices.Clone(g.open) {
			g.fail(r, err)
		}
	}
	if len(g.failed) == 0 || ctx.Err() != nil {
		return ctx.Err() != nil
	}
	for _, r := range g.failed {
		k.config.Logger.ErrorContext(ctx, "erasure is tried again", "name", r.Name, "tenant", r.Tenant.String(), "error", r.Error)
	}
	if err := k.save(ctx, g.failed...); err != nil {
		k.config.Logger.ErrorContext(ctx, "erasures cannot be written down", "error", err)
	}
	return true
}

// fail takes a request out, so that it holds up no other.
func (g *group) fail(r *Receipt, err error) {
	r.Error = err.Error()
	g.failed = append(g.failed, r)
	g.leave(r)
}

func (g *group) leave(r *Receipt) {
	g.open = slices.DeleteFunc(g.open, func(o *Receipt) bool { return o == r })
}

// carry returns the error that concerns all that are still open.
func (g *group) carry(ctx context.Context) error {
	if err := g.name(ctx); err != nil {
		return err
	}
	if err := g.before(ctx); err != nil {
		return err
	}
	last := map[*Receipt]uint64{}
	for range rounds {
		if len(g.open) == 0 {
			return nil
		}
		if err := g.order(ctx); err != nil {
			return err
		}
		if err := g.after(ctx); err != nil {
			return err
		}
		var done []*Receipt
		for _, r := range slices.Clone(g.open) {
			left := sum(r.After)
			before, again := last[r]
			switch last[r] = left; {
			case left == 0:
				done = append(done, r)
			case again && left >= before: // another order would do no more than this one
				g.fail(r, r.remains())
			}
		}
		if err := g.finish(ctx, done); err != nil {
			return err
		}
	}
	for _, r := range slices.Clone(g.open) {
		g.fail(r, r.remains())
	}
	return nil
}

func (r *Receipt) remains() error {
	return fmt.Errorf("%d rows are left after %d orders", sum(r.After), len(r.Orders))
}

// name finds out whom the requests are about, and closes the door to all of
// them. While it was open for some, others may have joined them: it looks until
// there is nobody new.
func (g *group) name(ctx context.Context) error {
	for unsure := slices.Clone(g.open); len(unsure) > 0; {
		if err := g.k.noticed(ctx); err != nil {
			return err
		}
		// The door is closed: what is accepted by now is all there will be, but
		// for requests that are past the check at this moment.
		if err := g.settle(ctx); err != nil {
			return err
		}
		var changed []*Receipt
		for _, r := range unsure {
			if r.Scope == Tenant {
				continue
			}
			ids, err := g.k.resolve(ctx, r.Tenant, r.IDs[0])
			switch {
			case err != nil:
				g.fail(r, err)
			case r.take(ids):
				changed = append(changed, r)
			}
		}
		if len(changed) > 0 {
			if err := g.k.save(ctx, changed...); err != nil {
				return err
			}
		}
		unsure = changed
	}
	return nil
}

// take takes what a person was resolved to, and reports whether that is news.
// Until the first order is near, only what was found last is true; then ids stay
// whose edges are gone.
func (r *Receipt) take(ids []footfall.ID) (news bool) {
	if r.Before == nil {
		for _, id := range r.IDs {
			news = news || !slices.Contains(ids, id)
		}
		news = news || len(ids) != len(r.IDs)
		r.IDs = ids
		return news
	}
	for _, id := range ids {
		if !slices.Contains(r.IDs, id) {
			r.IDs, news = append(r.IDs, id), true
		}
	}
	return news
}

func (g *group) settle(ctx context.Context) error {
	if err := g.k.config.Settle(ctx); err != nil {
		return fmt.Errorf("wait for the store: %w", err)
	}
	return nil
}

// before counts what there is and writes it down with the ids, because nothing
// else knows them when the edges are gone.
func (g *group) before(ctx context.Context) error {
	var counted []*Receipt
	for _, r := range slices.Clone(g.open) {
		if r.Before != nil {
			continue
		}
		counts, err := g.k.config.Store.Count(ctx, r.erasure())
		if err != nil {
			g.fail(r, err)
			continue
		}
		r.Before = counts
		counted = append(counted, r)
	}
	if len(counted) == 0 {
		return nil
	}
	return g.k.save(ctx, counted...)
}

// after counts what is left: of all persons of a tenant at once, and of each only
// if that is anything.
func (g *group) after(ctx context.Context) error {
	for _, together := range g.persons() {
		counts, err := g.k.config.Store.Count(ctx, &footfall.Erasure{Tenant: together[0].Tenant, Silo: together[0].Silo, IDs: union(together)})
		if err != nil {
			return err
		}
		for _, r := range together {
			if r.After = maps.Clone(counts); len(together) == 1 || sum(counts) == 0 {
				continue
			}
			if r.After, err = g.k.config.Store.Count(ctx, r.erasure()); err != nil {
				return err
			}
		}
	}
	for _, r := range g.open {
		if r.Scope != Tenant {
			continue
		}
		var err error
		if r.After, err = g.k.config.Store.Count(ctx, r.erasure()); err != nil {
			return err
		}
	}
	return nil
}

// finish makes log and snapshots forget and writes the receipts.
func (g *group) finish(ctx context.Context, done []*Receipt) error {
	if len(done) == 0 {
		return nil
	}
	g.k.forget(ctx, done)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, r := range done {
		r.State, r.Done, r.Error = Done, time.Now().UTC(), ""
	}
	if err := g.k.save(ctx, done...); err != nil {
		for _, r := range done {
			r.State, r.Done = Pending, time.Time{}
		}
		return err
	}
	for _, r := range done {
		g.leave(r)
		g.k.config.Logger.InfoContext(ctx, "erased", "name", r.Name, "tenant", r.Tenant.String(), "scope", string(r.Scope),
			"ids", len(r.IDs), "rows", sum(r.Before), "remains", r.Log.Remains)
	}
	return nil
}

// forget makes log and snapshots forget what stands before the orders. That
// they cannot yet does not undo what is done; the night tries again.
func (k *Keeper) forget(ctx context.Context, done []*Receipt) {
	var f Forget
	for _, r := range done {
		if r.Scope == Tenant {
			f.Dropped = append(f.Dropped, r.Tenant)
		}
		for _, o := range r.Orders {
			f.Before = append(f.Before, o.position())
		}
	}
	err := errors.New("left to the log's retention")
	if k.config.Forget != nil {
		ctx, cancel := context.WithTimeout(ctx, forgetTime)
		defer cancel()
		err = k.config.Forget(ctx, f)
	}
	for _, r := range done {
		if r.Log = (LogReceipt{Forgotten: time.Now().UTC()}); err != nil {
			r.Log = LogReceipt{Remains: err.Error()}
		}
	}
}

// forgetTime bounds the wait for a snapshot after the order.
const forgetTime = 5 * time.Minute

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}
