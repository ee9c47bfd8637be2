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

// idsPerOrder bounds one record in the log.
const idsPerOrder = 10_000

// orders are the records of one round and whose they are.
type orders struct {
	records []footfall.Record
	of      [][]*Receipt // of each record
	names   []string     // under which the store notes each
}

// order puts the orders into the log, one for all persons of a tenant in each
// partition concerned, and waits until the store has carried them out: it then
// deletes once for all of them.
func (g *group) order(ctx context.Context) error {
	var all orders
	for _, r := range g.open {
		if r.Scope == Tenant {
			if err := g.drop(&all, r); err != nil {
				return err
			}
		}
	}
	for _, together := range g.persons() {
		if err := g.erase(ctx, &all, together); err != nil {
			return err
		}
	}
	if err := g.k.config.Log.Append(ctx, all.records); err != nil {
		return fmt.Errorf("put the order into the log: %w", err)
	}
	for i := range all.records {
		at := Order{Epoch: all.records[i].Epoch, Partition: all.records[i].Partition, Offset: all.records[i].Offset}
		for _, r := range all.of[i] {
			r.Orders = append(r.Orders, at)
		}
	}
	return g.obeyed(ctx, &all)
}

// persons returns the requests about persons that are open, by tenant.
func (g *group) persons() [][]*Receipt {
	type owner struct {
		id   tenant.ID
		silo string
	}
	var all [][]*Receipt
	at := map[owner]int{}
	for _, r := range g.open {
		if r.Scope != Person {
			continue
		}
		i, known := at[owner{r.Tenant, r.Silo}]
		if !known {
			i, all = len(all), append(all, nil)
			at[owner{r.Tenant, r.Silo}] = i
		}
		all[i] = append(all[i], r)
	}
	return all
}

// union returns the ids of some requests.
func union(requests []*Receipt) (ids []footfall.ID) {
	seen := map[footfall.ID]bool{}
	for _, r := range requests {
		for _, id := range r.IDs {
			if !seen[id] {
				seen[id], ids = true, append(ids, id)
			}
		}
	}
	return ids
}

// header is that of an order about a tenant, which may have left the
// configuration meanwhile.
func (g *group) header(r *Receipt) record.Header {
	t := g.k.tenant(r.Tenant)
	if t == nil {
		t = &tenant.Tenant{ID: r.Tenant, Settings: tenant.Settings{Dedicated: r.Silo != ""}.WithDefaults()}
	}
	return record.HeaderOf(t, record.Command, time.Now())
}

func (o *orders) add(h record.Header, partition uint16, e record.Erase, of ...*Receipt) error {
	rec, err := record.NewOrder(h, partition, record.Order{Erase: &e})
	if err != nil {
		return err
	}
	o.records, o.of, o.names = append(o.records, rec), append(o.of, of), append(o.names, e.Name)
	return nil
}

func (g *group) drop(all *orders, r *Receipt) error {
	h := g.header(r)
	for p := range g.k.config.Partitions {
		if err := all.add(h, p, record.Erase{Name: r.Name, All: true}, r); err != nil {
			return err
		}
	}
	return nil
}

// erase adds the orders about some persons of one tenant, under the name of the
// first request.
func (g *group) erase(ctx context.Context, all *orders, together []*Receipt) error {
	h := g.header(together[0])
	concerned := make([][]*Receipt, g.k.config.Partitions)
	for _, r := range together {
		partitions, err := g.k.concerned(ctx, r)
		if err != nil {
			return err
		}
		for _, p := range partitions {
			concerned[p] = append(concerned[p], r)
		}
	}
	for p, of := range concerned {
		for ids := range slices.Chunk(union(of), idsPerOrder) {
			if err := all.add(h, uint16(p), record.Erase{Name: of[0].Name, IDs: ids}, of...); err != nil {
				return err
			}
		}
	}
	return nil
}

// concerned returns the partitions whose records are about a person: those that
// its ids hash to, and those that have rows of it.
func (k *Keeper) concerned(ctx context.Context, r *Receipt) ([]uint16, error) {
	n := k.config.Partitions
	if n == 1 {
		return []uint16{0}, nil
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
func (g *group) obeyed(ctx context.Context, all *orders) error {
	if err := g.settle(ctx); err != nil {
		return err
	}
	type noted struct {
		id   tenant.ID
		name string
	}
	asked := map[noted][]footfall.Position{}
	for i := range all.records {
		key := noted{all.of[i][0].Tenant, all.names[i]}
		done, known := asked[key]
		if !known {
			var err error
			if done, err = g.k.config.Store.CarriedOut(ctx, key.id, key.name); err != nil {
				return err
			}
			asked[key] = done
		}
		at := &all.records[i]
		if !slices.Contains(done, footfall.Position{Epoch: at.Epoch, Partition: at.Partition, Offset: at.Offset}) {
			return errors.New("the store has not noted the order")
		}
	}
	return nil
}
