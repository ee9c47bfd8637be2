package tenant

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func limited(tb testing.TB, name string, l Limits) *Tenant {
	tb.Helper()
	id, err := ParseID(name)
	require.NoError(tb, err)
	t := &Tenant{ID: id, Settings: Settings{Limits: l}.WithDefaults()}
	require.NoError(tb, t.Validate())
	return t
}

// took reports whether n events pass.
func took(tb testing.TB, b *Buckets, t *Tenant, n int) bool {
	tb.Helper()
	q, err := b.Take(tb.Context(), t, n)
	require.NoError(tb, err)
	require.Equal(tb, q.Exceeded == NoWindow, q.Wait == 0)
	return q.Exceeded == NoWindow
}

func TestTakeWithoutLimits(t *testing.T) {
	t.Parallel()
	b := NewBuckets()
	free := limited(t, "free", Limits{})
	for range 10 {
		require.True(t, took(t, b, free, 1_000_000))
	}
	require.Zero(t, b.size.Load(), "nothing is kept for who has no limits")
}

// TestTakeIsExact lets many goroutines take what they can for a while: never
// more than the limits allow, and all of that.
func TestTakeIsExact(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.7, 3, 1000, 123_456.789} {
		synctest.Test(t, func(t *testing.T) {
			b, a := NewBuckets(), limited(t, "a", Limits{Rate: rate, Burst: 50})
			var taken atomic.Int64
			start := time.Now()
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(g), 1))
					for range 2000 {
						n := 1 + rng.IntN(5)
						if took(t, b, a, n) {
							taken.Add(int64(n))
						}
						time.Sleep(time.Duration(rng.Float64() * 8 / rate * float64(time.Second)))
					}
				})
			}
			wg.Wait()
			most := 50 + rate*time.Since(start).Seconds()
			require.LessOrEqual(t, float64(taken.Load()), most+1e-3)
			require.Greater(t, float64(taken.Load()), most*0.97-50)
		})
	}
}

// TestTakeDayIsExact lets goroutines race for the last events of a day.
func TestTakeDayIsExact(t *testing.T) {
	t.Parallel()
	b, a := NewBuckets(), limited(t, "a", Limits{PerDay: 10_000})
	before := dayOf(time.Now())
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5000 {
				if took(t, b, a, 1) {
					taken.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if dayOf(time.Now()) == before {
		require.EqualValues(t, 10_000, taken.Load())
	}
}

// TestBucketsForget sends for more tenants than memory should be kept for.
func TestBucketsForget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBuckets()
		for i := range 50_000 {
			require.True(t, took(t, b, limited(t, fmt.Sprint("t", i), Limits{Rate: 10}), 1))
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(t, b.size.Load(), int64(2*sweepFrom))
		kept := 0
		b.buckets.Range(func(any, any) bool { kept++; return true })
		require.EqualValues(t, kept, b.size.Load())
		// One with a debt is not forgotten, whatever comes.
		debtor := limited(t, "debtor", Limits{Rate: 0.001, Burst: 1})
		require.True(t, took(t, b, debtor, 1))
		for i := range 5000 {
			require.True(t, took(t, b, limited(t, fmt.Sprint("u", i), Limits{Rate: 10}), 1))
			time.Sleep(10 * time.Millisecond)
		}
		require.False(t, took(t, b, debtor, 1))
	})
}

func TestLimitsValidate(t *testing.T) {
	t.Parallel()
	valid := func(l Limits) error { return Settings{Limits: l}.WithDefaults().Validate() }
	require.Equal(t, Limits{Rate: 2.5, Burst: 3}, Settings{Limits: Limits{Rate: 2.5}}.WithDefaults().Limits)
	require.Equal(t, Limits{Rate: 0.1, Burst: 1}, Settings{Limits: Limits{Rate: 0.1}}.WithDefaults().Limits)
	require.NoError(t, valid(Limits{Rate: 1e9, Burst: 1e9, PerDay: 1e12}))
	for want, l := range map[string]Limits{
		"limits.rate: -1":             {Rate: -1},
		"limits.rate: NaN":            {Rate: math.NaN()},
		"limits.rate: +Inf":           {Rate: math.Inf(1)},
		"limits.burst: -1":            {Rate: 1, Burst: -1},
		"limits.burst: it needs":      {Burst: 5},
		"more than a year":            {Rate: 0.001, Burst: 1e6},
		"limits.per_day: -3":          {PerDay: -3},
		"is not between 0 and 100000": {PerDay: math.MaxInt64},
	} {
		require.ErrorContains(t, valid(l), want)
	}
}

func BenchmarkTake(b *testing.B) {
	k, t := NewBuckets(), limited(b, "a", Limits{Rate: 1e9, Burst: 1e9, PerDay: 1e15})
	b.ReportAllocs()
	for b.Loop() {
		if q, _ := k.Take(b.Context(), t, 100); q.Exceeded != NoWindow {
			b.Fatal(q)
		}
	}
}
