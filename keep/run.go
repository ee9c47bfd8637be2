package keep

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// How long a request that failed waits: longer each time.
const (
	retryAfter = 10 * time.Second
	retryMost  = 10 * time.Minute
)

// Run carries out requests, one after the other, and the night's work, until
// ctx ends; then it returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	night := k.next(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for retry := retryAfter; ; {
		wake := night
		if k.pending(ctx) {
			if again := time.Now().Add(retry); again.Before(wake) {
				wake = again
			}
			retry = min(2*retry, retryMost)
		} else {
			retry = retryAfter
		}
		timer.Reset(time.Until(wake))
		select {
		case <-k.work:
		case now := <-timer.C:
			if !now.Before(night) {
				k.night(ctx, now)
				night = k.next(now)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// pending carries out what is pending, the oldest first, and reports whether
// anything has to be tried again.
func (k *Keeper) pending(ctx context.Context) (failed bool) {
	k.mu.Lock()
	all := slices.Collect(maps.Values(k.requests))
	k.mu.Unlock()
	slices.SortFunc(all, func(a, b *Receipt) int { return a.Requested.Compare(b.Requested) })
	for _, old := range all {
		if old.State != Pending {
			continue
		}
		r := old.copy()
		err := k.carry(ctx, r)
		if ctx.Err() != nil {
			return true
		}
		if err != nil {
			failed = true
			k.config.Logger.ErrorContext(ctx, "erasure is tried again", "name", r.Name, "tenant", r.Tenant.String(), "error", err)
			r.Error = err.Error()
			if err := k.save(ctx, r, false); err != nil {
				k.config.Logger.ErrorContext(ctx, "erasure cannot be written down", "name", r.Name, "error", err)
			}
		}
	}
	return failed
}

// next returns when the next night's work begins.
func (k *Keeper) next(now time.Time) time.Time {
	local := now.In(k.config.Location)
	year, month, day := local.Date()
	for {
		at := time.Date(year, month, day, 0, 0, 0, 0, k.config.Location).Add(k.config.At)
		if at.After(now) {
			return at
		}
		day++
	}
}

func (k *Keeper) night(ctx context.Context, now time.Time) {
	report, err := k.Maintain(ctx, now)
	if err != nil && ctx.Err() == nil {
		k.config.Logger.ErrorContext(ctx, "the night's work is not done", "error", err)
	}
	k.config.Logger.InfoContext(ctx, "maintained", "expired", len(report.Expired), "purged", report.Purged)
}

// Report is what [Keeper.Maintain] did.
type Report struct {
	// Expired counts the rows of each table that went, by tenant.
	Expired map[string]map[string]uint64 `json:"expired"`
	// Purged are the tables in which hidden rows were removed from the disk.
	Purged []string `json:"purged"`
}

// settled is how long ago events must have come in to be expired.
const settled = 3 * 24 * time.Hour

// Maintain does the night's work as of a moment: it deletes what is past the
// retention of its tenant, removes what deleting only hid, and has the log
// forget what it could not before.
func (k *Keeper) Maintain(ctx context.Context, now time.Time) (Report, error) {
	begun := time.Now()
	report := Report{Expired: map[string]map[string]uint64{}, Purged: []string{}}
	var errs []error
	for _, t := range k.config.Tenants() {
		if t.Retention == 0 {
			continue
		}
		gone, err := k.config.Store.Expire(ctx, expiry(t, now))
		errs = append(errs, err)
		if sum(gone) > 0 {
			report.Expired[t.ID.String()] = gone
		}
	}
	tables, err := k.config.Store.Purge(ctx)
	report.Purged = append(report.Purged, tables...)
	if errs = append(errs, err); err == nil {
		errs = append(errs, k.purged(ctx, begun))
	}
	return report, errors.Join(errs...)
}

func expiry(t *tenant.Tenant, now time.Time) *footfall.Expiry {
	return &footfall.Expiry{
		Tenant: t.ID, Silo: t.Silo(),
		Before: footfall.MillisOf(now.Add(-t.Retention)), Received: footfall.MillisOf(now.Add(-settled)),
	}
}

// purged notes on the receipts of what was done before that it is off the disk.
func (k *Keeper) purged(ctx context.Context, begun time.Time) error {
	k.mu.Lock()
	all := slices.Collect(maps.Values(k.requests))
	k.mu.Unlock()
	var errs []error
	for _, old := range all {
		if old.State != Done || old.Done.After(begun) || !old.Purged.IsZero() && old.Log.Remains == "" {
			continue
		}
		r := old.copy()
		if r.Purged.IsZero() {
			r.Purged = time.Now().UTC()
		}
		if r.Log.Remains != "" && k.config.Forget != nil {
			k.forget(ctx, r, r.Orders)
		}
		errs = append(errs, k.save(ctx, r, false))
	}
	return errors.Join(errs...)
}
