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

// Run carries out requests, those that wait together at a time, and the night's work, until
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

// pending carries out what is pending, those that wait together, and reports
// whether anything has to be tried again.
func (k *Keeper) pending(ctx context.Context) (failed bool) {
	tried := map[string]bool{}
	for ctx.Err() == nil {
		group := k.waiting(tried)
		if len(group) == 0 {
			return failed
		}
		for _, r := range group {
			tried[r.Name] = true
		}
		failed = k.carry(ctx, group) || failed
	}
	return true
}

// waiting returns the oldest requests that are pending and were not tried yet.
func (k *Keeper) waiting(tried map[string]bool) []*Receipt {
	k.mu.Lock()
	all := slices.Collect(maps.Values(k.requests))
	k.mu.Unlock()
	all = slices.DeleteFunc(all, func(r *Receipt) bool { return r.State != Pending || tried[r.Name] })
	slices.SortFunc(all, func(a, b *Receipt) int { return a.Requested.Compare(b.Requested) })
	return all[:min(len(all), groupMost)]
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
	var done, clinging []*Receipt
	for _, old := range all {
		if old.State != Done || old.Done.After(begun) || !old.Purged.IsZero() && old.Log.Remains == "" {
			continue
		}
		r := old.copy()
		if done = append(done, r); r.Purged.IsZero() {
			r.Purged = time.Now().UTC()
		}
		if r.Log.Remains != "" {
			clinging = append(clinging, r)
		}
	}
	if len(clinging) > 0 && k.config.Forget != nil {
		k.forget(ctx, clinging)
	}
	if len(done) == 0 {
		return nil
	}
	return k.save(ctx, done...)
}
