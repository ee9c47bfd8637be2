package fold_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// park is put for a record that the door has set aside.
func (l *log) park(at footfall.Millis, reason string, events ...record.Event) []footfall.Event {
	l.tb.Helper()
	l.header.Kind, l.header.Reason = record.Parked, reason
	defer func() { l.header.Kind, l.header.Reason = record.Events, "" }()
	return l.put(at, events...)
}

// back is an event to be replayed, with where it comes from.
type back struct {
	record.Event
	record.Return
}

// replay puts a record of events from quarantine.
func (l *log) replay(at footfall.Millis, b record.Basis, events ...back) []footfall.Event {
	l.tb.Helper()
	h := l.header
	h.Kind, h.Basis, h.Received = record.Replay, b, start+at
	var enc record.Encoder
	enc.Reset(h)
	for i := range events {
		enc.AddReturn(&events[i].Event, events[i].Return, start)
	}
	rec := enc.Record(0)
	var out footfall.Batch
	l.apply(at, &rec, &out)
	return out.Events
}

func (l *log) origin(offset int64, index uint32) record.Return {
	return record.Return{Origin: footfall.Position{Offset: offset, Index: index}}
}

// account returns the tenant's totals and lets the state go through a snapshot,
// which must not change it.
func (l *log) account() fold.Totals {
	l.tb.Helper()
	l.flush()
	in := l.state.Snapshot()
	data, err := io.ReadAll(in)
	require.NoError(l.tb, err)
	require.NoError(l.tb, in.Close())
	l.state, err = fold.Restore(0, 0, fold.Limits{}, bytes.NewReader(data))
	require.NoError(l.tb, err)
	t := l.state.Totals()[0]
	t.Tenant = l.header.Tenant
	return t
}

func TestParkedEventsAreSetAside(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	login := l.event(footfall.Page, 0, "v", "u")
	require.Empty(t, l.park(0, "over the plan", login, l.event(footfall.Identify, 0, "v", "u")))
	require.Empty(t, l.put(second, login), "the copy of a parked event is not stored beside it")
	require.Empty(t, l.park(second, "over the plan", login), "nor parked twice")
	stored := l.track(second, "w")
	require.Len(t, l.put(second, stored), 1)
	require.Empty(t, l.park(second, "over the plan", stored), "and that of a stored one is not parked")
	require.Equal(t, fold.Totals{Tenant: l.header.Tenant, Stored: 1, Duplicate: 3, Quarantined: 2}, l.account())
	require.Empty(t, l.rows.Links, "links know nothing of it")
	require.Len(t, l.rows.Sessions, 1, "nor do sessions")
	require.Len(t, l.rows.IDs, 1)
	require.Len(t, l.rows.Rejected, 2)
	row := l.rows.Rejected[footfall.Position{}]
	require.Equal(t, "over the plan", row.Reason)
	require.Equal(t, start, row.Time)
	require.Zero(t, row.Version)
	require.JSONEq(t, `{"type":"page","event":"E","messageId":"m1","anonymousId":"v","userId":"u",`+
		fmt.Sprintf(`"timestamp":%q,"receivedAt":%[1]q}`, start.Time().Format("2006-01-02T15:04:05.999Z07:00")), row.Payload)
}

func TestReplayFoldsWhatWasParked(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	first, second2 := l.event(footfall.Page, 0, "v", "u"), l.event(footfall.Page, minute, "v", "")
	l.park(2*minute, "unpaid", first, second2)
	l.flush()
	basis := record.Basis{Job: 1, Seen: 1}
	events := l.replay(3*minute, basis, back{first, l.origin(0, 0)}, back{second2, l.origin(0, 1)})
	require.Len(t, events, 2)
	require.Equal(t, "m1", events[0].MessageID)
	require.Equal(t, start, events[0].Received, "when it first came")
	require.EqualValues(t, 1, events[0].Position.Offset)
	require.NotZero(t, events[0].Session)
	require.Equal(t, events[0].Session, events[1].Session)
	require.Equal(t, fold.Totals{Tenant: l.header.Tenant, Stored: 2, Quarantined: 2}, l.account(), "both are accounted for")
	require.Len(t, l.rows.Links, 1)
	require.Len(t, l.rows.Sessions, 1)
	for i := range uint32(2) {
		row := l.rows.Rejected[footfall.Position{Index: i}]
		require.Empty(t, row.Payload)
		require.Equal(t, fmt.Sprintf("replayed as 0/0/1/%d", i), row.Reason)
	}
	require.Empty(t, l.put(4*minute, first), "a late retransmission")
}

// TestReplayOfARefusedEvent shows that what the store had refused touches
// neither sessions nor links a second time.
func TestReplayOfARefusedEvent(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	ev := l.event(footfall.Page, 0, "v", "u")
	refused := l.put(0, ev)
	l.state.Quarantine(&refused[0], start)
	l.account()
	before := len(l.rows.Links)
	back := back{ev, l.origin(0, 0)}
	back.Folded, back.Session = true, refused[0].Session
	events := l.replay(minute, record.Basis{Job: 1, Seen: 1}, back)
	require.Len(t, events, 1)
	require.Equal(t, refused[0].Session, events[0].Session)
	require.Equal(t, fold.Totals{Tenant: l.header.Tenant, Stored: 1, Quarantined: 1}, l.account())
	require.Len(t, l.rows.Links, before)
	for _, s := range l.rows.Sessions {
		require.EqualValues(t, 1, s.Events)
	}
	// Refused again, it waits at its new place.
	l.state.Quarantine(&events[0], start+minute)
	require.Equal(t, fold.Totals{Tenant: l.header.Tenant, Quarantined: 2}, l.account())
}

// TestReplayOnce shows that a replay counts only if nobody has changed what it
// was decided upon, however late it comes.
func TestReplayOnce(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	a, b := l.track(0, "v"), l.track(0, "w")
	l.park(0, "unpaid", a, b)
	require.Len(t, l.replay(0, record.Basis{Job: 1, Seen: 1}, back{a, l.origin(0, 0)}), 1) // offset 1
	require.Len(t, l.replay(0, record.Basis{Job: 1, Seen: 1}, back{b, l.origin(0, 1)}), 1, "the same replay goes on")
	l.account()
	for _, job := range []uint64{0, 2} {
		for _, seen := range []int64{0, 1, 2} {
			require.Empty(t, l.replay(30*day, record.Basis{Job: job, Seen: seen}, back{a, l.origin(0, 0)}), "read before it was emptied")
		}
	}
	require.EqualValues(t, 6, l.account().Duplicate)
	c := l.track(0, "v")
	l.park(30*day, "unpaid", c) // offset 9
	require.Len(t, l.replay(30*day, record.Basis{Job: 3, Seen: 9}, back{c, l.origin(9, 0)}), 1)
}

// TestErasureBeatsReplay shows that what was read before an erasure does not
// come back, and that what waited to be written is empty.
func TestErasureBeatsReplay(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]record.Erase{
		"visitor": {Name: "e", Visitors: []string{"v"}}, "user": {Name: "e", Users: []string{"u"}}, "tenant": {Name: "e", All: true},
	} {
		l := newLog(t, fold.Limits{})
		ev, other := l.event(footfall.Page, 0, "v", "u"), l.track(0, "w")
		l.park(0, "unpaid", ev, other)
		l.order(0, record.Order{Erase: &o}) // offset 1, nothing was flushed
		l.account()
		gone, kept := l.rows.Rejected[footfall.Position{}], l.rows.Rejected[footfall.Position{Index: 1}]
		require.Equal(t, [2]string{"", "erased"}, [2]string{gone.Payload, gone.Reason}, name)
		require.Equal(t, name == "tenant", kept.Payload == "", name)
		require.Empty(t, l.replay(0, record.Basis{Job: 1, Seen: 1}, back{ev, l.origin(0, 0)}, back{other, l.origin(0, 1)}), name)
		require.Len(t, l.replay(0, record.Basis{Job: 2, Seen: 2}, back{other, l.origin(0, 1)}), 1, name)
		want := fold.Totals{Tenant: l.header.Tenant, Stored: 1, Duplicate: 2, Quarantined: 2}
		if name == "tenant" {
			want.Quarantined, want.Dropped, want.Since = 0, 2, 2
		}
		require.Equal(t, want, l.account(), name)
	}
}

// BenchmarkPark folds parked events, which a plan may make of all that comes.
func BenchmarkPark(b *testing.B) {
	b.ReportAllocs()
	l := newLog(b, fold.Limits{})
	l.header.Kind, l.header.Reason = record.Parked, "over the plan"
	var u footfall.Upserts
	n := 0
	for b.Loop() {
		events := make([]record.Event, 100)
		for i := range events {
			events[i] = l.track(0, "v")
			events[i].Properties = []byte(`{"path":"/","title":"Home"}`)
		}
		n += len(events)
		l.put(0, events...)
		u.Reset()
		l.state.Flush(&u)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}
