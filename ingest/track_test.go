package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// What Track logs is what a request with the same messages logs.
func TestTrackLogsWhatTheWireLogs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := time.Date(2024, 5, 1, 10, 0, 0, 123_456_789, time.FixedZone("", 7200))
	require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)),
		Message{Event: "Order <Completed> & \"paid\"", UserID: "u", MessageID: "1", Timestamp: at, Properties: map[string]any{"total": 99.5, "url": "/?a=1&b=<2>", "tags": []string{"x", "\n"}}},
		Message{Type: footfall.Page, AnonymousID: "a", MessageID: "2", Timestamp: at, Name: "Home", Category: "c", Properties: map[string]any{"url": "https://x.example/p?utm_source=s&b=1"}},
		Message{Type: footfall.Screen, AnonymousID: "a", MessageID: "3", Timestamp: at, Name: "Home\u2028", Context: map[string]any{"locale": "de"}},
		Message{Type: footfall.Identify, AnonymousID: "a", UserID: "u", MessageID: "4", Timestamp: at, Traits: map[string]any{"plan": "pro", "nested": map[string]any{"a": nil}}},
		Message{Type: footfall.Group, UserID: "u", GroupID: "g", MessageID: "5", Timestamp: at, Traits: map[string]any{"seats": 3}},
		Message{Type: footfall.Alias, UserID: "u", PreviousID: "a", MessageID: "6", Timestamp: at},
	))
	tracked := b.log.events(t)
	require.Len(t, tracked, 6)
	require.Equal(t, 1, b.log.count(), "one record a call and partition")

	w := b.post("/v1/batch", `{"batch":[
		{"type":"track","event":"Order <Completed> & \"paid\"","userId":"u","messageId":"1","timestamp":"2024-05-01T08:00:00.123Z","properties":{"tags":["x","\n"],"total":99.5,"url":"/?a=1&b=<2>"}},
		{"type":"page","anonymousId":"a","messageId":"2","timestamp":"2024-05-01T08:00:00.123Z","name":"Home","category":"c","properties":{"url":"https://x.example/p?utm_source=s&b=1"}},
		{"type":"screen","anonymousId":"a","messageId":"3","timestamp":"2024-05-01T08:00:00.123Z","name":"Home\u2028","context":{"locale":"de"}},
		{"type":"identify","anonymousId":"a","userId":"u","messageId":"4","timestamp":"2024-05-01T08:00:00.123Z","traits":{"nested":{"a":null},"plan":"pro"}},
		{"type":"group","userId":"u","groupId":"g","messageId":"5","timestamp":"2024-05-01T08:00:00.123Z","traits":{"seats":3}},
		{"type":"alias","userId":"u","previousId":"a","messageId":"6","timestamp":"2024-05-01T08:00:00.123Z"}]}`)
	require.JSONEq(t, `{"success":true,"accepted":6,"rejected":[]}`, w.Body.String())
	sent := b.log.events(t)[6:]
	for i := range sent {
		tracked[i].Position, tracked[i].Received = sent[i].Position, sent[i].Received
		for _, pair := range [][2]*string{{&tracked[i].Properties, &sent[i].Properties}, {&tracked[i].Derived, &sent[i].Derived}, {&tracked[i].Context, &sent[i].Context}} {
			if *pair[0] != "" && *pair[1] != "" {
				require.JSONEq(t, *pair[1], *pair[0])
				*pair[0] = *pair[1] // the same text, whatever its escapes
			}
		}
		require.Equal(t, sent[i], tracked[i])
	}
}

func TestTrackDefaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.Track(t.Context(), &tenant.Tenant{ID: shop(t)}, Message{Event: "A", UserID: "u"}))
	require.NoError(t, b.Track(t.Context(), &tenant.Tenant{ID: shop(t)}))
	events := b.log.events(t)
	require.Len(t, events, 1)
	require.Equal(t, footfall.Track, events[0].Type)
	require.Equal(t, events[0].Received, events[0].Time)
	require.Zero(t, events[0].Original)
	require.NotEmpty(t, events[0].MessageID)
	require.Empty(t, events[0].Properties+events[0].Context+events[0].Derived)
}

// Every message that is refused is named, and the others are kept.
func TestTrackNamesWhatItRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cycle := map[string]any{}
	cycle["self"] = cycle
	deep := map[string]any{}
	for range 40 {
		deep = map[string]any{"a": deep}
	}
	good := Message{Event: "A", UserID: "u"}
	err := b.Track(t.Context(), b.keys.Tenant(shop(t)),
		good,
		Message{Event: "A", MessageID: "no one"},
		Message{UserID: "u"},
		Message{Event: "A", UserID: "undefined"},
		Message{Type: 99, Event: "A", UserID: "u"},
		Message{Event: "A", UserID: "u", Properties: map[string]any{"big": strings.Repeat("x", maxEvent)}},
		Message{Event: "A", UserID: "u", Context: map[string]any{"f": func() {}}, MessageID: "func"},
		Message{Event: "A", UserID: "u", Properties: map[string]any{"nan": math.NaN()}},
		Message{Event: "A", UserID: "u", Properties: cycle},
		Message{Event: "A", UserID: "u", Properties: deep},
		Message{Event: "A", UserID: "u\xff"},
		Message{Event: "A", UserID: "u", Timestamp: time.Now().Add(48 * time.Hour)},
		Message{Event: "A", UserID: "u", Timestamp: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)},
		Message{Event: "A", UserID: "u", MessageID: strings.Repeat("m", 101)},
		Message{Event: strings.Repeat("e", 501), UserID: "u"},
		Message{Type: footfall.Alias, UserID: "u"},
		good,
	)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.True(t, footfall.IsPermanent(err))
	require.EqualError(t, err, "ingest: 15 of 17 messages refused; number 1: userId or anonymousId is required (missing_id)")
	type brief struct {
		index int
		path  string
		code  Code
	}
	var got []brief
	for _, r := range refused.Refused {
		got = append(got, brief{r.Index, r.Path, r.Code})
		require.NotEmpty(t, r.Message)
	}
	require.Equal(t, []brief{
		{1, "", MissingID},
		{2, "/event", MissingEvent},
		{3, "/userId", IllegalID},
		{4, "/type", UnknownType},
		{5, "", TooLarge},
		{6, "/context", BadType},
		{7, "/properties", BadType},
		{8, "/properties", BadType},
		{9, "", TooDeep},
		{10, "/userId", InvalidJSON},
		{11, "/timestamp", TooFarAhead},
		{12, "/timestamp", BadTimestamp},
		{13, "/messageId", BadMessageID},
		{14, "/event", TooLarge},
		{15, "/previousId", MissingID},
	}, got)
	require.Equal(t, "no one", refused.Refused[0].MessageID)
	require.Equal(t, "func", refused.Refused[5].MessageID)
	require.Len(t, b.log.events(t), 2)
	require.Equal(t, uint64(15), b.Counts()[shop(t)].Refused)
}

func TestTrackIsWrongAsAWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := Message{Event: "A", UserID: "u"}
	huge := Message{Event: "A", UserID: "u", Properties: map[string]any{"x": strings.Repeat("x", maxImport)}}
	known := b.keys.Tenant(shop(t))
	for name, err := range map[string]error{
		"nobody":       b.Track(t.Context(), nil, good),
		"no id":        b.Track(t.Context(), &tenant.Tenant{}, good),
		"too many":     b.Track(t.Context(), known, make([]Message, maxBatch+1)...),
		"too much":     b.Track(t.Context(), known, good, huge),
		"too much yet": b.Track(t.Context(), known, huge),
	} {
		require.Error(t, err, name)
		require.True(t, footfall.IsPermanent(err), name)
	}
	require.Zero(t, b.log.count())
	require.NoError(t, b.Track(t.Context(), known, good), "what went before is forgotten")
	require.Len(t, b.log.events(t), 1)
}

// While the log is down nothing is refused and nothing counted: the call may be
// made again.
func TestTrackWhileTheLogIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	full := errors.New("disk full")
	b.log.fail(full)
	messages := []Message{{Event: "A", UserID: "u", MessageID: "m"}, {Event: "B"}}
	known := b.keys.Tenant(shop(t))
	err := b.Track(t.Context(), known, messages...)
	require.ErrorIs(t, err, full)
	require.False(t, footfall.IsPermanent(err))
	require.Zero(t, b.Counts()[shop(t)].Refused)

	b.log.fail(nil)
	var refused *RefusedError
	require.ErrorAs(t, b.Track(t.Context(), known, messages...), &refused)
	require.Len(t, refused.Refused, 1)
	require.Len(t, b.log.events(t), 1)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = b.Track(ctx, known, messages...)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, footfall.IsPermanent(err))
}

// Whatever texts a message has, what is logged is what was given.
func FuzzTrack(f *testing.F) {
	f.Add("Order", "u", "key", "value")
	f.Add("\x00\"\\", "\xff", "\u2028", "\ud7ff<>&")
	f.Fuzz(func(t *testing.T, event, user, key, value string) {
		b := setup(t)
		err := b.Track(t.Context(), &tenant.Tenant{ID: shop(t)}, Message{Event: event, UserID: user, MessageID: "m", Context: map[string]any{key: value}})
		events := b.log.events(t)
		if err != nil {
			var refused *RefusedError
			require.ErrorAs(t, err, &refused)
			require.Empty(t, events)
			return
		}
		require.Len(t, events, 1)
		require.Equal(t, event, events[0].Name)
		require.Equal(t, user, events[0].UserID)
		want, err := json.Marshal(map[string]any{key: value})
		require.NoError(t, err)
		require.JSONEq(t, string(want), events[0].Context)
	})
}

func BenchmarkTrack(b *testing.B) {
	h := benchDoor(b, 1)
	known := &tenant.Tenant{ID: shop(b), Settings: tenant.Settings{}.WithDefaults()}
	messages := make([]Message, 100)
	for i := range messages {
		messages[i] = Message{Event: "Order Completed", UserID: "u", MessageID: "m", Properties: map[string]any{"total": 99.5, "currency": "EUR", "items": 3}}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Track(b.Context(), known, messages...); err != nil {
			b.Fatal(err)
		}
	}
}

// TestNow has a door whose clock stands still in the past.
func TestNow(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Now = func() time.Time { return now } })
	require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Event: "A", UserID: "u"}))
	require.Equal(t, footfall.MillisOf(now), b.log.events(t)[0].Time)
	require.Equal(t, footfall.MillisOf(now), b.one("/v1/track", `{"event":"A","userId":"u"}`).Time)
	require.Equal(t, string(TooFarAhead), b.refused("/v1/track", `{"event":"A","userId":"u","timestamp":"2024-05-02T10:00:00.001Z"}`).Code)
}
