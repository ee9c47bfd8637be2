package foldtest

import (
	"fmt"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
)

// changed tells when a tenant's quarantine was last erased from (job 0) or
// replayed.
type changed struct {
	offset int64
	job    uint64
}

// park sets events aside. They are known from then on, and nothing else.
func (f *folder) park(rec *footfall.Record, h *record.Header) error {
	events, err := record.AppendEvents(nil, rec, h)
	if err != nil {
		return fmt.Errorf("fold offset %d: %w", rec.Offset, err)
	}
	var c Counts
	for i := range events {
		ev := &events[i]
		if f.seen(ev, h.Window) {
			c.Duplicate++
			continue
		}
		c.Quarantined++
		payload, err := record.NewPayload(ev, false)
		if err != nil {
			return err
		}
		f.out.Rows.Rejected[ev.Position] = footfall.Rejected{
			Tenant: h.Tenant, Silo: h.Silo, Position: ev.Position, Time: f.clock, Reason: h.Reason, Payload: payload,
		}
	}
	f.count(rec, h, c)
	return nil
}

// replay takes events back whose sender knew the quarantine as it is.
func (f *folder) replay(rec *footfall.Record, h *record.Header) error {
	events, returns, err := record.AppendReplay(nil, nil, rec, h)
	if err != nil {
		return fmt.Errorf("fold offset %d: %w", rec.Offset, err)
	}
	last, ever := f.changed[h.Tenant]
	if ever && last.offset >= h.Basis.Seen && (last.job == 0 || last.job != h.Basis.Job) {
		f.count(rec, h, Counts{Duplicate: uint64(len(events))})
		return nil
	}
	f.changed[h.Tenant] = changed{rec.Offset, h.Basis.Job}
	var c Counts
	for i := range events {
		ev := &events[i]
		if !returns[i].Folded {
			f.event(ev, h)
		}
		at := returns[i].Origin
		f.out.Rows.Rejected[at] = footfall.Rejected{
			Tenant: h.Tenant, Silo: h.Silo, Position: at, Time: f.clock,
			Reason:  "replayed as " + ev.Position.String(),
			Version: footfall.Version(rec.Epoch, rec.Offset),
		}
		if slices.Contains(f.Rejected, footfall.Coordinate{Offset: rec.Offset, Index: uint32(i)}) {
			c.Quarantined++
			continue
		}
		c.Stored++
		f.out.Events = append(f.out.Events, *ev)
	}
	f.count(rec, h, c)
	return nil
}
