package redis

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/redistest"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/querytest"
	"github.com/footfall-go/footfall/tenant"
)

// newShared returns what a process has; it rather waits for a busy machine than
// does without.
func newShared(tb testing.TB, s *redistest.Server, change func(*Config)) *Shared {
	tb.Helper()
	config := Config{Client: s.Client(tb), Timeout: time.Minute, LiveTimeout: time.Minute}
	if change != nil {
		change(&config)
	}
	shared, err := New(config)
	require.NoError(tb, err)
	return shared
}

// TestLive has a processor and two processes that are asked, each with its own
// connection.
func TestLive(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	querytest.TestLive(t, func(t *testing.T) querytest.LiveWorld {
		process := func() *Shared {
			return newShared(t, s, func(c *Config) { c.Prefix, c.Events = t.Name()+":", 300 })
		}
		return querytest.LiveWorld{Sink: process(), Readers: [2]query.Live{process(), process()}}
	})
}

func bought(tb testing.TB, name string, n int) []footfall.Event {
	tb.Helper()
	id, err := tenant.ParseID(name)
	require.NoError(tb, err)
	events := make([]footfall.Event, n)
	for i := range events {
		events[i] = footfall.Event{
			Tenant: id, Type: footfall.Track, Name: "Bought", MessageID: fmt.Sprint(i), Time: 1, Received: 1, AnonymousID: "v",
			Properties: `{"sku":"A-1","price":9.5,"currency":"EUR","quantity":2}`,
		}
	}
	return events
}

// TestLiveComesSoon measures how late an event is, so that it would be noticed
// if a process believed its memory for too long.
func TestLiveComesSoon(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	writer, reader := newShared(t, s, nil), newShared(t, s, nil)
	events := bought(t, "shop", 1)
	page, err := reader.Read(t.Context(), events[0].Tenant, "", 10)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		watched, err := writer.watched(t.Context(), events[0].Tenant)
		return err == nil && watched
	}, cached/2, time.Millisecond)
	for range 5 {
		began := time.Now()
		require.NoError(t, writer.Write(t.Context(), events))
		page, err = reader.Read(t.Context(), events[0].Tenant, page.Next, 10)
		require.NoError(t, err)
		require.Len(t, page.Events, 1)
		require.Less(t, time.Since(began), cached/2)
		ctx, cancel := context.WithTimeout(t.Context(), 2*poll)
		_, err = reader.Read(ctx, events[0].Tenant, page.Next, 10) // which remembers that there is nothing
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

// commands returns how many commands the server has served.
func commands(tb testing.TB, c rueidis.Client, name string) (n int) {
	tb.Helper()
	text, err := c.Do(tb.Context(), c.B().Info().Section("commandstats").Build()).ToString()
	require.NoError(tb, err)
	for line := range splitLines(text) {
		if _, err := fmt.Sscanf(line, "cmdstat_"+name+":calls=%d,", &n); err == nil {
			return n
		}
	}
	return 0
}

// TestLiveAsksNothingInVain writes for a tenant that nobody looks at, and looks
// at one where nothing happens: a process knows that by itself.
func TestLiveAsksNothingInVain(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client := s.Client(t)
	writer, reader := newShared(t, s, nil), newShared(t, s, nil)
	events := bought(t, "shop", 10)
	for range 100 {
		require.NoError(t, writer.Write(t.Context(), events))
	}
	require.LessOrEqual(t, commands(t, client, "get"), 3)
	require.Zero(t, commands(t, client, "xadd"))

	page, err := reader.Read(t.Context(), events[0].Tenant, "", 10)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 15*poll)
	defer cancel()
	done := make(chan error)
	for range 20 {
		go func() {
			_, err := reader.Read(ctx, events[0].Tenant, page.Next, 10)
			done <- err
		}()
	}
	for range 20 {
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
	}
	require.LessOrEqual(t, commands(t, client, "xrange"), 3, "of three hundred looks")
	require.LessOrEqual(t, commands(t, client, "set"), 2)
}

// TestLiveIsBounded looks at what is kept in Redis.
func TestLiveIsBounded(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client := s.Client(t)
	shared := newShared(t, s, func(c *Config) { c.Events, c.Keep = 200, 2*time.Second })
	events := bought(t, "shop", 5000)
	page, err := shared.Read(t.Context(), events[0].Tenant, "", 10)
	require.NoError(t, err)
	length := func() int64 {
		n, err := client.Do(t.Context(), client.B().Xlen().Key("footfall:{shop}:live").Build()).AsInt64()
		require.NoError(t, err)
		return n
	}
	require.Eventually(t, func() bool {
		require.NoError(t, shared.Write(t.Context(), events))
		return length() > 0
	}, 30*time.Second, time.Millisecond)
	require.LessOrEqual(t, length(), int64(400))
	page, err = shared.Read(t.Context(), events[0].Tenant, page.Next, 1000)
	require.NoError(t, err)
	require.Zero(t, (int(page.Missed)+len(page.Events))%5000, "what came before it was looked is not counted")
	require.Eventually(t, func() bool { return length() == 0 }, 30*time.Second, 10*time.Millisecond, "it expires")
	require.Eventually(t, func() bool {
		n, err := client.Do(t.Context(), client.B().Dbsize().Build()).AsInt64()
		return err == nil && n == 0
	}, 30*time.Second, 10*time.Millisecond)

	// Another stream begins, and nobody counts what lies between the two.
	next, err := shared.Read(t.Context(), events[0].Tenant, "", 1)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		require.NoError(t, shared.Write(t.Context(), events[:1]))
		return length() > 0
	}, 30*time.Second, time.Millisecond)
	old, err := shared.Read(t.Context(), events[0].Tenant, page.Next, 10)
	require.NoError(t, err)
	require.EqualValues(t, -1, old.Missed)
	require.NotEmpty(t, old.Events)
	fresh, err := shared.Read(t.Context(), events[0].Tenant, next.Next, 10)
	require.NoError(t, err)
	require.Zero(t, fresh.Missed)
}

// TestLiveOutage kills and restarts the server, empty, under a reader and a
// writer.
func TestLiveOutage(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	shared := newShared(t, s, func(c *Config) {
		c.LiveTimeout, c.Pause, c.Keep = 500*time.Millisecond, 20*time.Millisecond, 4*time.Second
	})
	events := bought(t, "shop", 1)
	shop := events[0].Tenant
	page, err := shared.Read(t.Context(), shop, "", 10)
	require.NoError(t, err)
	for name, way := range map[string][2]func(testing.TB){"killed": {s.Kill, s.Restart}, "stopped": {s.Pause, s.Resume}} {
		way[0](t)
		require.Eventually(t, func() bool { return shared.Write(t.Context(), events) != nil }, 30*time.Second, time.Millisecond, name)
		began := time.Now()
		_, err = shared.Read(t.Context(), shop, page.Next, 10)
		require.Error(t, err)
		require.Less(t, time.Since(began), 10*time.Second)
		way[1](t)
		require.Eventually(t, func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_ = shared.Write(t.Context(), events) // until it gets through
			got, err := shared.Read(ctx, shop, page.Next, 10)
			if err == nil {
				page = got
			}
			return err == nil && len(got.Events) > 0
		}, 60*time.Second, time.Millisecond, name)
	}
}

// BenchmarkWrite is what live events cost the processor, while nobody looks and
// while somebody does.
func BenchmarkWrite(b *testing.B) {
	s := redistest.Start(b)
	for _, looked := range []bool{false, true} {
		b.Run(fmt.Sprintf("looked=%v", looked), func(b *testing.B) {
			shared := newShared(b, s, func(c *Config) { c.Prefix = b.Name() + ":" })
			events := bought(b, "shop", 200)
			if looked {
				_, err := shared.Read(b.Context(), events[0].Tenant, "", 1)
				require.NoError(b, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, shared.Write(b.Context(), events))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}
