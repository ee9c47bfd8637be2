package foldtest

import (
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
)

func (f *folder) command(rec *footfall.Record, h *record.Header, o *record.Order) {
	at := footfall.Position{Epoch: rec.Epoch, Partition: rec.Partition, Offset: rec.Offset}
	if u := o.Unlink; u != nil {
		l := footfall.Link{
			Tenant: h.Tenant, Silo: h.Silo, Kind: footfall.UnlinkUser,
			From: schema.VisitorID(h.Tenant, u.AnonymousID), User: schema.UserID(h.Tenant, u.UserID), Time: f.clock, Position: at,
		}
		f.out.Rows.Links[linkKey(&l)] = l
		if p := f.people[l.From]; p != nil {
			p.user = footfall.ID{}
		}
		return
	}
	e := footfall.Erasure{Tenant: h.Tenant, Silo: h.Silo, Name: o.Erase.Name, Before: at, Time: f.clock}
	if !o.Erase.All {
		for _, text := range o.Erase.Visitors {
			e.IDs = append(e.IDs, schema.VisitorID(h.Tenant, text))
		}
		for _, text := range o.Erase.Users {
			e.IDs = append(e.IDs, schema.UserID(h.Tenant, text))
		}
		e.IDs = append(e.IDs, o.Erase.IDs...)
		if len(e.IDs) == 0 {
			return
		}
		var once []footfall.ID
		for _, id := range e.IDs {
			if !slices.Contains(once, id) {
				once = append(once, id)
			}
		}
		e.IDs = once
	}
	if o.Erase.All {
		delete(f.out.Totals, h.Tenant)
	}
	f.changed[h.Tenant] = changed{rec.Offset, 0}
	for id, p := range f.people {
		if p.tenant == h.Tenant && (o.Erase.All || slices.Contains(e.IDs, id)) {
			delete(f.people, id)
		} else if slices.Contains(e.IDs, p.user) {
			p.user = footfall.ID{}
		}
	}
	f.out.Rows.Upsert(&footfall.Upserts{Erasures: []footfall.Erasure{e}})
}
