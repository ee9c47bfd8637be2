package ingest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// TestParkedEventsGoIntoRecordsOfTheirOwn mixes events that are kept with some
// that are set aside for one reason or another.
func TestParkedEventsGoIntoRecordsOfTheirOwn(t *testing.T) {
	t.Parallel()
	out := newRecorder(3)
	owner := &tenant.Tenant{ID: shop(t), Settings: tenant.Settings{Dedicated: true}.WithDefaults()}
	for range 2 { // the second request finds the memory of the first
		out.begin(owner, 1_700_000_000_000)
		for i := range 40 {
			ev := &record.Event{
				Type: footfall.Track, Name: []byte("E"), MessageID: fmt.Append(nil, i), Anonymous: fmt.Append(nil, "v", i%7), Time: 1_700_000_000_000,
			}
			switch {
			case i%4 == 0:
				out.park(ev, "over the plan")
			case i == 39:
				out.park(ev, "unpaid")
			default:
				out.add(ev)
			}
		}
		got := map[string][]string{}
		at := map[string]uint16{}
		for _, rec := range out.finish() {
			require.Less(t, rec.Partition, uint16(3))
			h, err := record.ParseHeader(&rec)
			require.NoError(t, err)
			require.Equal(t, "shop", h.Silo)
			require.Equal(t, h.Kind == record.Parked, h.Reason != "")
			events, err := record.AppendEvents(nil, &rec, &h)
			require.NoError(t, err)
			require.Len(t, events, int(rec.Events), "the log counts them")
			for _, ev := range events {
				got[h.Reason] = append(got[h.Reason], ev.MessageID)
				if p, ok := at[ev.AnonymousID]; ok {
					require.Equal(t, p, rec.Partition, "parked or not, a visitor's events go the same way")
				}
				at[ev.AnonymousID] = rec.Partition
			}
		}
		require.Len(t, got["over the plan"], 10)
		require.Equal(t, []string{"39"}, got["unpaid"])
		require.Len(t, got[""], 29)
		out.release()
	}
}
