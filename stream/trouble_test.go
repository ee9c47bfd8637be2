package stream_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

func TestTroubleShowsInStatus(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		w.store.set(func(c *clerk) { c.insert = func(*footfall.Batch, int) fate { return unheard } })
		w.append(0, "shop", w.clicks(5)...)
		time.Sleep(10 * time.Minute)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.False(t, s.Ready)
		require.Contains(t, s.Reason, errStore.Error())
		require.EqualValues(t, 5, s.Lag.Events)
		require.InDelta(t, 600, s.Lag.Seconds, 1)
		require.Len(t, w.store.calls(), 125, "100 ms, doubled up to 5 s")
		w.store.set(func(c *clerk) { c.insert = nil })
		p.visible()
		require.NoError(t, p.end())
		w.requireExact(1)
	})
}

func TestLostRowsStopThePartition(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(w *world) {
		var n atomic.Int32
		w.store.insert = func(b *footfall.Batch, attempt int) fate {
			if b.Partition == 1 {
				return fine
			}
			// Each attempt is swallowed, and acknowledged when it is repeated.
			if n.Add(1)%2 == 1 {
				return swallowed
			}
			return fine
		}
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(5)...)
		// An acknowledged attempt that is not there, five times over.
		w.store.set(func(c *clerk) {
			for attempt := range 5 {
				c.tokens[token{fmt.Sprintf("0/0/0-1/%d", attempt), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}] = true
			}
		})
		time.Sleep(time.Minute)
		w.append(0, "shop", w.clicks(5)...)
		w.append(1, "shop", w.clicks(5)...)
		time.Sleep(time.Minute)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.False(t, s.Ready)
		require.Contains(t, s.Reason, "partition 0: stopped: the store acknowledged 5 inserts of records [0, 1) and still lacks 5 rows")
		require.EqualValues(t, 10, s.Lag.Events, "nothing is skipped")
		require.Len(t, w.store.Rows(), 5, "the other partition goes on")
		w.requireLedger(p)
		require.ErrorContains(t, p.end(), "still lacks 5 rows")
		plan, _ := w.log.Plan(0)
		require.Equal(t, stream.Plan{From: 0, To: 1, Fold: fold.Version}, plan)

		// When the store has been mended, a start goes on where it stopped.
		w.store.tokens = map[token]bool{}
		w.store.insert = nil
		p = w.begin(w.config(), nil)
		p.visible()
		w.requireExact(2)
		require.NoError(t, p.end())
	})
}

func TestRefusedRowsGoToQuarantine(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{{"7"}, {"0"}, {"99"}, {"3", "4", "5", "50", "98"}} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				w.store.refuses = func(ev *footfall.Event) bool { return slices.Contains(bad, ev.MessageID) }
				p := w.begin(w.config(), nil)
				for i := 0; i < 100; i += 4 {
					var m []message
					for j := range 4 {
						m = append(m, message{visitor: "v", id: fmt.Sprint(i + j)})
					}
					w.append(0, "shop", m...)
				}
				p.visible()
				w.append(0, "shop", w.clicks(5)...)
				p.visible()
				rejected := w.store.Rejected()
				require.Len(t, rejected, len(bad))
				for i, r := range rejected {
					require.Equal(t, errRow.Error(), r.Reason)
					require.NotZero(t, r.Time)
					require.Contains(t, r.Payload, fmt.Sprintf(`"messageId":"%s"`, bad[i]))
					require.Contains(t, r.Payload, `"properties":{"n":1}`)
				}
				w.requireExact(1)
				w.requireLedger(p)
				s, err := p.Status(t.Context())
				require.NoError(t, err)
				require.Equal(t, stream.Ledger{Accepted: 105, Stored: uint64(105 - len(bad)), Quarantined: uint64(len(bad))}, s.Ledger["shop"])

				w.log.Fence(0) // and the account still balances
				w.append(0, "shop", w.clicks(5)...)
				p.visible()
				w.requireExact(1)
				w.requireLedger(p)
				require.NoError(t, p.end())
			})
		})
	}
}

func TestAStoreThatRefusesEverythingStopsThePartition(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.store.refuses = func(*footfall.Event) bool { return true }
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(1500)...)
		time.Sleep(time.Minute)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Contains(t, s.Reason, "refuses more than 1000 rows")
		require.ErrorContains(t, p.end(), "refuses more than 1000 rows")
	})
}

func TestUpsertsThatAreRefusedStopThePartition(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.store.upsert = func(*footfall.Upserts) error { return footfall.Permanent(errBroken) }
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(1)...)
		time.Sleep(time.Minute)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Contains(t, s.Reason, errBroken.Error())
		require.EqualValues(t, 1, s.Lag.Events, "sessions are not visible")
		require.ErrorIs(t, p.end(), errBroken)
	})
}
