package shop

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestEqualSeedsMakeEqualTraffic(t *testing.T) {
	t.Parallel()
	a, b := New(Config{Seed: 7, Start: start}), New(Config{Seed: 7, Start: start})
	c := New(Config{Seed: 8, Start: start})
	differ := false
	for range 2000 {
		m := a.Next()
		require.Equal(t, m, b.Next())
		differ = differ || m.AnonymousID != c.Next().AnonymousID
	}
	require.True(t, differ)
}

func TestTrafficIsInOrderAndOfTheGivenRate(t *testing.T) {
	t.Parallel()
	busy := start.Add(7 * 24 * time.Hour)
	s := New(Config{Start: start, Busy: busy, Rate: 50})
	counts, last := map[string]int{}, start
	quiet, lively := 0, 0
	for last.Before(busy.Add(time.Hour)) {
		m := s.Next()
		require.False(t, m.Timestamp.Before(last.Truncate(time.Millisecond)))
		last = m.Timestamp
		counts[m.Type+m.Event]++
		if last.Before(busy) {
			quiet++
		} else {
			lively++
		}
	}
	require.InEpsilon(t, 7*quietPerDay, quiet, 0.15)
	require.InEpsilon(t, 50*3600, lively, 0.1)
	require.Greater(t, counts["trackProduct Viewed"], counts["trackProduct Added"])
	require.Greater(t, counts["trackProduct Added"], counts["trackCheckout Started"])
	require.Greater(t, counts["trackCheckout Started"], counts["trackOrder Completed"])
	require.InEpsilon(t, counts["identify"], counts["trackOrder Completed"], 0.05) // some are on their way at the end
	require.Positive(t, counts["identify"])
}
