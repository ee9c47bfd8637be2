package keep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// rounds is how often an order is given: once more for each time that something
// was on its way through the door when it was closed.
const rounds = 5

// idsPerOrder bounds one record in the log.
const idsPerOrder = 10_000

// carryTime bounds one try.
const carryTime = 15 * time.Minute

// carry carries a request out, from wherever it stands. Each step may be
// repeated.
func (k *Keeper) carry(ctx context.Context, r *Receipt) error {
	ctx, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	t := k.tenant(r.Tenant)
	if t == nil { // it left the configuration meanwhile
		t = &tenant.Tenant{ID: r.Tenant, Settings: tenant.Settings{Dedicated: r.Silo != ""}.WithDefaults()}
	}
	if err := k.name(ctx, r); err != nil {
		return err
	}
	if r.Before == nil {
		var err error
		if r.Before, err = k.config.Store.Count(ctx, r.erasure()); err != nil {
			return err
		}
	}
	if err := k.note(ctx, r); err != nil {
		return err
	}
	last := uint64(0)
	for round := range rounds {
		orders, err := k.order(ctx, r, t)
		if err != nil {
			return err
		}
		r.Orders = append(r.Orders, orders...)
		if err := k.obeyed(ctx, r, orders); err != nil {
			return err
		}
		if r.After, err = k.config.Store.Count(ctx, r.erasure()); err != nil {
			return err
		}
		left := sum(r.After)
		if left == 0 {
			return k.finish(ctx, r, orders)
		}
		if round > 0 && left >= last {
			break // another order would do no more than this one
		}
		last = left
	}
	return fmt.Errorf("%d rows are left after %d orders", sum(r.After), len(r.Orders))
}

// name finds out whom the request is about, and closes the door to all of them.
// While it was open for some, others may have joined them: it looks until there
// is nobody new.
func (k *Keeper) name(ctx context.Context, r *Receipt) error {
	for {
		// The door is closed: what is accepted by now is all there will be, but
		// for requests that are past the check at this moment.
		if err := k.config.Settle(ctx); err != nil {
			return fmt.Errorf("wait for the store: %w", err)
		}
		if r.Scope == Tenant {
			return nil
		}
		ids, err := k.resolve(ctx, r.Tenant, r.IDs[0])
		if err != nil {
			return err
		}
		known := len(r.IDs)
		for _, id := range ids { // those of the last try stay, whose edges are gone
			if !slices.Contains(r.IDs, id) {
				r.IDs = append(r.IDs, id)
			}
		}
		if len(r.IDs) == known {
			return nil
		}
		if err := k.note(ctx, r); err != nil {
			return err
		}
	}
}

// note writes a request down as it is now: the ids, because nothing else knows
// them when the edges are gone, and the counts of before.
func (k *Keeper) note(ctx context.Context, r *Receipt) error {
	if err := k.save(ctx, r.copy(), false); err != nil {
		return err
	}
	r.version++
	return nil
}

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// order puts the order into each partition concerned.
func (k *Keeper) order(ctx context.Context, r *Receipt, t *tenant.Tenant) ([]Order, error) {
	partitions, err := k.concerned(ctx, r)
	if err != nil {
		return nil, err
	}
	h := record.HeaderOf(t, record.Command, time.Now())
	var records []footfall.Record
	add := func(p uint16, e record.Erase) error {
		rec, err := record.NewOrder(h, p, record.Order{Erase: &e})
		records = append(records, rec)
		return err
	}
	for _, p := range partitions {
		if r.Scope == Tenant {
			if err := add(p, record.Erase{Name: r.Name, All: true}); err != nil {
				return nil, err
			}
		}
		for ids := range slices.Chunk(r.IDs, idsPerOrder) {
			if err := add(p, record.Erase{Name: r.Name, IDs: ids}); err != nil {
				return nil, err
			}
		}
	}
	if err := k.config.Log.Append(ctx, records); err != nil {
		return nil, fmt.Errorf("put the order into the log: %w", err)
	}
	orders := make([]Order, len(records))
	for i := range records {
		orders[i] = Order{Epoch: records[i].Epoch, Partition: records[i].Partition, Offset: records[i].Offset}
	}
	return orders, nil
}

// concerned returns the partitions whose records are about the request: those
// that its ids hash to, and those that have rows of it.
func (k *Keeper) concerned(ctx context.Context, r *Receipt) ([]uint16, error) {
	n := k.config.Partitions
	if n == 1 {
		return []uint16{0}, nil
	}
	var found []uint16
	if r.Scope == Tenant {
		for p := range n {
			found = append(found, p)
		}
		return found, nil
	}
	found, err := k.config.Store.Partitions(ctx, r.Tenant, r.IDs)
	if err != nil {
		return nil, err
	}
	for _, id := range r.IDs {
		found = append(found, record.Partition(id, n))
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// obeyed waits until the store has carried out the orders.
func (k *Keeper) obeyed(ctx context.Context, r *Receipt, orders []Order) error {
	if err := k.config.Settle(ctx); err != nil {
		return fmt.Errorf("wait for the store: %w", err)
	}
	done, err := k.config.Store.CarriedOut(ctx, r.Tenant, r.Name)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if !slices.Contains(done, o.position()) {
			return errors.New("the store has not noted the order")
		}
	}
	return nil
}

// finish makes log and snapshots forget and writes the receipt.
func (k *Keeper) finish(ctx context.Context, r *Receipt, orders []Order) error {
	k.forget(ctx, r, orders)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.State, r.Done, r.Error = Done, time.Now().UTC(), ""
	if err := k.save(ctx, r.copy(), false); err != nil {
		return err
	}
	k.config.Logger.InfoContext(ctx, "erased", "name", r.Name, "tenant", r.Tenant.String(), "scope", string(r.Scope),
		"ids", len(r.IDs), "rows", sum(r.Before), "remains", r.Log.Remains)
	return nil
}

// forget makes log and snapshots forget what stands before the orders. That
// they cannot yet does not undo what is done; the night tries again.
func (k *Keeper) forget(ctx context.Context, r *Receipt, orders []Order) {
	r.Log = LogReceipt{Remains: "left to the log's retention"}
	if k.config.Forget == nil {
		return
	}
	f := Forget{}
	if r.Scope == Tenant {
		f.Dropped = r.Tenant
	}
	for _, o := range orders {
		f.Before = append(f.Before, o.position())
	}
	ctx, cancel := context.WithTimeout(ctx, forgetTime)
	defer cancel()
	if err := k.config.Forget(ctx, f); err != nil {
		r.Log.Remains = err.Error()
		return
	}
	r.Log = LogReceipt{Forgotten: time.Now().UTC()}
}

// forgetTime bounds the wait for a snapshot after the order.
const forgetTime = 5 * time.Minute
