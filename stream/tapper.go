package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall"
)

// tapper is one tap in one partition. It belongs to the Runner and outlives
// every ownership of the partition, so that its sink is called by one at a
// time even if a call is still under way from before.
type tapper struct {
	tap   *Tap
	r     *Runner
	log   *slog.Logger
	attrs metric.MeasurementOption
	turn  chan struct{} // holds a token while the sink is called

	mu   sync.Mutex
	seen tapView

	// Of a live tap: what waits for its sink, and where the last batch ended
	// that was offered, which only the owner of the partition touches.
	queue   []*shared
	erased  []footfall.Erasure // since the queue was last empty
	orders  int                // erasures in the queue
	working bool
	offered int64
}

// tapView is what others may see of a tap.
type tapView struct {
	placed   bool // cursor and accepted are known
	cursor   int64
	accepted uint64 // events of the records before cursor
	given    uint64
	dropped  uint64
	refused  uint64
	erased   uint64 // erasures that the sink heard of
	queued   int
	bytes    int // of what is queued
	trouble  error
	stopped  bool // trouble is why
}

type tapKey struct {
	partitionKey
	name string
}

// tappers returns those of a partition, in the order of the configuration.
func (r *Runner) tappers(key partitionKey) []*tapper {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*tapper, 0, len(r.cfg.Taps))
	for i := range r.cfg.Taps {
		tap := &r.cfg.Taps[i]
		t := r.taps[tapKey{key, tap.Name}]
		if t == nil {
			t = &tapper{
				tap: tap, r: r, turn: make(chan struct{}, 1),
				log:   r.log.With(slog.String("tap", tap.Name), slog.Int("partition", int(key.partition))),
				attrs: metric.WithAttributeSet(tapAttrs(tap.Name, key.partition)),
			}
			r.taps[tapKey{key, tap.Name}] = t
		}
		all = append(all, t)
	}
	return all
}

// grace is how long a sink has to notice that its context has ended before it
// is left behind.
const grace = time.Second

// errLeft says that a sink was left behind: it may still use the events.
var errLeft = errors.New("the sink does not return")

// write gives events to a sink of this tap.
func (t *tapper) write(ctx context.Context, sink footfall.Sink, events []footfall.Event) error {
	return t.call(ctx, func(ctx context.Context) error { return sink.Write(ctx, events) })
}

// call calls a sink of this tap, once nobody else does, and waits for it no
// longer than ctx and the grace.
func (t *tapper) call(ctx context.Context, f func(context.Context) error) error {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-t.turn }()
		done <- f(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%w: %w", errLeft, context.Cause(ctx))
	}
}

// failed returns the events that a sink's error is about.
func failed(events []footfall.Event, err error) []footfall.Event {
	if err == nil {
		return nil
	}
	part, ok := errors.AsType[*footfall.BatchError](err)
	if !ok {
		return events
	}
	left := make([]footfall.Event, 0, len(part.Failed))
	last := -1
	for _, i := range part.Failed {
		if i <= last || i >= len(events) {
			return events // it makes no sense, so nothing of it is believed
		}
		left, last = append(left, events[i]), i
	}
	return left
}

func (t *tapper) change(f func(*tapView)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.seen)
}

func (t *tapper) view() tapView {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

// drop counts events that a live tap was not given.
func (t *tapper) drop(n int) {
	t.change(func(v *tapView) { v.dropped += uint64(n) })
	t.count(0, n)
}

// count adds to the metrics what the view has already.
func (t *tapper) count(given, dropped int) {
	ctx := context.Background()
	if given > 0 {
		t.r.inst.tapEvents.Add(ctx, int64(given), t.attrs)
	}
	if dropped > 0 {
		t.r.inst.tapDropped.Add(ctx, int64(dropped), t.attrs)
	}
}

// trouble shows an error until it is mended, and logs it once.
func (t *tapper) trouble(err error) {
	fresh := false
	t.change(func(v *tapView) { fresh, v.trouble = v.trouble == nil, err })
	if fresh {
		t.log.Warn("tap is in trouble", "error", err)
	}
}

func (t *tapper) mended() {
	var was error
	t.change(func(v *tapView) { was, v.trouble = v.trouble, nil })
	if was != nil {
		t.log.Info("tap is out of trouble", "was", was)
	}
}

// halt raises the alarm.
func (t *tapper) halt(err error) {
	t.change(func(v *tapView) { v.trouble, v.stopped = err, true })
	t.r.inst.tapStopped.Add(context.Background(), 1, t.attrs)
	t.log.Error("tap stopped; it was given nothing more", "error", err)
}
