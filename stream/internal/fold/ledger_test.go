package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestQuarantineOfAFlushedMinute refuses an event as late as it may happen: the
// row of its minute is written again, whole, and newer.
func TestQuarantineOfAFlushedMinute(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	events := l.put(0, l.track(0, "v"), l.track(0, "v"), l.track(0, "v"))
	first := l.flush().Ledger
	require.Len(t, first, 1)
	require.EqualValues(t, 3, first[0].Stored)
	for i := range footfall.Millis(40) {
		l.put((i+1)*2*hour, l.track(0, "w"))
	}
	l.flush()
	l.state.Quarantine(&events[1], start)
	again := l.flush().Ledger
	require.Len(t, again, 1)
	require.Equal(t, first[0].Minute, again[0].Minute)
	require.EqualValues(t, 2, again[0].Stored)
	require.EqualValues(t, 1, again[0].Quarantined)
	require.Greater(t, again[0].Version, first[0].Version)
	require.Equal(t, []fold.Totals{{Tenant: l.header.Tenant, Stored: 42, Quarantined: 1}}, l.state.Totals())

	// What comes too late for the minute still counts in the totals.
	for i := range footfall.Millis(40) {
		l.put(100*hour+i*minute, l.track(0, "w"))
	}
	l.flush()
	l.state.Quarantine(&events[2], start)
	require.Empty(t, l.flush().Ledger)
	require.EqualValues(t, 2, l.state.Totals()[0].Quarantined)
}
