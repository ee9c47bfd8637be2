package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// ErrStoreLacks says that the store does not have what the plan, or a snapshot,
// says it has: it is another store, or an older one.
var ErrStoreLacks = errors.New("stream: the store lacks events that were in it")

// Collapser is a [footfall.Store] that keeps one of several equal events, so that
// an event may be in it under the position of another copy. Events are equal
// where their tenant, day, name, visitor and message id are.
type Collapser interface {
	// Copies returns the coordinates of those of some events of a partition that
	// the store has a row equal to, wherever that stands.
	Copies(ctx context.Context, partition uint16, events []footfall.Event) ([]footfall.Coordinate, error)
}

// Accountant is a [footfall.Store] that can tell how far its ledger goes, and so
// how far all else does that follows from the events: a store that was restored
// may have events and lack that.
type Accountant interface {
	// Counted reports whether the store has a row of the ledger, of its version
	// or a later one.
	Counted(ctx context.Context, row *footfall.LedgerRow) (bool, error)
}

// accounts are what the store must have where it has all that follows from the
// records before an offset.
type accounts struct {
	rows   []footfall.LedgerRow // those that changed last come first
	from   int64                // the offset; what erased them stands at or after it
	erased int64                // offset of the last order to erase somebody, -1 if there is none
}

func (o *owned) accounts() accounts {
	return accounts{o.state.Counted(), o.state.Next(), o.state.Erased()}
}

// uncounted names something that follows from the records and that the store
// lacks, "" if it has all, as far as it can tell: it writes the ledger behind all
// else, so that the row that changed last speaks for what came with it, and notes
// erasures when they are carried out. orders are those that may be, and not yet noted.
func (o *owned) uncounted(counts accounts, orders []footfall.Erasure) (lacks string, err error) {
	a, tells := o.r.cfg.Store.(Accountant)
	if !tells || !o.r.readBack {
		return "", nil
	}
	if counts.erased >= 0 {
		noted, err := o.erasures(counts.erased)
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(noted, func(e footfall.Erasure) bool { return e.Before.Offset == counts.erased }) {
			return fmt.Sprintf("the erasure of offset %d", counts.erased), nil
		}
	}
	gone := orders
	for i := range counts.rows {
		row := &counts.rows[i]
		counted := false
		err := o.retry(o.ctx, checking, "look for a row of the ledger", func(ctx context.Context) (err error) {
			counted, err = a.Counted(ctx, row)
			return err
		})
		if err != nil || counted {
			return "", err
		}
		if i == 0 {
			noted, err := o.erasures(counts.from)
			if err != nil {
				return "", err
			}
			gone = slices.Concat(orders, noted)
		}
		// A tenant's rows go with it, and only then.
		if !slices.ContainsFunc(gone, func(e footfall.Erasure) bool { return e.Tenant == row.Tenant && len(e.IDs) == 0 }) {
			return fmt.Sprintf("the ledger of %s at %s", row.Tenant, row.Minute.Time().Format(time.RFC3339)), nil
		}
	}
	return "", nil
}

// erasures returns those that the store has carried out of orders from an offset on.
func (o *owned) erasures(from int64) (noted []footfall.Erasure, err error) {
	err = o.retry(o.ctx, checking, "read what was erased", func(ctx context.Context) error {
		gone, err := o.r.cfg.Store.Disposed(ctx, o.key.epoch, o.key.partition, from)
		noted = gone.Erasures
		return err
	})
	return noted, err
}

// audit refuses a store that has the events and lacks what follows from those
// before the snapshot that the state was made from, which nobody would repeat:
// a backup of the moment between the two.
func (o *owned) audit(counts accounts, orders []footfall.Erasure) error {
	for try := 1; ; try++ {
		lacks, err := o.uncounted(counts, orders)
		switch {
		case err != nil || lacks == "":
			return err
		case try == o.r.cfg.Attempts:
			return fmt.Errorf("%w: what follows from those before offset %d is not in it, such as %s: "+
				"if a backup of the store was restored, set Config.Recover to write it again", ErrStoreLacks, counts.from, lacks)
		}
		if err := o.wait(o.ctx, o.r.settle); err != nil { // another replica may have it
			return err
		}
	}
}

// verify refuses a store that is not the one the plan was made for: a backup
// that is older, with a plan that is not, would lose all between in silence.
// The newest event before the plan tells, if nothing has taken it away since:
// in a healthy start this is one question about one record.
//
// orders are those of the open claim, which may have been carried out already
// and not yet noted.
func (o *owned) verify(witnesses []fold.Witness, orders []footfall.Erasure) error {
	lacks, err := o.lacking(witnesses, orders)
	if err != nil || lacks == nil {
		return err
	}
	return fmt.Errorf("%w: the plan (%d, %d) says that all before offset %d is in the store, which has nothing of event %d of offset %d: "+
		"if an older backup of the store was restored, set Config.Recover to send again what the log still has",
		ErrStoreLacks, o.plan.From, o.plan.To, o.plan.From, lacks.Position.Index, lacks.Position.Offset)
}

// lacking returns the newest of some events, the newest first, that the store
// should have if it has not, nil if it has it or should have none of them.
func (o *owned) lacking(witnesses []fold.Witness, orders []footfall.Erasure) (*footfall.Event, error) {
	if !o.r.readBack {
		return nil, nil //nolint:nilnil // nothing is lacking where nobody looks
	}
	for i := range witnesses {
		w := &witnesses[i]
		if slices.ContainsFunc(orders, func(e footfall.Erasure) bool { return erases(&e, &w.Event) }) {
			continue
		}
		for try := 1; ; try++ {
			v, err := o.ask(w)
			switch {
			case err != nil:
				return nil, err
			case v == present:
				return nil, nil //nolint:nilnil // nothing is lacking
			case v == missing && try == o.r.cfg.Attempts:
				return &w.Event, nil
			}
			if v == excused {
				break
			}
			// Another replica may have it, and an erasure that is being carried out
			// is noted at its end.
			if err := o.wait(o.ctx, o.r.settle); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil //nolint:nilnil // nothing is lacking
}

// verdict is what the store says of an event.
type verdict int

const (
	present verdict = iota
	missing
	excused // it need not be there
)

// ask asks the store for one event, and if it is not there for what may be the
// reason.
func (o *owned) ask(w *fold.Witness) (v verdict, err error) {
	at := coordinate(&w.Event)
	err = o.retry(o.ctx, checking, "ask the store for its last event", func(ctx context.Context) error {
		have, err := o.r.cfg.Store.Present(ctx, o.key.epoch, o.key.partition, at.Offset, at.Offset+1)
		if v = missing; slices.Contains(have, at) {
			v = present
		}
		return err
	})
	if err != nil || v == present {
		return v, err
	}
	err = o.retry(o.ctx, checking, "read what was rejected and erased", func(ctx context.Context) error {
		gone, err := o.r.cfg.Store.Disposed(ctx, o.key.epoch, o.key.partition, at.Offset)
		if err == nil && excuses(&gone, w) {
			v = excused
		}
		return err
	})
	c, collapses := o.r.cfg.Store.(Collapser)
	if err != nil || v == excused || !collapses {
		return v, err
	}
	err = o.retry(o.ctx, checking, "look for a copy of the last event", func(ctx context.Context) error {
		copies, err := c.Copies(ctx, o.key.partition, []footfall.Event{w.Event})
		if len(copies) > 0 {
			v = excused // by a copy that may be of any time: it tells nothing of the store's age
		}
		return err
	})
	return v, err
}

// excuses reports whether an event need not be in the store.
func excuses(gone *footfall.Disposed, w *fold.Witness) bool {
	ev := &w.Event
	return slices.Contains(gone.Rejected, coordinate(ev)) ||
		slices.ContainsFunc(gone.Erasures, func(e footfall.Erasure) bool { return erases(&e, ev) }) ||
		slices.ContainsFunc(gone.Expired, func(x footfall.Expiry) bool {
			// Its row in quarantine may have gone by the time of the log.
			return x.Concerns(ev) || x.Tenant == ev.Tenant && w.Clock < min(x.Before, x.Received)
		})
}
