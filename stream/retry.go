package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
)

// concern is a part of the work that may be in trouble.
type concern int

const (
	reading concern = iota
	claiming
	inserting
	checking
	upserting
	concerns // how many there are
)

// retry calls f until it succeeds, fails in a way that no retry cures, or ctx
// ends; then it returns the cause. In between the status tells the trouble.
func (o *owned) retry(ctx context.Context, c concern, what string, f func(context.Context) error) error {
	for n := 0; ; n++ {
		err := o.call(ctx, f)
		switch {
		case err == nil:
			o.mended(c)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrFenced):
			return ErrFenced
		case errors.Is(err, ErrTrimmed), footfall.IsPermanent(err):
			return fmt.Errorf("%s: %w", what, err)
		}
		o.trouble(c, fmt.Errorf("%s: %w", what, err))
		if err := o.wait(ctx, o.backoff(n)); err != nil {
			return err
		}
	}
}

// call bounds one call in time.
func (o *owned) call(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, o.r.cfg.CallTimeout)
	defer cancel()
	return f(ctx)
}

// backoff doubles from try to try up to a bound.
func (o *owned) backoff(try int) time.Duration {
	return min(o.r.backoffMin<<min(try, 16), o.r.backoffMax)
}

// wait sleeps; it fails with ctx's cause if that ends first.
func (o *owned) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// trouble shows an error in the status until it is mended, and logs it once.
func (o *owned) trouble(c concern, err error) {
	if o.status.trouble(c, err) {
		o.log.Warn("in trouble, trying again", "error", err)
	}
}

func (o *owned) mended(c concern) {
	if err := o.status.mended(c); err != nil {
		o.log.Info("trouble is over", "was", err)
	}
}
