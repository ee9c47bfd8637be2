package stream

import (
	"context"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// delivery brings one claimed batch into the store.
type delivery struct {
	o        *owned
	b        *batch
	todo     []piece // the last one is next
	fails    int     // errors in a row
	refusals int     // pieces refused
	settled  bool    // what is missing stayed so for a while
	refused  map[footfall.Coordinate]bool
}

// deliver claims a batch and inserts it. It returns when the store has all of
// it, or with the reason why this process must not go on.
func (o *owned) deliver(ctx context.Context, b *batch) error {
	ctx, end := o.span(ctx, b)
	d := &delivery{o: o, b: b, todo: []piece{whole(&b.out)}}
	err := d.deliver(ctx)
	end(d, err)
	return err
}

func (d *delivery) deliver(ctx context.Context) error {
	if err := d.commit(ctx); err != nil {
		return err
	}
	if len(d.b.out.Events) == 0 {
		return nil
	}
	if !d.b.reform {
		// A token used for the first time cannot have been used up by an insert
		// that was lost, so this answer, and only this one, can be believed.
		if err := d.send(ctx, d.b.out.Events); err != nil || d.next().outcome == acked {
			return err
		}
	}
	return d.reconcile(ctx)
}

// commit makes the claim, or makes it again: that is how a process learns that
// the partition is no longer its own.
func (d *delivery) commit(ctx context.Context) error {
	plan := Plan{From: d.b.out.From, To: d.b.out.To, Written: d.b.written, Fold: fold.Version}
	err := d.o.retry(ctx, claiming, "commit the claim", func(ctx context.Context) error { return d.o.p.Commit(ctx, plan) })
	if err != nil && footfall.IsPermanent(err) {
		return stopf("%w", err)
	}
	return err
}

// next returns the piece that is to be sent next.
func (d *delivery) next() *piece { return &d.todo[len(d.todo)-1] }

// send inserts rows of the next piece once and notes the outcome. The error is
// the reason to stop.
func (d *delivery) send(ctx context.Context, rows []footfall.Event) error {
	p := d.next()
	out := d.b.out
	out.Events, out.Piece = rows, p.name()
	begun := time.Now()
	err := d.o.call(ctx, func(ctx context.Context) error { return d.o.r.cfg.Store.Insert(ctx, &out, p.attempt) })
	d.o.r.inst.inserted(ctx, d.o.attrs, time.Since(begun))
	switch {
	case err == nil:
		p.outcome, d.fails = acked, 0
		if v := d.o.recovery; v != nil && d.b.foreign {
			v.sent.Add(int64(len(rows)))
		}
		d.o.mended(inserting)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case footfall.IsPermanent(err):
		p.outcome, d.fails = unknown, 0
		d.refusals++
		d.o.mended(inserting)
		return d.refuse(ctx, rows, err)
	}
	p.outcome = unknown
	d.o.trouble(inserting, err)
	d.fails++
	return d.o.wait(ctx, d.o.backoff(d.fails-1))
}
