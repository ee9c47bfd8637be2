package query_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/querytest"
	"github.com/footfall-go/footfall/tenant"
)

func newFeed(tb testing.TB, config query.FeedConfig) *query.Feed {
	tb.Helper()
	feed, err := query.NewFeed(config)
	require.NoError(tb, err)
	return feed
}

func TestFeedIsLive(t *testing.T) {
	t.Parallel()
	querytest.TestLive(t, func(t *testing.T) querytest.LiveWorld {
		feed := newFeed(t, query.FeedConfig{Events: 300})
		return querytest.LiveWorld{Sink: feed, Readers: [2]query.Live{feed, feed}}
	})
}

// bought returns events of a tenant.
func bought(tb testing.TB, name string, n int, properties string) []footfall.Event {
	tb.Helper()
	id, err := tenant.ParseID(name)
	require.NoError(tb, err)
	events := make([]footfall.Event, n)
	for i := range events {
		events[i] = footfall.Event{Tenant: id, Type: footfall.Track, Name: "Bought", MessageID: fmt.Sprint(i), Time: 1, Received: 1, AnonymousID: "v", Properties: properties}
	}
	return events
}

// TestFeedForgets keeps nothing of who is not looked at, and nothing for long.
func TestFeedForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := newFeed(t, query.FeedConfig{})
		events := bought(t, "shop", 10, "{}")
		shop := events[0].Tenant
		read := func(after string) query.LivePage {
			page, err := feed.Read(t.Context(), shop, after, 100)
			require.NoError(t, err)
			return page
		}
		require.NoError(t, feed.Write(t.Context(), events), "nobody looks")
		start := read("")
		require.NoError(t, feed.Write(t.Context(), events))
		require.Len(t, read(start.Next).Events, 10)
		time.Sleep(5 * time.Minute)
		require.NoError(t, feed.Write(t.Context(), events[:1]))
		require.Len(t, read(start.Next).Events, 11, "somebody looked five minutes ago")
		time.Sleep(time.Second)
		page := read(start.Next)
		require.Len(t, page.Events, 1, "what is older than that is gone")
		require.EqualValues(t, 10, page.Missed)
		time.Sleep(5*time.Minute + 1)
		require.NoError(t, feed.Write(t.Context(), events))
		page = read(page.Next)
		require.Empty(t, page.Events)
		require.EqualValues(t, -1, page.Missed, "nobody looked, so nobody knows")
	})
}

// TestFeedIsBounded fills the memory with the events of one tenant, and leaves
// the other its own.
func TestFeedIsBounded(t *testing.T) {
	t.Parallel()
	feed := newFeed(t, query.FeedConfig{Events: 1 << 20, Bytes: 100_000})
	large, small := bought(t, "large", 50, `{"x":"`+string(make([]byte, 5000))+`"}`), bought(t, "small", 5, "{}")
	var from [2]string
	for i, id := range []tenant.ID{large[0].Tenant, small[0].Tenant} {
		page, err := feed.Read(t.Context(), id, "", 1)
		require.NoError(t, err)
		from[i] = page.Next
	}
	require.NoError(t, feed.Write(t.Context(), small))
	for range 10 {
		require.NoError(t, feed.Write(t.Context(), large))
	}
	page, err := feed.Read(t.Context(), large[0].Tenant, from[0], 1000)
	require.NoError(t, err)
	require.Equal(t, 500, int(page.Missed)+len(page.Events))
	require.LessOrEqual(t, len(page.Events), 100_000/5500)
	require.NotEmpty(t, page.Events)
	page, err = feed.Read(t.Context(), small[0].Tenant, from[1], 1000)
	require.NoError(t, err)
	require.Len(t, page.Events, 5)
}

func TestFeedConfig(t *testing.T) {
	t.Parallel()
	_, err := query.NewFeed(query.FeedConfig{Bytes: -1})
	require.ErrorContains(t, err, "not negative")
}

// BenchmarkFeed is what the feed costs the processor for each event, while nobody
// looks and while somebody does.
func BenchmarkFeed(b *testing.B) {
	events := bought(b, "shop", 1000, `{"sku":"A-1","price":9.5,"currency":"EUR","quantity":2}`)
	for _, looked := range []bool{false, true} {
		b.Run(fmt.Sprintf("looked=%v", looked), func(b *testing.B) {
			feed := newFeed(b, query.FeedConfig{})
			if looked {
				_, err := feed.Read(b.Context(), events[0].Tenant, "", 1)
				require.NoError(b, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := feed.Write(b.Context(), events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}
