package clickhouse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// An import may bring events from before 1970, and a Date ends in 2149: a key
// made with toDate wraps around at both, and the engine then passes over parts
// that hold what is asked for.
func TestTimesBeyondDateAreFound(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	shop, err := owner("shop")
	require.NoError(t, err)
	years := []int{1900, 1949, 1960, 1969, 1970, 2024, 2105, 2106, 2149, 2150, 2200, 2299}
	at := func(year int) time.Time { return time.Date(year, 6, 30, 23, 59, 59, 999e6, time.UTC) }
	b := &footfall.Batch{To: 1}
	u := &footfall.Upserts{}
	for i, year := range years {
		when := footfall.MillisOf(at(year))
		b.Events = append(b.Events, footfall.Event{
			Tenant: shop, Position: footfall.Position{Index: uint32(i)}, Type: footfall.Track, Name: "e", MessageID: "m", Time: when, Received: when,
		})
		u.Sessions = append(u.Sessions, footfall.Session{Tenant: shop, Session: uint64(i) + 1, Visitor: schema.VisitorID(shop, "v"), Opened: when, Start: when, Last: when, Version: 1})
	}
	require.NoError(t, store.Insert(t.Context(), b, 0))
	require.NoError(t, store.Upsert(t.Context(), u))
	for _, table := range []struct{ name, time string }{{"events", "time"}, {"sessions", "opened"}} {
		for from := range years {
			for to := from; to < len(years); to++ {
				var n uint64
				require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM "+table.name+" FINAL WHERE tenant = 'shop' AND "+table.time+
					" >= fromUnixTimestamp64Milli(toInt64(?), 'UTC') AND "+table.time+" < fromUnixTimestamp64Milli(toInt64(?), 'UTC')", at(years[from]).UnixMilli(), at(years[to]).UnixMilli()).Scan(&n))
				require.Equal(t, to-from, int(n), "%s from %d to %d", table.name, years[from], years[to])
			}
		}
	}
}
