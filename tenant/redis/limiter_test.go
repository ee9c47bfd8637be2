package redis

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/redistest"
	"github.com/footfall-go/footfall/tenant"
	"github.com/footfall-go/footfall/tenant/tenanttest"
)

// midnight is where the clocks of the tests begin, as those of bubbles do.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// patient returns a limiter that rather waits for a busy machine than goes on
// alone.
func patient(tb testing.TB, s *redistest.Server, prefix string) *Limiter {
	tb.Helper()
	l, err := New(Config{Client: s.Client(tb), Prefix: prefix, Timeout: time.Minute})
	require.NoError(tb, err)
	return l
}

// clocked returns a limiter whose script reads its clock from a key, and what
// sets it. Nothing else of the script is changed.
func clocked(tb testing.TB, s *redistest.Server, prefix string) (l *Limiter, set func(time.Time)) {
	tb.Helper()
	l = patient(tb, s, prefix)
	text := strings.Replace(takeScript, "redis.call('TIME')", "redis.call('LRANGE', KEYS[1] .. 'clock', 0, 1)", 1)
	require.NotEqual(tb, takeScript, text)
	l.script, l.seen.fresh = rueidis.NewLuaScript(text), 0
	return l, func(now time.Time) {
		key := prefix + "{a}:limitclock"
		for _, r := range l.client.DoMulti(tb.Context(), l.client.B().Del().Key(key).Build(),
			l.client.B().Rpush().Key(key).Element(number(now.Unix()), number(now.UnixMicro()%1e6)).Build()) {
			require.NoError(tb, r.Error())
		}
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	var cases atomic.Int64
	tenanttest.TestLimiter(t, func(t *testing.T, test tenanttest.LimiterCase) {
		prefix := fmt.Sprintf("case%d:", cases.Add(1))
		l, set := clocked(t, s, prefix)
		now := midnight
		set(now)
		if strings.HasSuffix(t.Name(), "tenants_are_apart") {
			l = patient(t, s, prefix) // there is one clock for the tenant a
		}
		test(t, l, func(d time.Duration) {
			now = now.Add(d)
			set(now)
		})
	})
}

// call is one of a sequence, and what Buckets said to it.
type call struct {
	limits tenant.Limits
	at     time.Time
	n      int
	give   bool
	quota  tenant.Quota
}

// sequence makes calls up and lets Buckets answer them.
func sequence(t *testing.T, seed uint64) (calls []call) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	rate := []float64{0, 0.001, 0.3, 1, 7, 1000, 123_456.789, 1e9}[rng.IntN(8)]
	limits := tenant.Limits{Rate: rate, PerDay: []int64{0, 10, 5000, 1e15}[rng.IntN(4)]}
	if rate > 0 {
		limits.Burst = 1 + rng.Int64N(1+min(int64(rate*1e7), 5000))
	} else if limits.PerDay == 0 {
		limits.PerDay = 3
	}
	synctest.Test(t, func(t *testing.T) {
		b := tenant.NewBuckets()
		for range 120 {
			if rng.IntN(40) == 0 && limits.PerDay > 0 {
				limits.PerDay = 1 + rng.Int64N(min(2*limits.PerDay, 1e15)) // settings change
			}
			a := tenanttest.Limited(t, "a", limits)
			c := call{limits: a.Limits, at: time.Now(), n: rng.IntN(20), give: rng.IntN(6) == 0}
			if rng.IntN(10) == 0 {
				c.n = rng.IntN(50_000)
			}
			var err error
			if c.give {
				err = b.Give(t.Context(), a, c.n)
			} else {
				c.quota, err = b.Take(t.Context(), a, c.n)
			}
			require.NoError(t, err)
			calls = append(calls, c)
			switch wait := c.quota.Wait.Truncate(time.Microsecond); {
			case wait > 0 && rng.IntN(2) == 0:
				time.Sleep(wait + time.Duration(rng.IntN(3)-1)*time.Microsecond)
			case rng.IntN(20) == 0:
				time.Sleep(time.Duration(rng.Int64N(int64(50 * time.Hour))).Truncate(time.Microsecond))
			default:
				time.Sleep(time.Duration(rng.Int64N(int64(time.Second))).Truncate(time.Microsecond))
			}
		}
	})
	return calls
}

// TestLimiterAnswersAsBuckets asks Redis what Buckets were asked, at the same
// times: the answers are the same to the nanosecond and the event.
func TestLimiterAnswersAsBuckets(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	refused := 0
	for seed := range uint64(60) {
		l, set := clocked(t, s, fmt.Sprintf("seed%d:", seed))
		for i, c := range sequence(t, seed) {
			a := &tenant.Tenant{ID: tenanttest.Limited(t, "a", tenant.Limits{}).ID, Settings: tenant.Settings{Limits: c.limits}}
			set(c.at)
			if c.give {
				require.NoError(t, l.Give(t.Context(), a, c.n))
				continue
			}
			q, err := l.Take(t.Context(), a, c.n)
			require.NoError(t, err)
			require.Equal(t, c.quota, q, "seed %d, call %d: %+v", seed, i, c)
			if q.Exceeded != tenant.NoWindow {
				refused++
			}
		}
	}
	require.Greater(t, refused, 500)
}

// TestLimitersShareARate lets two doors of one tenant take what they can, by the
// clock of Redis: never more than the limit of one.
func TestLimitersShareARate(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	const rate, burst = 2000, 100
	a := tenanttest.Limited(t, "a", tenant.Limits{Rate: rate, Burst: burst})
	doors := []*Limiter{patient(t, s, ""), patient(t, s, "")}
	var taken, each [2]atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for i, l := range doors {
		for range 4 {
			all.Go(func() {
				for time.Since(began) < time.Second {
					q, err := l.Take(t.Context(), a, 1+i)
					if err != nil {
						t.Error(err)
					}
					if q.Exceeded == tenant.NoWindow {
						taken[0].Add(int64(1 + i))
						each[i].Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	most := burst + rate*time.Since(began).Seconds()
	require.LessOrEqual(t, float64(taken[0].Load()), most)
	require.Greater(t, float64(taken[0].Load()), burst+rate*0.5, "and much of it, however busy the machine is")
	require.Positive(t, each[0].Load())
	require.Positive(t, each[1].Load())

	daily := tenanttest.Limited(t, "daily", tenant.Limits{PerDay: 1000})
	var day atomic.Int64
	for _, l := range doors {
		for range 2 {
			all.Go(func() {
				for range 500 {
					if q, err := l.Take(t.Context(), daily, 1); err == nil && q.Exceeded == tenant.NoWindow {
						day.Add(1)
					}
				}
			})
		}
	}
	before := time.Now().UTC().Day()
	all.Wait()
	if time.Now().UTC().Day() == before {
		require.EqualValues(t, 1000, day.Load(), "of 2000 events that four asked for")
	}
}

// TestQuestionsAreAnsweredFromMemory kills the server between a request and the
// question of the next.
func TestQuestionsAreAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := patient(t, s, "")
	l.seen.fresh = time.Hour
	a := tenanttest.Limited(t, "a", tenant.Limits{Rate: 0.01, Burst: 10})
	q, err := l.Take(t.Context(), a, 10)
	require.NoError(t, err)
	require.Equal(t, tenant.NoWindow, q.Exceeded)
	s.Kill(t)
	for range 100 {
		q, err = l.Take(t.Context(), a, 0)
		require.NoError(t, err)
		require.Equal(t, tenant.RateWindow, q.Exceeded, "Buckets of this process would be full")
		require.LessOrEqual(t, q.Wait, 100*time.Second)
	}
	l.seen.forget(a.ID)
	q, err = l.Take(t.Context(), a, 0)
	require.NoError(t, err)
	require.Equal(t, tenant.NoWindow, q.Exceeded)
}

func TestSightingsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSightings()
	for i := range 3 * maxSightings {
		s.put(tenanttest.Limited(t, fmt.Sprint("t", i), tenant.Limits{}).ID, tenant.Standing{})
		require.LessOrEqual(t, len(s.of), maxSightings)
	}
}

// TestKeysExpire finds nothing of who stands as at the beginning.
func TestKeysExpire(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l := patient(t, s, "p:")
	ttl := func(limits tenant.Limits, n int) int64 {
		a := tenanttest.Limited(t, "a", limits)
		_, err := l.Take(t.Context(), a, n)
		require.NoError(t, err)
		require.NoError(t, l.Give(t.Context(), a, 1), "which leaves the time as it is")
		left, err := l.client.Do(t.Context(), l.client.B().Ttl().Key("p:{a}:limit").Build()).AsInt64()
		require.NoError(t, err)
		require.NoError(t, l.client.Do(t.Context(), l.client.B().Flushall().Build()).Error())
		return left
	}
	require.InDelta(t, 100, ttl(tenant.Limits{Rate: 1, Burst: 100}, 100), 3)
	require.LessOrEqual(t, ttl(tenant.Limits{PerDay: 100}, 1), int64(86402))
	require.InDelta(t, 200_000, ttl(tenant.Limits{Rate: 1, Burst: 200_000, PerDay: 1e9}, 200_000), 3)
}

// TestOutages kills, restarts and stops the server under a door: it decides by
// itself at once and comes back by itself.
func TestOutages(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	var log redistest.Log
	l, err := New(Config{Client: s.Client(t), Timeout: 2 * time.Second, Pause: 50 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	l.seen.fresh = 0
	a := tenanttest.Limited(t, "a", tenant.Limits{PerDay: 5})
	take := func(n int) tenant.Window {
		began := time.Now()
		q, err := l.Take(t.Context(), a, n)
		require.NoError(t, err)
		require.Less(t, time.Since(began), 10*time.Second, "nobody waits for Redis")
		return q.Exceeded
	}
	kept := func() string {
		text, _ := l.client.Do(t.Context(), l.client.B().Get().Key("footfall:{a}:limit").Build()).ToString()
		return text
	}
	require.Equal(t, tenant.NoWindow, take(5))
	require.Contains(t, kept(), " 5")
	require.Equal(t, tenant.DayWindow, take(1))

	s.Kill(t)
	require.Equal(t, tenant.NoWindow, take(5), "by full buckets of its own")
	require.Equal(t, tenant.DayWindow, take(1))
	require.NoError(t, l.Give(t.Context(), a, 1))
	require.Equal(t, tenant.NoWindow, take(1))
	require.Equal(t, 1, strings.Count(log.String(), "is away"), log.String())

	s.Restart(t)
	require.Eventually(t, func() bool { return take(1) == tenant.NoWindow && kept() != "" }, 30*time.Second, 20*time.Millisecond, "Redis is new and empty, and in use")
	require.Equal(t, 1, strings.Count(log.String(), "is back"), log.String())
	require.Eventually(t, func() bool { return take(1) == tenant.DayWindow }, 30*time.Second, time.Millisecond)

	// Whoever is connected to a stopped server hears nothing at all.
	before := kept()
	s.Pause(t)
	for range 50 {
		take(1)
	}
	require.Equal(t, 2, strings.Count(log.String(), "is away"), log.String())
	s.Resume(t)
	require.Eventually(t, func() bool { take(1); return strings.Count(log.String(), "is back") == 2 }, 30*time.Second, 20*time.Millisecond)
	require.Equal(t, before, kept(), "what was refused counted nowhere")
}

// TestStartWithoutRedis makes a limiter before there is a server.
func TestStartWithoutRedis(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	s.Kill(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Addr}, ForceSingleClient: true})
	require.Error(t, err)
	require.NotNil(t, client)
	defer client.Close()
	l, err := New(Config{Client: client, Pause: time.Millisecond})
	require.NoError(t, err)
	a := tenanttest.Limited(t, "a", tenant.Limits{PerDay: 1})
	took := func() tenant.Window {
		q, err := l.Take(t.Context(), a, 1)
		require.NoError(t, err)
		return q.Exceeded
	}
	require.Equal(t, tenant.NoWindow, took())
	require.Equal(t, tenant.DayWindow, took())
	s.Restart(t)
	require.Eventually(t, func() bool { return took() == tenant.NoWindow }, 30*time.Second, 5*time.Millisecond)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Timeout: -1})
	require.ErrorContains(t, err, "Config.Client is required")
	require.ErrorContains(t, err, "not negative")
}

var _ tenanttest.Limiter = (*Limiter)(nil)

// BenchmarkTake is one request after the other, and many at once, whose calls
// share the way.
func BenchmarkTake(b *testing.B) {
	l := patient(b, redistest.Start(b), "")
	a := tenanttest.Limited(b, "a", tenant.Limits{Rate: 1e9, Burst: 1e9, PerDay: 1e15})
	take := func(ctx context.Context, n int) {
		if q, _ := l.Take(ctx, a, n); q.Exceeded != tenant.NoWindow {
			b.Error(q)
		}
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			take(b.Context(), 100)
		}
	})
	b.Run("many", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(64)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				take(b.Context(), 100)
			}
		})
	})
	b.Run("question", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			take(b.Context(), 0)
		}
	})
}
