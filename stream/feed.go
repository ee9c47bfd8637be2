package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall"
)

// shared is the events of a confirmed batch in the hands of live taps. They
// are not copied: the batch gets other memory, or this again from the last tap.
type shared struct {
	events []footfall.Event
	orders []footfall.Erasure // in place of events, to tell the sink of
	bytes  int
	left   atomic.Int32 // taps that have not let go
}

// release gives the memory to the next batch when no tap needs it.
func (s *shared) release(r *Runner) {
	if s.left.Add(-1) > 0 {
		return
	}
	clear(s.events)
	select {
	case r.spare <- s.events[:0]:
	default:
	}
}

// feed lets live taps work. The function it returns waits for them, no longer
// than Config.DrainTimeout after ctx ended.
func (r *Runner) feed(ctx context.Context) (end func()) {
	feeds, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.mu.Lock()
	r.feeds = feeds
	r.mu.Unlock()
	late := func() {
		timer := time.AfterFunc(r.cfg.DrainTimeout, cancel)
		context.AfterFunc(feeds, func() { timer.Stop() })
	}
	stop := context.AfterFunc(ctx, late)
	return func() {
		if stop() {
			late()
		}
		r.feeding.Wait()
		cancel()
	}
}

func (r *Runner) feedContext() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.feeds
}

// feed offers a confirmed batch to the live taps, in no more time than it takes
// to queue it. A batch that is delivered once more after a crash may have been
// given before the crash, so it is dropped: at most once is the promise. One
// that this very process has offered is counted already.
func (o *owned) feed(b *batch) {
	if len(o.feeds) == 0 || len(b.out.Events) == len(b.refused) {
		return
	}
	n := len(b.out.Events) - len(b.refused)
	var takers []*tapper
	for _, t := range o.feeds {
		switch {
		case b.out.To <= t.offered:
		case b.reform || !t.reserve(n, b.bytes):
			t.drop(n)
		default:
			takers = append(takers, t)
		}
		t.offered = max(t.offered, b.out.To)
	}
	if len(takers) == 0 {
		return
	}
	s := &shared{events: b.out.Events, bytes: b.bytes}
	b.out.Events = nil
	if len(b.refused) > 0 {
		refused := make(map[footfall.Coordinate]bool, len(b.refused))
		for i := range b.refused {
			refused[coordinate(&b.refused[i].event)] = true
		}
		s.events = slices.DeleteFunc(s.events, func(ev footfall.Event) bool { return refused[coordinate(&ev)] })
	}
	s.left.Store(int32(len(takers)))
	for _, t := range takers {
		t.put(s)
	}
}

// reserve takes room in the queue, if there is.
func (t *tapper) reserve(n, bytes int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := &t.seen
	if v.queued > 0 && (v.queued+n > t.tap.Queue || v.bytes+bytes > t.tap.MaxBytes) {
		return false
	}
	v.queued += n
	v.bytes += bytes
	return true
}

// put queues a batch that room was reserved for.
func (t *tapper) put(s *shared) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enqueue(s)
}

func (t *tapper) enqueue(s *shared) {
	t.queue = append(t.queue, s)
	if !t.working {
		t.working = true
		t.r.feeding.Go(t.work)
	}
}

// maxOrders is how many erasures wait for a live tap's sink.
const maxOrders = 1000

// erase keeps what was erased and still waits from the sink, and lets it know.
// All that stands before these erasures was put already.
func (t *tapper) erase(e []footfall.Erasure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.working {
		t.erased = append(slices.Clip(t.erased), e...)
	}
	if _, ok := t.tap.Sink.(footfall.Eraser); ok && t.orders+len(e) <= maxOrders {
		t.orders += len(e)
		t.enqueue(&shared{orders: slices.Clone(e)})
	}
}

// tell lets the sink know of erasures, once.
func (t *tapper) tell(orders []footfall.Erasure) {
	eraser := t.tap.Sink.(footfall.Eraser)
	for i := range orders {
		ctx, cancel := context.WithTimeout(t.r.feedContext(), t.r.cfg.CallTimeout)
		err := t.call(ctx, func(ctx context.Context) error { return eraser.Erase(ctx, &orders[i]) })
		cancel()
		if err != nil {
			t.trouble(fmt.Errorf("tell the sink of erasure %s: %w", orders[i].Name, err))
			continue
		}
		t.change(func(v *tapView) { v.erased++ })
		t.mended()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.orders -= len(orders)
}

// work writes until the queue is empty; there is no goroutine while it is.
func (t *tapper) work() {
	for {
		t.mu.Lock()
		if len(t.queue) == 0 {
			t.working, t.queue, t.erased = false, nil, nil
			t.mu.Unlock()
			return
		}
		kept, s := false, t.queue[0]
		t.queue = t.queue[1:]
		t.mu.Unlock()
		if s.orders != nil {
			t.tell(s.orders)
			continue
		}
		for left := s.events; len(left) > 0; {
			n := min(len(left), t.tap.MaxRows)
			kept = t.give(left[:n]) || kept
			left = left[n:]
		}
		t.change(func(v *tapView) { v.bytes -= s.bytes })
		if !kept {
			s.release(t.r)
		}
	}
}

// give writes events once and counts what became of them. It reports whether
// the sink was left behind with them.
func (t *tapper) give(events []footfall.Event) (kept bool) {
	ctx, cancel := context.WithTimeout(t.r.feedContext(), t.r.cfg.CallTimeout)
	defer cancel()
	t.mu.Lock()
	erased := t.erased
	t.mu.Unlock()
	left, lost := spared(events, erased), 0
	var err error
	if len(left) > 0 {
		err = t.write(ctx, t.tap.Sink, left)
		lost = len(failed(left, err))
	}
	lost += len(events) - len(left)
	t.change(func(v *tapView) {
		v.queued -= len(events)
		v.given, v.dropped = v.given+uint64(len(events)-lost), v.dropped+uint64(lost)
	})
	t.count(len(events)-lost, lost)
	if err != nil {
		t.trouble(err)
	} else {
		t.mended()
	}
	return errors.Is(err, errLeft)
}
