package stream

import (
	"context"
	"slices"

	"github.com/footfall-go/footfall"
)

// reconcile believes nothing but what the store holds: it reads back which
// rows of the claim are there and sends the others until none is missing.
//
// After an error they go again under the same token, because the first try may
// still be running and the store then drops whichever comes second. If an
// insert was acknowledged and left rows missing, its token is used up and the
// next attempt has a new one, which the store would not recognise; so before
// that, what is missing must stay so for a while.
func (d *delivery) reconcile(ctx context.Context) error {
	if !d.o.r.readBack {
		return d.believe(ctx)
	}
	for {
		if err := d.commit(ctx); err != nil {
			return err
		}
		missing, err := d.missing(ctx)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			d.o.mended(inserting)
			return nil
		}
		rows := d.rows(missing)
		if lost := d.next().outcome == acked; lost || d.b.foreign && !d.settled {
			if d.settled, err = d.stable(ctx, len(missing)); err != nil {
				return err
			}
			if !d.settled {
				continue
			}
			if lost {
				if err := d.again(len(rows)); err != nil {
					return err
				}
			}
		}
		if err := d.sendNext(ctx, missing); err != nil {
			return err
		}
	}
}

// sendNext sends the next piece, and smaller ones as long as they are refused:
// nothing was written then, so there is nothing to read back.
func (d *delivery) sendNext(ctx context.Context, missing []footfall.Event) error {
	for len(missing) > 0 {
		rows, before := d.rows(missing), d.refusals
		if err := d.send(ctx, rows); err != nil {
			return err
		}
		if d.refusals == before {
			if d.next().outcome == acked {
				d.o.r.inst.repairs.Add(ctx, int64(len(rows)), d.o.attrs)
			}
			return nil
		}
		missing = slices.DeleteFunc(missing, func(ev footfall.Event) bool { return d.refused[coordinate(&ev)] })
	}
	return nil
}

// rows returns the missing rows of the next piece of which any are missing. A
// piece with a row in quarantine is not sent whole, whoever put it there: the
// pieces are those that an earlier owner may still be sending.
func (d *delivery) rows(missing []footfall.Event) []footfall.Event {
	for len(d.todo) > 0 {
		p := d.next()
		rows := p.of(missing)
		if len(rows) > 0 && !p.holdsAny(d.refused) {
			return rows
		}
		d.todo = d.todo[:len(d.todo)-1]
		if len(rows) > 0 {
			left, right := p.halves()
			d.todo = append(d.todo, right, left)
		}
	}
	// Rows are gone that were there before: begin again.
	d.todo = append(d.todo, whole(&d.b.out))
	d.next().outcome = acked
	return missing
}

// again prepares another attempt at a piece that the store acknowledged and
// does not have.
func (d *delivery) again(rows int) error {
	p := d.next()
	p.lost++
	if p.lost >= d.o.r.cfg.Attempts {
		return stopf("the store acknowledged %d inserts of records [%d, %d) and still lacks %d rows",
			p.lost, d.b.out.From, d.b.out.To, rows)
	}
	p.attempt++
	return nil
}

// stable waits and reports whether as many rows are missing as before.
func (d *delivery) stable(ctx context.Context, before int) (bool, error) {
	if err := d.o.wait(ctx, d.o.r.settle); err != nil {
		return false, err
	}
	missing, err := d.missing(ctx)
	return len(missing) == before, err
}

// missing returns the rows of the batch that the store should have and has not.
func (d *delivery) missing(ctx context.Context) ([]footfall.Event, error) {
	out := &d.b.out
	have := make(map[footfall.Coordinate]struct{}, len(out.Events))
	err := d.o.retry(ctx, checking, "read back", func(ctx context.Context) error {
		present, err := d.o.r.cfg.Store.Present(ctx, out.Epoch, out.Partition, out.From, out.To)
		for _, c := range present {
			have[c] = struct{}{}
		}
		return err
	})
	if err != nil {
		return nil, d.impossible(err)
	}
	var missing []footfall.Event
	for i := range out.Events {
		c := coordinate(&out.Events[i])
		if _, ok := have[c]; !ok && !d.refused[c] {
			missing = append(missing, out.Events[i])
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	var gone footfall.Disposed
	err = d.o.retry(ctx, checking, "read what was rejected and erased", func(ctx context.Context) (err error) {
		gone, err = d.o.r.cfg.Store.Disposed(ctx, out.Epoch, out.Partition, out.From)
		return err
	})
	if err != nil {
		return nil, d.impossible(err)
	}
	for _, c := range gone.Rejected {
		// The store never saw what was parked: no earlier owner has halved a
		// piece because of it.
		if !d.b.markOf(c.Offset).parked {
			d.reject(c)
		}
	}
	return slices.DeleteFunc(missing, func(ev footfall.Event) bool {
		if d.refused[coordinate(&ev)] {
			// Another owner did that after this one had asked; the state has
			// counted it as stored.
			d.b.refused = append(d.b.refused, refusal{event: ev, time: d.b.markOf(ev.Position.Offset).time})
			return true
		}
		return slices.ContainsFunc(gone.Erasures, func(e footfall.Erasure) bool { return erases(&e, &ev) }) ||
			slices.ContainsFunc(gone.Expired, func(x footfall.Expiry) bool { return x.Concerns(&ev) })
	}), nil
}

// reject notes that a row of the claim is in quarantine.
func (d *delivery) reject(c footfall.Coordinate) {
	if d.refused == nil {
		d.refused = map[footfall.Coordinate]bool{}
	}
	if c.Offset < d.b.out.To {
		d.refused[c] = true
	}
}

// impossible stops the partition when the store says that reading back will
// never work.
func (d *delivery) impossible(err error) error {
	if footfall.IsPermanent(err) {
		return stopf("%w", err)
	}
	return err
}

// erases reports whether an erasure covers an event.
func erases(e *footfall.Erasure, ev *footfall.Event) bool {
	return e.Tenant == ev.Tenant && ev.Position.Compare(e.Before) < 0 && e.Concerns(ev)
}

func coordinate(ev *footfall.Event) footfall.Coordinate {
	return footfall.Coordinate{Offset: ev.Position.Offset, Index: ev.Position.Index}
}

// believe is what this package does not do: to take the store's word. A test
// turns it on to see rows being lost, so that it is known to be able to.
func (d *delivery) believe(ctx context.Context) error {
	for len(d.todo) > 0 {
		rows := slices.DeleteFunc(slices.Clone(d.next().of(d.b.out.Events)), func(ev footfall.Event) bool { return d.refused[coordinate(&ev)] })
		if len(rows) == 0 || d.next().outcome == acked {
			d.todo = d.todo[:len(d.todo)-1]
			continue
		}
		if err := d.send(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}
