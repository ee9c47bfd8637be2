package stream

import (
	"context"
	"slices"

	"github.com/footfall-go/footfall"
)

// reconcile believes nothing but what the store holds: it reads back which
// rows of the claim are there and sends the others until none is missing.
//
// After an error the same rows go again under the same token, because the
// first try may still be running; the store drops whichever comes second. Any
// other token would not be recognised, so before one is used, what is missing
// must stay so for a while.
func (d *delivery) reconcile(ctx context.Context) error {
	if !d.o.r.readBack {
		return d.believe(ctx)
	}
	for {
		if err := d.commit(ctx); err != nil {
			return err
		}
		missing, err := d.missing(ctx)
		if err != nil || len(missing) == 0 {
			return err
		}
		again := d.outcome == unknown && same(d.rows, missing[:min(len(d.rows), len(missing))])
		lost := d.outcome == acked && overlap(d.rows, missing)
		if lost || d.outcome == unknown && !again {
			stable, err := d.stable(ctx, len(missing))
			if err != nil {
				return err
			}
			if !stable {
				continue
			}
		}
		if lost {
			d.lost++
			if d.lost >= d.o.r.cfg.Attempts {
				return stopf("the store acknowledged %d inserts of records [%d, %d) and still lacks %d rows",
					d.lost, d.b.out.From, d.b.out.To, len(missing))
			}
			d.attempt++
		}
		if !again && d.outcome == acked {
			d.limit = min(2*d.limit, len(d.b.out.Events))
		}
		rows := missing[:min(d.limit, len(missing))]
		if again {
			rows = d.rows
		}
		if err := d.send(ctx, rows); err != nil {
			return err
		}
		if d.outcome == acked {
			d.o.r.inst.repairs.Add(ctx, int64(len(rows)), d.o.attrs)
		}
	}
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
	rejected := make(map[footfall.Coordinate]bool, len(gone.Rejected))
	for _, c := range gone.Rejected {
		rejected[c] = true
	}
	return slices.DeleteFunc(missing, func(ev footfall.Event) bool {
		return rejected[coordinate(&ev)] || slices.ContainsFunc(gone.Erasures, func(e footfall.Erasure) bool { return erases(&e, &ev) })
	}), nil
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
	return e.Tenant == ev.Tenant && ev.Position.Compare(e.Before) < 0 &&
		(len(e.IDs) == 0 || slices.Contains(e.IDs, ev.Visitor) || !ev.User.IsZero() && slices.Contains(e.IDs, ev.User))
}

func coordinate(ev *footfall.Event) footfall.Coordinate {
	return footfall.Coordinate{Offset: ev.Position.Offset, Index: ev.Position.Index}
}

// same reports whether two sets of rows of one batch are equal. Both are in
// the order of the log, and neither has rows that the batch has not.
func same(a, b []footfall.Event) bool {
	return slices.EqualFunc(a, b, func(x, y footfall.Event) bool { return x.Position == y.Position })
}

// overlap reports whether two sets of rows in the order of the log share one.
func overlap(a, b []footfall.Event) bool {
	for len(a) > 0 && len(b) > 0 {
		switch a[0].Position.Compare(b[0].Position) {
		case 0:
			return true
		case -1:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return false
}

// believe is what this package does not do: to take the store's word. A test
// turns it on to see rows being lost, so that it is known to be able to.
func (d *delivery) believe(ctx context.Context) error {
	for d.outcome != acked {
		if err := d.send(ctx, d.b.out.Events); err != nil {
			return err
		}
	}
	return nil
}
