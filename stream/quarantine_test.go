package stream_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
)

// park puts one record of messages that the door has set aside into the log.
func (w *world) park(partition uint16, name string, messages ...message) {
	w.t.Helper()
	w.sent[name] += len(messages)
	h := header(w.t, name)
	h.Kind, h.Reason = record.Parked, "over the plan"
	require.NoError(w.t, w.log.Append(w.t.Context(), []footfall.Record{encodeAs(h, partition, messages...)}))
}

// open returns what of a tenant waits in quarantine in one partition.
func (w *world) open(partition uint16, name string) []footfall.Rejected {
	return slices.DeleteFunc(w.store.Rejected(), func(r footfall.Rejected) bool {
		return r.Tenant.String() != name || r.Position.Partition != partition || r.Payload == ""
	})
}

// replay appends all that waits in quarantine once more, as somebody does who
// asked first how far the store was. It returns how much that is.
func (w *world) replay(partition uint16, name string, job uint64, seen int64) int {
	w.t.Helper()
	rows := w.open(partition, name)
	for part := range slices.Chunk(rows, 7) {
		h := header(w.t, name)
		h.Kind, h.Basis = record.Replay, record.Basis{Job: job, Seen: seen}
		var e record.Encoder
		e.Reset(h)
		for _, r := range part {
			ev, back, received, err := record.ParsePayload(r.Payload)
			require.NoError(w.t, err)
			back.Origin = r.Position
			e.AddReturn(&ev, back, received)
		}
		w.sent[name] += len(part)
		require.NoError(w.t, w.log.Append(w.t.Context(), []footfall.Record{e.Record(partition)}))
	}
	return len(rows)
}

// written is how far the upserts are, as a process tells.
func (w *world) written(p *process, partition uint16) int64 {
	w.t.Helper()
	s, err := p.Status(w.t.Context())
	require.NoError(w.t, err)
	for _, part := range s.Partitions {
		if part.Partition == partition {
			return part.Written
		}
	}
	return 0
}

// requireOnce checks that no message of a visitor is in the store twice.
func (w *world) requireOnce() {
	w.t.Helper()
	seen := map[string]footfall.Position{}
	for _, ev := range w.store.Rows() {
		key := ev.Tenant.String() + ev.Visitor.String() + ev.MessageID
		at, twice := seen[key]
		require.False(w.t, twice, "message %s at %v and %v", ev.MessageID, at, ev.Position)
		seen[key] = ev.Position
	}
}

// TestParkAndReplay sets events aside, between others, and brings them back.
func TestParkAndReplay(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		parked := w.clicks(20)
		w.append(0, "shop", w.clicks(5)...)
		w.park(0, "shop", parked[:10]...)
		w.append(0, "shop", parked[0], parked[1])
		w.park(0, "shop", parked...)
		p.visible()
		require.Len(t, w.store.Rows(), 5)
		require.Len(t, w.open(0, "shop"), 20)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, stream.Ledger{Accepted: 37, Stored: 5, Duplicate: 12, Quarantined: 20}, s.Ledger["shop"])
		w.requireExact(1)

		seen := w.written(p, 0)
		require.Equal(t, 20, w.replay(0, "shop", 1, seen))
		require.Equal(t, 20, w.replay(0, "shop", 2, seen), "before the first has emptied anything")
		p.visible()
		require.Empty(t, w.open(0, "shop"))
		require.Zero(t, w.replay(0, "shop", 3, w.written(p, 0)))
		require.Len(t, w.store.Rows(), 25)
		w.requireOnce()
		w.requireExact(1)
		w.requireLedger(p)
		s, err = p.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, stream.Ledger{Accepted: 77, Stored: 25, Duplicate: 32, Quarantined: 20}, s.Ledger["shop"])
		require.NoError(t, p.end())
	})
}

// TestReplayAfterTheCauseIsGone refuses events, replays them in vain, and again
// when the store takes them.
func TestReplayAfterTheCauseIsGone(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.store.refuses = func(ev *footfall.Event) bool { return ev.Name == "poison" }
		p := w.begin(w.config(), nil)
		messages := w.clicks(30)
		for i := range messages {
			if i%10 == 3 {
				messages[i].name = "poison"
			}
		}
		w.append(0, "shop", messages...)
		p.visible()
		require.Len(t, w.open(0, "shop"), 3)
		sessions := w.store.Sessions()
		require.Equal(t, 3, w.replay(0, "shop", 1, w.written(p, 0)))
		p.visible()
		require.Len(t, w.open(0, "shop"), 3, "at other places")
		require.Len(t, w.store.Rejected(), 6)

		w.store.set(func(c *clerk) { c.refuses = nil })
		w.log.Fence(0) // a restart in between
		p.visible()
		require.Equal(t, 3, w.replay(0, "shop", 2, w.written(p, 0)))
		p.visible()
		require.Empty(t, w.open(0, "shop"))
		require.Len(t, w.store.Rows(), 30)
		require.Equal(t, sessions, w.store.Sessions(), "they had counted from the start")
		for _, ev := range w.store.Rows() {
			require.Equal(t, sessions[0].Session, ev.Session)
		}
		w.requireOnce()
		w.requireExact(1)
		w.requireLedger(p)
		require.NoError(t, p.end())
	})
}

// TestQuarantinedByAnother shows that a row which another owner moved to
// quarantine while this one was at work is accounted for as such.
func TestQuarantinedByAnother(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		first := once()
		w.store.insert = func(b *footfall.Batch, _ int) fate {
			if !first() {
				return fine
			}
			ev := &b.Events[3]
			row := footfall.Rejected{Tenant: ev.Tenant, Position: ev.Position, Time: ev.Received, Reason: "theirs", Payload: "{}"}
			require.NoError(t, w.store.Memory.Upsert(t.Context(), &footfall.Upserts{Rejected: []footfall.Rejected{row}}))
			return unheard
		}
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(10)...)
		p.visible()
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, stream.Ledger{Accepted: 10, Stored: 9, Quarantined: 1}, s.Ledger["shop"])
		w.requireExact(1)
		require.NoError(t, p.end())
	})
}

// TestParkedRowsWaitForTheStore takes the upserts away: the fold must wait then
// rather than keep all that is parked in memory, and lose nothing of it.
func TestParkedRowsWaitForTheStore(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		var most atomic.Int64
		var mended atomic.Bool
		w.store.upsert = func(u *footfall.Upserts) error {
			n := 0
			for i := range u.Rejected {
				n += len(u.Rejected[i].Payload)
			}
			most.Store(max(most.Load(), int64(n)))
			if !mended.Load() {
				return errStore
			}
			return nil
		}
		cfg := w.config()
		cfg.MaxBytes = 1 << 20
		p := w.begin(cfg, nil)
		const records, each, size = 120, 8, 64 << 10
		for i := range records {
			var m []message
			for j := range each {
				m = append(m, message{visitor: "v", id: fmt.Sprintf("%0*d", size, i*each+j)})
			}
			w.park(0, "shop", m...)
		}
		time.Sleep(time.Minute)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Less(t, s.Partitions[0].To, int64(records), "the fold waits")
		mended.Store(true)
		p.visible()
		require.Len(t, w.open(0, "shop"), records*each)
		require.Less(t, most.Load(), int64(32<<20))
		w.requireExact(1)
		require.NoError(t, p.end())
	})
}
