package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall/stream"
)

// Watcher sees how far the processors of a log are, from a process that need
// not be one. It is safe for concurrent use.
type Watcher struct {
	log  *Log
	turn chan struct{} // holds a token while somebody looks

	mu        sync.Mutex
	last      sight
	failed    error // of the last look
	failedAt  time.Time
	sights    []sight // whose ends are not all written, oldest first
	watermark time.Time
}

// sight is what one look saw.
type sight struct {
	begun time.Time
	plans []stream.Plan
	ends  []int64
}

// How a Watcher looks.
const (
	watchEvery = 500 * time.Millisecond // in Run
	watchTime  = 2 * time.Second        // bounds one look
	watchPause = time.Second            // after one that failed
	fresh      = 100 * time.Millisecond // a look that is good enough for a watermark
	settleLook = 50 * time.Millisecond  // between those of Settle
	sightsKept = 256
)

// NewWatcher returns a watcher of a log's processors.
func (l *Log) NewWatcher() *Watcher { return &Watcher{log: l, turn: make(chan struct{}, 1)} }

// Run looks again and again until ctx ends, and returns nil. Without it a
// watermark is as old as the last question.
func (w *Watcher) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		_, _ = w.look(ctx, time.Now()) // who asks hears of it
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Watermark is the moment up to which all that was accepted is in the store:
// events and what follows from them. It is the zero time before any is known.
func (w *Watcher) Watermark(ctx context.Context) time.Time {
	_, _ = w.look(ctx, time.Now().Add(-fresh)) // what was true stays true
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watermark
}

// Version tells what of the log the store certainly has: as long as it is the
// same, nothing else was confirmed. It is "" if the log does not tell.
func (w *Watcher) Version(ctx context.Context) string {
	seen, err := w.look(ctx, time.Now())
	if err != nil {
		return ""
	}
	var b strings.Builder
	for i := range seen.plans {
		fmt.Fprintf(&b, "%d/%d:%d:%d ", w.log.cfg.Epoch, i, seen.plans[i].From, seen.plans[i].Written)
	}
	return b.String()
}

// Settle returns when the store has all that was in the log at the time of the
// call, or with ctx's error.
func (w *Watcher) Settle(ctx context.Context) error {
	begun := time.Now()
	var ends []int64
	tick := time.NewTicker(settleLook)
	defer tick.Stop()
	for {
		// That the log is away for a while is no reason to give up.
		if seen, err := w.look(ctx, begun); err == nil {
			if ends == nil {
				ends = seen.ends
			}
			if written(seen.plans, ends) {
				return nil
			}
		}
		select {
		case <-tick.C:
			begun = time.Now()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look returns what was seen by a look that began at a moment or later. Those
// who ask at once share one.
func (w *Watcher) look(ctx context.Context, since time.Time) (sight, error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return sight{}, ctx.Err()
	}
	w.mu.Lock()
	last, failed, failedAt := w.last, w.failed, w.failedAt
	w.mu.Unlock()
	if failed != nil && time.Since(failedAt) < watchPause {
		return sight{}, failed
	}
	if failed == nil && last.plans != nil && !last.begun.Before(since) {
		return last, nil
	}
	bounded, cancel := context.WithTimeout(ctx, watchTime)
	defer cancel()
	seen, err := w.log.sight(bounded)
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return sight{}, ctx.Err()
	}
	if w.failed = err; err != nil {
		w.failedAt = time.Now()
		return sight{}, err
	}
	w.note(seen)
	return seen, nil
}

// note remembers a sight, and which of the earlier ones are written by now;
// w.mu is held.
func (w *Watcher) note(seen sight) {
	w.last = seen
	w.sights = append(w.sights, seen)
	for i, s := range slices.Backward(w.sights) {
		if written(seen.plans, s.ends) {
			w.watermark = s.begun
			w.sights = slices.Delete(w.sights, 0, i+1)
			break
		}
	}
	if len(w.sights) <= sightsKept {
		return
	}
	// The store is far behind: of what waits, every other sight will do.
	kept := w.sights[:0]
	for i := range w.sights {
		if i%2 == 1 {
			kept = append(kept, w.sights[i])
		}
	}
	clear(w.sights[len(kept):])
	w.sights = kept
}

// written reports whether the store has all that stands before some ends.
func written(plans []stream.Plan, ends []int64) bool {
	for i := range ends {
		if plans[i].Written < ends[i] {
			return false
		}
	}
	return true
}

// sight asks for all plans and ends.
func (l *Log) sight(ctx context.Context) (sight, error) {
	numbers := make([]int32, l.cfg.Partitions)
	for i := range numbers {
		numbers[i] = int32(i)
	}
	seen := sight{begun: time.Now(), plans: make([]stream.Plan, len(numbers)), ends: make([]int64, len(numbers))}
	places, err := l.committed(ctx, numbers, nil)
	if err != nil {
		return sight{}, err
	}
	ends, err := l.offsets(ctx, numbers, sarama.OffsetNewest)
	if err != nil {
		return sight{}, err
	}
	for i := range numbers {
		seen.plans[i], seen.ends[i] = places[int32(i)].plan, ends[int32(i)]
	}
	return seen, nil
}
