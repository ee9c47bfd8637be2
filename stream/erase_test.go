package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestErasedRowsAreNotMissing has a claim read back whose rows were erased
// since: they are not there and must not be sent again, not even for the moment
// until the erasure is repeated.
func TestErasedRowsAreNotMissing(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]record.Erase{
		"a user":     {Name: "e", Users: []string{"u"}},
		"a person":   {Name: "e", Visitors: []string{"a"}, Users: []string{"u"}},
		"the tenant": {Name: "e", All: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				p := w.begin(w.config(), nil)
				w.append(0, "shop", message{visitor: "a", user: "u", id: "1"}, message{visitor: "a", user: "u", id: "2"})
				w.order(0, "shop", record.Order{Erase: &erase})
				w.append(0, "club", message{visitor: "a", user: "u", id: "3"})
				w.append(0, "shop", message{visitor: "a", user: "u", id: "4"})
				p.visible()
				plan, _ := w.log.Plan(0)
				require.EqualValues(t, 0, plan.From, "the claim is still open")
				require.EqualValues(t, 4, plan.To)
				require.Len(t, w.store.Rows(), 2)
				inserts := len(w.store.calls())

				w.log.Fence(0)
				time.Sleep(time.Minute)
				require.Len(t, w.store.calls(), inserts, "nothing was missing")
				require.Len(t, w.store.Rows(), 2)
				w.requireExact(1)
				if name == "the tenant" {
					w.sent["shop"] = 1 // what came before is no longer accounted for
				}
				w.requireLedger(p)
				require.NoError(t, p.end())
			})
		})
	}
}

// TestTapBehindADrop has a durable tap far behind when a tenant is dropped: what
// it has to get through is counted as before.
func TestTapBehindADrop(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		sink.set(func(context.Context, []footfall.Event) error { return errSink })
		cfg := w.config()
		cfg.Taps = []stream.Tap{{Name: "export", Sink: sink, Durable: true}}
		p := w.begin(cfg, nil)
		w.append(0, "shop", w.clicks(5)...)
		w.append(0, "club", w.clicks(2)...)
		p.visible()
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "all", All: true}})
		w.append(0, "shop", w.clicks(1)...)
		p.visible()
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 8, s.Partitions[0].Taps[0].LagEvents)
		require.Equal(t, stream.Ledger{Accepted: 1, Stored: 1}, s.Ledger["shop"])
		sink.set(nil)
		time.Sleep(time.Minute)
		s, err = p.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, s.Partitions[0].Taps[0].LagEvents)
		require.NoError(t, p.end())
	})
}

// hesitant is a store whose rows show some time after the acknowledgement, as
// those of another replica do.
type hesitant struct {
	*clerk
	until time.Time
}

func (h *hesitant) Present(ctx context.Context, epoch, partition uint16, from, to int64) ([]footfall.Coordinate, error) {
	if time.Now().Before(h.until) {
		return nil, nil
	}
	return h.clerk.Present(ctx, epoch, partition, from, to)
}

// TestRowsThatShowLate are not sent under a new token, which would double them.
func TestRowsThatShowLate(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		late := &hesitant{clerk: w.store}
		first := once()
		w.store.insert = func(*footfall.Batch, int) fate {
			late.until = time.Now().Add(500 * time.Millisecond)
			if first() {
				return unheard
			}
			return fine
		}
		cfg := w.config()
		cfg.Store = late
		p := w.begin(cfg, nil)
		w.append(0, "shop", w.clicks(5)...)
		p.visible()
		require.NoError(t, p.end())
		require.Len(t, w.store.Rows(), 5)
		require.Equal(t, []call{{0, 1, 5, 0}, {0, 1, 5, 0}}, w.store.calls())
		w.requireExact(1)
	})
}

// TestExpiredRowsAreNotMissing has a claim read back whose rows retention has
// deleted meanwhile: neither are they sent again nor is that an alarm.
func TestExpiredRowsAreNotMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		w.append(0, "shop", message{visitor: "a", id: "1"}, message{visitor: "a", id: "2"})
		w.append(0, "club", message{visitor: "a", id: "3"})
		p.visible()
		plan, _ := w.log.Plan(0)
		require.Less(t, plan.From, plan.To, "the claim is still open")
		later := footfall.MillisOf(time.Now()) + 1
		_, err := w.store.Expire(w.t.Context(), &footfall.Expiry{Tenant: header(t, "shop").Tenant, Before: later, Received: later})
		require.NoError(t, err)
		require.Len(t, w.store.Rows(), 1)
		inserts := len(w.store.calls())

		w.log.Fence(0)
		time.Sleep(time.Minute)
		require.Len(t, w.store.calls(), inserts, "nothing was missing")
		require.Len(t, w.store.Rows(), 1)
		w.requireLedger(p)
		s, err := p.Status(w.t.Context())
		require.NoError(t, err)
		require.True(t, s.Ready, s.Reason)
		require.NoError(t, p.end())
	})
}

// TestRefusedBeforeADrop has the store refuse an event of a tenant that is
// dropped in the same batch: the counts start at the drop, at nothing.
func TestRefusedBeforeADrop(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.store.refuses = func(ev *footfall.Event) bool { return ev.MessageID == "bad" }
		w.append(0, "shop", message{visitor: "a", id: "bad"}, message{visitor: "a", id: "1"})
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", All: true}})
		w.append(0, "club", message{visitor: "a", id: "3"})
		p := w.begin(w.config(), nil)
		p.visible()
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, s.Ledger["shop"])
		require.EqualValues(t, 1, s.Ledger["club"].Stored)
		w.append(0, "shop", message{visitor: "a", id: "4"})
		p.visible()
		s, err = p.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, stream.Ledger{Accepted: 1, Stored: 1}, s.Ledger["shop"])
		require.NoError(t, p.end())
	})
}

// TestErasureIsFollowedByASnapshot shows that what stands before an order
// becomes superfluous soon, without anybody asking this process for it.
func TestErasureIsFollowedByASnapshot(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(3)...)
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"v"}}})
		p.visible()
		time.Sleep(3 * time.Second) // far less than Config.SnapshotEvery
		require.Equal(t, []int64{2}, w.log.SnapshotOffsets(0)[fold.Version])
		w.append(0, "shop", w.clicks(3)...)
		time.Sleep(3 * time.Second)
		require.Len(t, w.log.SnapshotOffsets(0)[fold.Version], 1, "and by no other")
		require.NoError(t, p.end())
	})
}
