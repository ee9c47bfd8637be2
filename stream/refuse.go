package stream

import (
	"context"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// maxRefused is how many rows of one batch may go to quarantine. Beyond that
// it is not the rows that are wrong.
const maxRefused = 1000

// refuse deals with rows that will never be taken together: each half of them
// is sent next, and a single one is moved to quarantine, with its position, the
// reason and all it said.
func (d *delivery) refuse(ctx context.Context, rows []footfall.Event, reason error) error {
	if len(rows) > 1 {
		p := *d.next()
		d.todo = d.todo[:len(d.todo)-1]
		for {
			left, right := p.halves()
			switch {
			case len(left.of(rows)) == 0:
				p = right // the same rows: refused already
			case len(right.of(rows)) == 0:
				p = left
			default:
				d.todo = append(d.todo, right, left)
				return nil
			}
		}
	}
	ev := &rows[0]
	if len(d.b.refused) >= maxRefused {
		return stopf("the store refuses more than %d rows of records [%d, %d), the last one: %w",
			maxRefused, d.b.out.From, d.b.out.To, reason)
	}
	q := refusal{event: *ev, time: d.b.markOf(ev.Position.Offset).time}
	rejected := footfall.Upserts{Partition: ev.Position.Partition, Rejected: []footfall.Rejected{{
		Tenant: ev.Tenant, Silo: ev.Silo, Position: ev.Position, Time: q.time, Reason: reason.Error(), Payload: fold.Payload(ev, true),
	}}}
	err := d.o.retry(ctx, inserting, "write the rejected row", func(ctx context.Context) error {
		return d.o.r.cfg.Store.Upsert(ctx, &rejected)
	})
	if footfall.IsPermanent(err) {
		return stopf("the store refuses a row and its quarantine: %w", err)
	}
	if err != nil {
		return err
	}
	d.b.refused = append(d.b.refused, q)
	d.reject(coordinate(ev))
	d.o.r.inst.quarantined.Add(ctx, 1, d.o.attrs)
	d.o.log.Warn("event moved to quarantine", "tenant", ev.Tenant.String(), "offset", ev.Position.Offset,
		"index", ev.Position.Index, "reason", reason.Error())
	return nil
}
