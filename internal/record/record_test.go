package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

func header(tb testing.TB) Header {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	return HeaderOf(&tenant.Tenant{ID: id, Settings: tenant.Settings{Dedicated: true}.WithDefaults()}, Events, time.UnixMilli(1_700_000_000_123))
}

func sample() []Event {
	at := footfall.Millis(1_700_000_000_000)
	return []Event{
		{Type: footfall.Track, Name: []byte("Order"), MessageID: []byte("m1"), Anonymous: []byte("a"), User: []byte("u"), Time: at, Original: at, Sent: at + 5, Properties: []byte(`{"x":1}`), Context: []byte(`{"c":1}`)},
		{Type: footfall.Page, Marks: footfall.NonInteractive | footfall.KeyEvent | footfall.ByCampaign, Name: []byte("$page"), MessageID: []byte("m2"), Anonymous: []byte("a"), User: []byte("u"), Time: at + 1, Derived: []byte(`{"$path":"/"}`), Context: []byte(`{"c":1}`)},
		{Type: footfall.Alias, Name: []byte("$alias"), MessageID: []byte("m3"), Anonymous: []byte("a"), User: []byte("u2"), Previous: []byte("p"), Time: at - 90_000},
		{Type: footfall.Track, Name: []byte("Order"), MessageID: []byte("m4"), Anonymous: []byte("a"), Time: at, Context: []byte(`{"c":2}`)},
		{Type: footfall.Track, Name: []byte("Order"), MessageID: []byte("m5"), User: []byte("u"), Time: at},
		{Type: footfall.Track, Marks: footfall.KeyEvent | footfall.BySender, Tag: 1<<32 - 1, Name: []byte("Order"), MessageID: []byte("m6"), User: []byte("u"), Time: at},
	}
}

func encode(h Header, events []Event) footfall.Record {
	var e Encoder
	e.Reset(h)
	for i := range events {
		e.Add(&events[i])
	}
	return e.Record(3)
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	h := header(t)
	rec := encode(h, sample())
	rec.Epoch, rec.Offset = 2, 77
	got, err := ParseHeader(&rec)
	require.NoError(t, err)
	require.Equal(t, h, got)
	events, err := AppendEvents(nil, &rec, &h)
	require.NoError(t, err)
	require.Len(t, events, len(sample()))
	for i, want := range sample() {
		visitor := schema.VisitorID(h.Tenant, string(want.Anonymous))
		var user footfall.ID
		if len(want.User) > 0 {
			user = schema.UserID(h.Tenant, string(want.User))
		}
		if want.Type == footfall.Alias {
			visitor = schema.VisitorID(h.Tenant, string(want.Previous))
		} else if len(want.Anonymous) == 0 {
			visitor = user
		}
		require.Equal(t, footfall.Event{
			Tenant: h.Tenant, Silo: "shop", Position: footfall.Position{Epoch: 2, Partition: 3, Offset: 77, Index: uint32(i)},
			Type: want.Type, Marks: want.Marks, Tag: want.Tag, Name: string(want.Name), MessageID: string(want.MessageID),
			Time: want.Time, Original: want.Original, Sent: want.Sent, Received: h.Received,
			AnonymousID: string(want.Anonymous), UserID: string(want.User), PreviousID: string(want.Previous),
			Visitor: visitor, User: user,
			Properties: string(want.Properties), Context: string(want.Context), Derived: string(want.Derived),
		}, events[i], "event %d", i)
	}
}

// TestMarksStandAboveTheType shows that records from before there were marks are
// read as ever, and that one is not read with half of what it says.
func TestMarksStandAboveTheType(t *testing.T) {
	t.Parallel()
	h := header(t)
	rec := encode(h, sample()[:1])
	require.Equal(t, byte(footfall.Track), rec.Value[0])
	value := rec.Value
	for first := range 256 {
		kind, marks := footfall.Type(first&7), footfall.Marks(first>>3)
		rec.Value = append([]byte{byte(first)}, value[1:]...)
		if marks&tagged != 0 {
			rec.Value = append(append([]byte{byte(first)}, value[1], 7), value[2:]...)
		}
		events, err := AppendEvents(nil, &rec, &h)
		if kind < footfall.Track || kind > footfall.Alias || marks > allMarks || marks&tagged == tagged {
			require.ErrorIs(t, err, ErrCorrupt, "%x", first)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, kind, events[0].Type)
		require.Equal(t, marks, events[0].Marks)
		require.Equal(t, marks&tagged != 0, events[0].Tag == 7)
	}
	rec.Value = append([]byte{byte(footfall.Track) | byte(footfall.BySender)<<markShift, value[1], 0x80, 0x80, 0x80, 0x80, 0x10}, value[2:]...)
	_, err := AppendEvents(nil, &rec, &h)
	require.ErrorIs(t, err, ErrCorrupt, "a tag has 32 bits")
}

func TestOrderRoundTrip(t *testing.T) {
	t.Parallel()
	want := Order{Unlink: &Unlink{AnonymousID: "a", UserID: "u"}}
	rec, err := NewOrder(header(t), 1, want)
	require.NoError(t, err)
	got, err := ParseOrder(&rec)
	require.NoError(t, err)
	require.Equal(t, want, got)
	h, err := ParseHeader(&rec)
	require.NoError(t, err)
	require.Equal(t, Command, h.Kind)
	_, err = AppendEvents(nil, &rec, &h)
	require.ErrorIs(t, err, ErrCorrupt)
	_, err = ParseOrder(&footfall.Record{Value: []byte("{}")})
	require.ErrorIs(t, err, ErrCorrupt)
}

// FuzzDecode shows that no bytes make the decoder panic or read past the end.
func FuzzDecode(f *testing.F) {
	rec := encode(header(f), sample())
	f.Add(rec.Header, rec.Value, rec.Events)
	parked := header(f)
	parked.Kind, parked.Reason = Parked, "over the plan"
	rec = encode(parked, sample())
	f.Add(rec.Header, rec.Value, rec.Events)
	var e Encoder
	back := header(f)
	back.Kind, back.Basis = Replay, Basis{Job: 7, Seen: 5}
	e.Reset(back)
	for _, ev := range sample() {
		e.AddReturn(&ev, Return{Origin: footfall.Position{Offset: 4, Index: 3}, Folded: true, Session: 9}, 1)
	}
	rec = e.Record(3)
	f.Add(rec.Header, rec.Value, rec.Events)
	f.Fuzz(func(t *testing.T, head, value []byte, n uint32) {
		rec := footfall.Record{Tenant: "shop", Header: head, Value: value, Events: n}
		h, err := ParseHeader(&rec)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		if _, err := AppendEvents(nil, &rec, &h); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		}
		if _, _, err := AppendReplay(nil, nil, &rec, &h); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		}
		if _, err := ParseOrder(&rec); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		}
	})
}

func BenchmarkAppendEvents(b *testing.B) {
	b.ReportAllocs()
	h := header(b)
	rec := encode(h, sample())
	var dst []footfall.Event
	for b.Loop() {
		dst, _ = AppendEvents(dst[:0], &rec, &h)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/event")
}

// TestHeaderCarriesTheSettings shows that all the fold needs of a tenant
// travels with its events: nothing is looked up later.
func TestHeaderCarriesTheSettings(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	at := time.UnixMilli(1_700_000_000_123)
	for _, kind := range []Kind{Events, Command} {
		owner := &tenant.Tenant{ID: id, Settings: tenant.Settings{
			Version: 7, SessionGap: 11 * time.Minute, SessionCap: 5 * time.Hour, DedupWindow: 3 * time.Hour, Dedicated: true,
		}}
		want := Header{
			Kind: kind, Tenant: id, Silo: "shop", Settings: 7,
			Gap: 11 * 60_000, Cap: 5 * 3_600_000, Window: 3 * 3_600_000, Received: footfall.MillisOf(at),
		}
		h := HeaderOf(owner, kind, at)
		require.Equal(t, want, h)
		var rec footfall.Record
		if kind == Events {
			var e Encoder
			e.Reset(h)
			e.Add(&Event{Type: footfall.Track, Name: []byte("E"), MessageID: []byte("m"), Anonymous: []byte("v")})
			rec = e.Record(0)
		} else {
			rec, err = NewOrder(h, 0, Order{Unlink: &Unlink{AnonymousID: "v", UserID: "u"}})
			require.NoError(t, err)
		}
		got, err := ParseHeader(&rec)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
