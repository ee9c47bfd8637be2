package stream

import (
	"context"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// delivery brings one claimed batch into the store.
type delivery struct {
	o *owned
	b *batch

	rows    []footfall.Event // as sent last, or as an earlier owner may have sent them
	outcome outcome          // of that
	attempt int              // part of the token of what is sent
	limit   int              // rows to send at once; shrinks around a row that is refused
	lost    int              // acknowledged inserts that left rows missing
	fails   int              // errors in a row
	refused map[footfall.Coordinate]bool
}

// outcome is what the store said to an insert.
type outcome int

const (
	unknown outcome = iota // an error: any part may be there, or still under way
	acked
	refused // these rows will never be taken
)

// deliver claims a batch and inserts it. It returns when the store has all of
// it, or with the reason why this process must not go on.
func (o *owned) deliver(ctx context.Context, b *batch) error {
	ctx, end := o.span(ctx, b)
	d := &delivery{o: o, b: b, rows: b.out.Events, limit: max(len(b.out.Events), 1), refused: map[footfall.Coordinate]bool{}}
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
		if err := d.send(ctx, d.b.out.Events); err != nil || d.outcome == acked {
			return err
		}
	}
	return d.reconcile(ctx)
}

// commit makes the claim, or makes it again: that is how a process learns that
// the partition is no longer its own.
func (d *delivery) commit(ctx context.Context) error {
	plan := Plan{From: d.b.out.From, To: d.b.out.To, Fold: fold.Version}
	err := d.o.retry(ctx, claiming, "commit the claim", func(ctx context.Context) error { return d.o.p.Commit(ctx, plan) })
	if err != nil && footfall.IsPermanent(err) {
		return stopf("%w", err)
	}
	return err
}

// send inserts rows once and sets the outcome. The error is the reason to stop.
func (d *delivery) send(ctx context.Context, rows []footfall.Event) error {
	piece := d.b.out
	piece.Events = rows
	begun := time.Now()
	err := d.o.call(ctx, func(ctx context.Context) error { return d.o.r.cfg.Store.Insert(ctx, &piece, d.attempt) })
	d.o.r.inst.inserted(ctx, d.o.attrs, time.Since(begun))
	d.rows = rows
	switch {
	case err == nil:
		d.outcome, d.fails = acked, 0
		d.o.mended(inserting)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case footfall.IsPermanent(err):
		d.outcome, d.fails = refused, 0
		d.o.mended(inserting)
		return d.refuse(ctx, rows, err)
	}
	d.outcome = unknown
	d.o.trouble(inserting, err)
	d.fails++
	return d.o.wait(ctx, d.o.backoff(d.fails-1))
}
