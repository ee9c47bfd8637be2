// Package tenanttest is what every implementation of a seam of package tenant
// has to pass.
package tenanttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// Limiter is what the door asks, an ingest.Limiter.
type Limiter interface {
	Take(ctx context.Context, t *tenant.Tenant, n int) (tenant.Quota, error)
	Give(ctx context.Context, t *tenant.Tenant, n int) error
}

// LimiterCase tests a new limiter whose clock shows midnight UTC and moves, by
// whole microseconds, when pass is called and not otherwise.
type LimiterCase func(t *testing.T, l Limiter, pass func(time.Duration))

// TestLimiter runs all cases; run calls a case with a limiter of its own.
func TestLimiter(t *testing.T, run func(t *testing.T, test LimiterCase)) {
	t.Helper()
	for name, test := range map[string]LimiterCase{
		"rate": rate, "more than the burst": moreThanBurst, "day": perDay, "both or neither": bothOrNeither,
		"give": give, "no limit": noLimit, "tenants are apart": apart,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, test)
		})
	}
}

// Limited returns a tenant with limits.
func Limited(tb testing.TB, name string, l tenant.Limits) *tenant.Tenant {
	tb.Helper()
	id, err := tenant.ParseID(name)
	require.NoError(tb, err)
	t := &tenant.Tenant{ID: id, Settings: tenant.Settings{Limits: l}.WithDefaults()}
	require.NoError(tb, t.Validate())
	return t
}

// took reports whether n events pass.
func took(tb testing.TB, l Limiter, t *tenant.Tenant, n int) bool {
	tb.Helper()
	q, err := l.Take(tb.Context(), t, n)
	require.NoError(tb, err)
	require.Equal(tb, q.Exceeded == tenant.NoWindow, q.Wait == 0)
	return q.Exceeded == tenant.NoWindow
}

func rate(t *testing.T, l Limiter, pass func(time.Duration)) {
	a := Limited(t, "a", tenant.Limits{Rate: 10, Burst: 20})
	require.True(t, took(t, l, a, 15))
	require.False(t, took(t, l, a, 6), "a request is taken whole or not at all")
	require.True(t, took(t, l, a, 5))
	require.False(t, took(t, l, a, 0), "a question takes nothing and tells the same as one event")

	q, err := l.Take(t.Context(), a, 5)
	require.NoError(t, err)
	require.Equal(t, tenant.Quota{
		Exceeded: tenant.RateWindow, Wait: 500 * time.Millisecond,
		Rate: tenant.Left{Quota: 20, Window: 2 * time.Second, Reset: 2 * time.Second},
	}, q)
	pass(q.Wait - time.Microsecond)
	require.False(t, took(t, l, a, 5))
	pass(time.Microsecond)
	require.True(t, took(t, l, a, 5), "after the wait it passes")

	pass(time.Hour)
	require.True(t, took(t, l, a, 0))
	require.True(t, took(t, l, a, 20), "no more than the burst is saved up")
	require.False(t, took(t, l, a, 1))
}

// moreThanBurst sends what is larger than the bucket: it passes when the bucket
// is full, and its debt keeps the rate.
func moreThanBurst(t *testing.T, l Limiter, pass func(time.Duration)) {
	a := Limited(t, "a", tenant.Limits{Rate: 10, Burst: 20})
	require.True(t, took(t, l, a, 1))
	require.False(t, took(t, l, a, 100))
	pass(100 * time.Millisecond)
	require.True(t, took(t, l, a, 100))
	pass(8 * time.Second) // 80 of the 100 were not in the bucket
	require.False(t, took(t, l, a, 1))
	pass(100 * time.Millisecond)
	require.True(t, took(t, l, a, 1))
}

func perDay(t *testing.T, l Limiter, pass func(time.Duration)) {
	a := Limited(t, "a", tenant.Limits{PerDay: 100})
	pass(23 * time.Hour)
	require.True(t, took(t, l, a, 99))
	require.True(t, took(t, l, a, 0))
	q, err := l.Take(t.Context(), a, 2)
	require.NoError(t, err)
	require.Equal(t, tenant.Quota{
		Exceeded: tenant.DayWindow, Wait: time.Hour,
		Day: tenant.Left{Quota: 100, Window: 24 * time.Hour, Events: 1, Reset: time.Hour},
	}, q)
	require.True(t, took(t, l, a, 1))
	require.False(t, took(t, l, a, 0))
	pass(time.Hour)
	require.True(t, took(t, l, a, 150), "the first request of a day passes, or it never could")
	require.False(t, took(t, l, a, 1))
	pass(24 * time.Hour)
	require.True(t, took(t, l, a, 100))
	require.False(t, took(t, l, a, 1))
}

// bothOrNeither refuses by one limit and leaves the other as it was.
func bothOrNeither(t *testing.T, l Limiter, pass func(time.Duration)) {
	a := Limited(t, "a", tenant.Limits{Rate: 1, Burst: 10, PerDay: 12})
	require.True(t, took(t, l, a, 10))
	require.False(t, took(t, l, a, 1), "by the rate")
	pass(10 * time.Second)
	require.False(t, took(t, l, a, 3), "by the day")
	require.True(t, took(t, l, a, 2), "of which the refused took nothing")
	q, err := l.Take(t.Context(), a, 1)
	require.NoError(t, err)
	require.Equal(t, tenant.DayWindow, q.Exceeded)
	require.EqualValues(t, 8, q.Rate.Events)
}

func give(t *testing.T, l Limiter, pass func(time.Duration)) {
	a := Limited(t, "a", tenant.Limits{Rate: 1, Burst: 10, PerDay: 15})
	for range 100 {
		require.True(t, took(t, l, a, 10))
		require.NoError(t, l.Give(t.Context(), a, 10))
	}
	require.True(t, took(t, l, a, 10))
	require.False(t, took(t, l, a, 1))
	pass(48 * time.Hour)
	require.NoError(t, l.Give(t.Context(), a, 10), "of another day")
	require.True(t, took(t, l, a, 10))
	require.False(t, took(t, l, a, 10))
}

func noLimit(t *testing.T, l Limiter, _ func(time.Duration)) {
	free := Limited(t, "free", tenant.Limits{})
	for range 10 {
		q, err := l.Take(t.Context(), free, 1_000_000)
		require.NoError(t, err)
		require.Zero(t, q)
	}
	require.NoError(t, l.Give(t.Context(), free, 1))
}

func apart(t *testing.T, l Limiter, _ func(time.Duration)) {
	a, b := Limited(t, "a", tenant.Limits{PerDay: 10}), Limited(t, "b", tenant.Limits{PerDay: 10})
	require.True(t, took(t, l, a, 10))
	require.True(t, took(t, l, b, 10))
	require.False(t, took(t, l, a, 1))
	require.NoError(t, l.Give(t.Context(), b, 5))
	require.False(t, took(t, l, a, 1))
	require.True(t, took(t, l, b, 5))
}
