// Package outage stands between a caller and what it can do without: a service
// that is asked, and not waited for.
package outage

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// ErrAway says that the service was not asked, since it did not answer a moment
// ago.
var ErrAway = errors.New("it is away")

// errSlow ends a call that took too long.
var errSlow = errors.New("it did not answer in time")

// Config is what a [Guard] needs. All of it is required.
type Config struct {
	// Name is what the log calls the service.
	Name string
	// Timeout bounds a call.
	Timeout time.Duration
	// Pause is how long nobody asks after a call that failed; then one does.
	Pause time.Duration
	// Logger is told of the beginning of an outage and of its end.
	Logger *slog.Logger
	// Missed counts the calls that had to do without.
	Missed metric.Int64Counter
}

// Guard calls a service until a call fails or takes too long. From then on it
// asks once in a while whether the service is back, and tells all others at once
// that it is away, so that an outage costs its callers next to nothing. It is
// safe for concurrent use.
type Guard struct {
	config Config
	start  time.Time
	askAt  atomic.Int64 // since start, 0 while the service answers
}

// New returns a guard of a service that is taken to be there.
func New(config Config) *Guard { return &Guard{config: config, start: time.Now()} }

// outcome is what a call came to.
type outcome[T any] struct {
	value T
	err   error
}

// Call calls the service. The call goes on by itself if it does not return in
// time, whatever its client makes of the end of a context, so that it must share
// nothing with its caller but what it returns.
func Call[T any](ctx context.Context, g *Guard, call func(context.Context) (T, error)) (value T, err error) {
	trial, ok := g.mayAsk()
	if !ok {
		g.config.Missed.Add(ctx, 1)
		return value, ErrAway
	}
	bounded, cancel := context.WithTimeoutCause(ctx, g.config.Timeout, errSlow)
	defer cancel()
	done := make(chan outcome[T], 1)
	go func() {
		value, err := call(bounded)
		done <- outcome[T]{value, err}
	}()
	var o outcome[T]
	select {
	case o = <-done:
	case <-bounded.Done():
		o.err = context.Cause(bounded)
	}
	switch {
	case o.err == nil:
		g.answered(ctx, trial)
	case ctx.Err() != nil:
		return o.value, context.Cause(ctx) // it is the caller who went
	default:
		g.config.Missed.Add(ctx, 1)
		g.failed(ctx, o.err)
	}
	return o.value, o.err
}

// mayAsk reports whether a call may be made, and whether it is the one that
// finds out if the service is back.
func (g *Guard) mayAsk() (trial, ok bool) {
	at := g.askAt.Load()
	if at == 0 {
		return false, true
	}
	now := g.now()
	return true, now >= at && g.askAt.CompareAndSwap(at, now+int64(g.config.Pause))
}

// answered ends an outage, if the call began in it: one from before says nothing.
func (g *Guard) answered(ctx context.Context, trial bool) {
	if trial && g.askAt.Swap(0) != 0 {
		g.config.Logger.InfoContext(ctx, "service is back", "service", g.config.Name)
	}
}

func (g *Guard) failed(ctx context.Context, err error) {
	if g.askAt.CompareAndSwap(0, g.now()+int64(g.config.Pause)) {
		g.config.Logger.WarnContext(ctx, "service is away and done without", "service", g.config.Name, "error", err)
	}
}

func (g *Guard) now() int64 { return int64(time.Since(g.start)) }
