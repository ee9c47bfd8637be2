package stream

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// owned is the work on one partition while this process owns it. Its fields
// belong to the goroutine of run, except for what is named otherwise; every
// other goroutine is handed what it needs and answers on a channel.
type owned struct {
	r     *Runner
	p     Partition
	key   partitionKey
	log   *slog.Logger
	attrs metric.MeasurementOption
	stop  <-chan struct{} // closed when the partition is to be given up

	ctx    context.Context // ends when work must be dropped; its cause tells why
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	state   *fold.State
	plan    Plan  // as committed
	applied int64 // the state holds the records before it
	safe    int64 // the store holds the events of the records before it
	written int64 // and the upserts of the records before it
	careful int64 // batches that start before it are read back first

	recovery *recovery // nil if this is none
	restored accounts  // what the store must have where the snapshot is true

	hand   []footfall.Record // read, not yet folded
	handed time.Time         // when they were read
	free   []*batch
	open   *batch // being folded
	ready  *batch // cut, waiting for its turn
	flying *batch // being delivered

	folded   uint64 // events, to tell when a snapshot is due
	evicted  uint64 // message ids forgotten early, as counted so far
	draining bool
	target   int64     // drain up to here
	idle     time.Time // since when nothing is to be done, zero while something is

	reads     chan read
	delivered chan *batch

	ups    upserter
	snaps  snapshotter
	status published

	tappers []*tapper // all of them, of which
	feeds   []*tapper // are the live ones
	chases  sync.WaitGroup
	horizon horizon
}

// errLate is the cause of a drain that ran out of time.
var errLate = errors.New("drain: time is up; what is left is done at the next start")

func newOwned(run, part context.Context, r *Runner, p Partition) *owned {
	o := &owned{r: r, p: p, stop: part.Done(), reads: make(chan read), delivered: make(chan *batch, 1)}
	o.key.epoch, o.key.partition = p.ID()
	o.log = r.log.With(slog.Int("partition", int(o.key.partition)))
	o.ctx, o.cancel = context.WithCancelCause(context.WithoutCancel(part))
	o.attrs = metric.WithAttributeSet(partitionAttrs(o.key.partition))
	o.ups.done = make(chan error, 1)
	o.snaps.done = make(chan error, 1)
	o.snaps.poke = make(chan struct{}, 1)
	o.status.starting = true
	o.tappers = r.tappers(o.key)

	// A stop leaves time to finish, a loss does not: the new owner has begun.
	stopping := context.AfterFunc(part, func() {
		if run.Err() == nil {
			o.cancel(ErrFenced)
			return
		}
		timer := time.AfterFunc(r.cfg.DrainTimeout, func() { o.cancel(errLate) })
		context.AfterFunc(o.ctx, func() { timer.Stop() })
	})
	context.AfterFunc(o.ctx, func() { stopping() })
	return o
}

// close waits for every goroutine that works for this partition.
func (o *owned) close() {
	o.cancel(nil)
	o.wg.Wait()
	o.chases.Wait()
}

// halt shows that the partition has stopped, and raises the alarm.
func (o *owned) halt(err error) {
	o.cancel(err)
	o.wg.Wait()
	o.status.halt(err)
	o.r.inst.stopped.Add(o.ctx, 1, o.attrs)
	o.log.Error("partition stopped; its events wait in the log", "error", err)
}

// run starts the partition and works until it is lost, stopped, or drained.
// Durable taps then still have the time of the drain.
func (o *owned) run() error {
	if done, err := o.raisedBefore(); done || err != nil {
		return err
	}
	if err := o.start(); err != nil {
		return err
	}
	o.tap()
	if err := o.loop(); err != nil {
		return err
	}
	o.horizon.close()
	o.chases.Wait()
	if o.r.cfg.NextEpoch {
		return o.raise()
	}
	return nil
}

// tap opens the taps.
func (o *owned) tap() {
	o.horizon.move(o.safe, 0)
	for _, t := range o.tappers {
		if !t.tap.Durable {
			o.feeds = append(o.feeds, t)
			continue
		}
		c := &chase{tapper: t, o: o, f: o.p.Follower(t.tap.Name)}
		o.chases.Go(c.run)
	}
}

// batch returns an empty batch that starts where the last one ended.
func (o *owned) batch(from int64) *batch {
	b := &batch{}
	if n := len(o.free); n > 0 {
		b, o.free = o.free[n-1], o.free[:n-1]
	}
	if b.out.Events == nil {
		select {
		case b.out.Events = <-o.r.spare:
		default:
		}
	}
	b.out.Epoch, b.out.Partition = o.key.epoch, o.key.partition
	b.out.From, b.out.To = from, from
	return b
}

// release keeps a batch's memory for the next one, unless it was far too large
// for this one: a rush must not be paid for ever.
func (o *owned) release(b *batch) {
	if n := len(b.out.Events); cap(b.out.Events) > 16*1024 && n < cap(b.out.Events)/8 {
		b.out.Events = nil
	}
	b.reset()
	o.free = append(o.free, b)
}
