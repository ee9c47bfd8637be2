package record

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

func TestParkedRoundTrip(t *testing.T) {
	t.Parallel()
	h := header(t)
	h.Kind, h.Reason = Parked, "over the plan: 10.000 events"
	rec := encode(h, sample())
	require.Equal(t, Parked, KindOf(&rec))
	got, err := ParseHeader(&rec)
	require.NoError(t, err)
	require.Equal(t, h, got)
	events, err := AppendEvents(nil, &rec, &got)
	require.NoError(t, err)
	require.Len(t, events, len(sample()))
	_, _, err = AppendReplay(nil, nil, &rec, &got)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestReplayRoundTrip(t *testing.T) {
	t.Parallel()
	h := header(t)
	h.Kind, h.Basis = Replay, Basis{Job: 1<<64 - 1, Seen: 12345}
	original := h
	original.Kind = Events
	first := encode(original, sample())
	want, err := AppendEvents(nil, &first, &original)
	require.NoError(t, err)

	var e Encoder
	e.Reset(h)
	var returns []Return
	for i := range sample() {
		ev := sample()[i]
		back := Return{Origin: footfall.Position{Epoch: 1, Partition: 2, Offset: int64(i) << 40, Index: uint32(i)}, Folded: i%2 == 0}
		if back.Folded {
			back.Session = 1<<64 - 1 - uint64(i)
		}
		returns = append(returns, back)
		e.AddReturn(&ev, back, h.Received-footfall.Millis(1000*i))
		want[i].Received, want[i].Session = h.Received-footfall.Millis(1000*i), back.Session
	}
	rec := e.Record(3)
	got, err := ParseHeader(&rec)
	require.NoError(t, err)
	require.Equal(t, h, got)
	events, backs, err := AppendReplay(nil, nil, &rec, &got)
	require.NoError(t, err)
	require.Equal(t, returns, backs)
	require.Equal(t, want, events)
	_, err = AppendEvents(nil, &rec, &got)
	require.ErrorIs(t, err, ErrCorrupt)
}

// TestPayloadRoundTrip shows that nothing of an event is lost in quarantine.
func TestPayloadRoundTrip(t *testing.T) {
	t.Parallel()
	h := header(t)
	odd := sample()
	odd[0].Properties = []byte(`{"html":"<b>&</b>","n":1.10,"a":1,"a":2}`)
	odd[1].Properties = []byte(`no JSON`)
	odd[2].Name = []byte("\u2028 \x00 \"")
	rec := encode(h, odd)
	events, err := AppendEvents(nil, &rec, &h)
	require.NoError(t, err)
	for i := range events {
		ev := &events[i]
		ev.Session, ev.Received = 1<<63+uint64(i), h.Received-77
		for _, folded := range []bool{true, false} {
			text, err := NewPayload(ev, folded)
			require.NoError(t, err)
			require.NotContains(t, text, "\n")
			got, back, received, err := ParsePayload(text)
			require.NoError(t, err)
			require.Equal(t, ev.Received, received)
			require.Equal(t, folded, back.Folded)
			if folded {
				require.Equal(t, ev.Session, back.Session)
			}
			again := encode(h, []Event{got})
			parsed, err := AppendEvents(nil, &again, &h)
			require.NoError(t, err)
			parsed[0].Position, parsed[0].Session, parsed[0].Received = ev.Position, ev.Session, ev.Received
			require.Equal(t, *ev, parsed[0])
		}
	}
	for _, text := range []string{"", "{}", "no JSON", `{"type":"track","timestamp":"yesterday"}`} {
		_, _, _, err := ParsePayload(text)
		require.Error(t, err, text)
	}
}

// FuzzPayload shows that what was parsed once is written and parsed the same.
func FuzzPayload(f *testing.F) {
	f.Add(`{"type":"track","event":"E","messageId":"m","anonymousId":"a","timestamp":"2024-01-01T00:00:00.001Z","properties":{"a":[1,"x"]},"folded":true,"session":"7"}`)
	f.Add(`{"type":"page","messageId":"m","anonymousId":"a","nonInteractive":true,"keyEvent":true,"bySender":true,"tag":4294967295}`)
	f.Add(`{"type":"alias","userId":"u","previousId":"p","receivedAt":"2024-01-01T00:00:00Z","context":"no JSON"}`)
	f.Fuzz(func(t *testing.T, text string) {
		ev, back, received, err := ParsePayload(text)
		if err != nil {
			return
		}
		again, err := NewPayload(&footfall.Event{
			Type: ev.Type, Marks: ev.Marks, Tag: ev.Tag, Name: string(ev.Name), MessageID: string(ev.MessageID), AnonymousID: string(ev.Anonymous), UserID: string(ev.User),
			PreviousID: string(ev.Previous), Time: ev.Time, Original: ev.Original, Sent: ev.Sent, Received: received,
			Properties: string(ev.Properties), Context: string(ev.Context), Derived: string(ev.Derived), Session: back.Session,
		}, back.Folded)
		if err != nil {
			return // a year of five digits
		}
		second, backAgain, receivedAgain, err := ParsePayload(again)
		require.NoError(t, err)
		require.Equal(t, received, receivedAgain)
		require.Equal(t, back.Folded, backAgain.Folded)
		require.Equal(t, ev.Marks, second.Marks)
		require.Equal(t, ev.Tag, second.Tag)
		require.Equal(t, ev.MessageID, second.MessageID)
		require.Equal(t, ev.Anonymous, second.Anonymous)
		require.Equal(t, ev.Time, second.Time)
	})
}
