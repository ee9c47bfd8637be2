package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/tenant"
)

func TestDuplicates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		window footfall.Millis
		after  footfall.Millis // between the two arrivals, the first at the last second of a minute
		want   int
	}{
		"at once":                            {after: 0, want: 1},
		"at the end of the window":           {after: 2 * hour, want: 1},
		"to the minute":                      {after: 2*hour + second, want: 2},
		"the tenant's window":                {window: 90 * minute, after: 90 * minute, want: 1},
		"the tenant's window is over":        {window: 90 * minute, after: 91 * minute, want: 2},
		"never under an hour":                {window: minute, after: hour, want: 1},
		"a started minute of the window":     {window: 90*minute - 1, after: 90 * minute, want: 1},
		"a day at most":                      {window: 100 * day, after: 25 * hour, want: 2},
		"stamps do not come round":           {after: 2048 * minute, want: 2},
		"stamps do not come round in a year": {after: 257 * 2048 * minute, want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			if c.window != 0 {
				l.header.Window = c.window
			}
			ev := l.track(0, "v")
			stored := len(l.put(59*second, ev))
			stored += len(l.put(59*second+c.after, ev))
			require.Equal(t, c.want, stored)
			total := l.state.Totals()[0]
			require.EqualValues(t, c.want, total.Stored)
			require.EqualValues(t, 2-c.want, total.Duplicate)
		})
	}
	t.Run("the key is tenant, visitor and message id", func(t *testing.T) {
		t.Parallel()
		l := newLog(t, fold.Limits{})
		same := func(anonymous, user string) record.Event {
			ev := l.event(footfall.Track, 0, anonymous, user)
			ev.MessageID = []byte("m")
			return ev
		}
		require.Len(t, l.put(0, same("v", ""), same("v", "u"), same("w", ""), same("", "v"), same("", "v")), 3)
		l.header.Tenant, _ = tenant.ParseID("news")
		require.Len(t, l.put(0, same("v", ""), same("v", "")), 1)
	})
	t.Run("being seen again does not prolong", func(t *testing.T) {
		t.Parallel()
		l := newLog(t, fold.Limits{})
		ev := l.track(0, "v")
		require.Len(t, l.put(0, ev), 1)
		require.Empty(t, l.put(hour, ev))
		require.Empty(t, l.put(2*hour, ev))
		require.Len(t, l.put(2*hour+minute, ev), 1)
		require.Empty(t, l.put(4*hour, ev))
	})
	t.Run("a duplicate changes nothing else", func(t *testing.T) {
		t.Parallel()
		l := newLog(t, fold.Limits{})
		ev := l.event(footfall.Page, 0, "v", "u")
		l.put(0, ev)
		l.flush()
		require.Empty(t, l.put(minute, ev))
		u := l.flush()
		require.Empty(t, u.Sessions)
		require.Empty(t, u.Links)
		require.Empty(t, u.IDs)
		require.Len(t, u.Ledger, 1)
	})
}

// TestSoftLimit shows that ids go by whole minutes, and none under an hour.
func TestSoftLimit(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{SoftIDs: 10, MaxIDs: 1000})
	old, young := l.track(0, "v"), l.track(0, "v")
	l.put(0, old, l.track(0, "v"), l.track(0, "v"))
	for i := range footfall.Millis(10) {
		l.put(10*minute, l.track(i*second, "v"))
	}
	l.put(10*minute, young)
	require.Empty(t, l.put(hour, old), "an hour stays whatever the limit")
	require.Zero(t, l.state.EarlyEvictions())
	require.Len(t, l.put(61*minute, old), 1, "the whole minute went")
	require.EqualValues(t, 3, l.state.EarlyEvictions())
	require.Empty(t, l.put(61*minute, young), "no more than needed went")
}

// TestHardLimit shows that memory is bounded whatever the time.
func TestHardLimit(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{SoftIDs: 10, MaxIDs: 20})
	old := l.track(0, "v")
	l.put(0, old)
	for i := range footfall.Millis(100) {
		l.put(i*second, l.track(0, "v"), l.track(0, "v"))
	}
	require.Less(t, l.state.MessageIDs(), 120)
	require.Len(t, l.put(100*second, old), 1)
	require.NotZero(t, l.state.EarlyEvictions())
}
