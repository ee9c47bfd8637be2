package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

func capped(c tenant.Caps) func(*Config, *tenant.Registration) {
	return func(_ *Config, reg *tenant.Registration) { reg.Caps = c }
}

// Too many names of events become one, and what was known before stays.
func TestTooManyEventNames(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	b := setup(t, capped(tenant.Caps{Events: 2}), func(c *Config, _ *tenant.Registration) { c.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	const path = "/v1/track"
	for _, name := range []string{"A", "B", "A"} {
		ev := b.one(path, `{"event":"`+name+`","userId":"u","properties":{"p":1}}`)
		require.Equal(t, name, ev.Name)
		require.Empty(t, ev.Derived)
	}
	require.Empty(t, logged.String())
	for range 2 {
		ev := b.one(path, `{"event":"C\"\u00fc","userId":"u","messageId":"m","properties":{"p":1},"context":{"locale":"de"}}`)
		require.Equal(t, "$other", ev.Name)
		require.Equal(t, footfall.Track, ev.Type)
		require.Equal(t, "m", ev.MessageID)
		require.JSONEq(t, `{"$event_name":"C\"ü","$locale":"de"}`, ev.Derived)
		require.JSONEq(t, `{"p":1}`, ev.Properties)
	}
	require.JSONEq(t, `{"$event_name":"D"}`, b.one(path, `{"event":"D","userId":"u"}`).Derived)
	require.Equal(t, "B", b.one(path, `{"event":"B","userId":"u"}`).Name)
	require.Equal(t, "$page", b.one("/v1/page", `{"userId":"u"}`).Name, "names of ours do not count")
	require.Equal(t, Counts{Renamed: 3}, b.Counts()[shop(t)])
	require.Equal(t, 1, strings.Count(logged.String(), "\n"), "said once: %s", logged.String())
}

// Properties over the caps stay in the event and are listed for the store.
func TestTooManyProperties(t *testing.T) {
	t.Parallel()
	b := setup(t, capped(tenant.Caps{Properties: 3, Text: 10}))
	require.Empty(t, b.one("/v1/track", `{"event":"A","userId":"u","properties":{"a":1,"b":{"c":2},"none":null}}`).Derived)
	const more = `{"d":1,"e":2,"b":{"c":"123456789","f":[1]},"a":1}`
	ev := b.one("/v1/page", `{"userId":"u","properties":`+more+`,"context":{"locale":"de"}}`)
	require.JSONEq(t, more, ev.Properties, "nothing is lost")
	require.JSONEq(t, `{"$unflattened":["e","b.c","b.f"],"$locale":"de"}`, ev.Derived)
	require.Equal(t, map[string]bool{"e": true, "b.c": true, "b.f": true}, schema.Unflattened(ev.Derived))
	ev = b.one("/v1/identify", `{"userId":"u","traits":{"a":{"x":1},"g":{"y":1},"h":null}}`)
	require.JSONEq(t, `{"$unflattened":["a.x","g","h"]}`, ev.Derived)
	require.Equal(t, Counts{Unflattened: 6}, b.Counts()[shop(t)])
}

// Caps hold for each tenant by itself, and with settings that leave them out.
func TestCapsPerTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"one", "two"} {
		id, err := tenant.ParseID(name)
		require.NoError(t, err)
		small := &tenant.Tenant{ID: id, Settings: tenant.Settings{Caps: tenant.Caps{Events: 1}}}
		require.NoError(t, b.Track(t.Context(), small, Message{Event: name, UserID: "u"}, Message{Event: "more", UserID: "u"}))
		require.Equal(t, Counts{Renamed: 1}, b.Counts()[id])
	}
	events := b.log.events(t)
	require.Equal(t, []string{"one", "$other", "two", "$other"}, []string{events[0].Name, events[1].Name, events[2].Name, events[3].Name})
	require.NoError(t, b.Track(t.Context(), &tenant.Tenant{ID: shop(t), Settings: tenant.Settings{SessionGap: 1, SessionCap: 1, DedupWindow: 1}}, Message{Event: "A", UserID: "u"}))
	require.Equal(t, "A", b.log.events(t)[4].Name)
}

// A million names of events and as many of properties from one tenant take no
// more memory than its caps, and another tenant does not feel them.
func TestAMillionNames(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	events := 0
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.Log = logFunc(func(context.Context, []footfall.Record) error { return nil })
	})
	send := func(n int) {
		var body strings.Builder
		body.WriteString(`{"batch":[`)
		for i := range n {
			if i > 0 {
				body.WriteByte(',')
			}
			events++
			fmt.Fprintf(&body, `{"type":"track","event":"Order %d","userId":"u","properties":{"total of %d":1}}`, events, events)
		}
		body.WriteString("]}")
		require.Equal(t, http.StatusOK, b.post("/v1/batch", body.String()).Code)
	}
	send(2500)
	send(2500)
	before := heap()
	for events < 1_000_000 {
		send(2500)
	}
	require.Less(t, heap()-before, int64(2<<20))
	require.Equal(t, Counts{Renamed: 1_000_000 - 2_000, Unflattened: 1_000_000 - 5_000}, b.Counts()[shop(t)])

	other, err := tenant.ParseID("other")
	require.NoError(t, err)
	require.NoError(t, b.Track(t.Context(), &tenant.Tenant{ID: other}, Message{Event: "A", UserID: "u", Properties: map[string]any{"p": 1}}))
	require.Zero(t, b.Counts()[other])
	runtime.KeepAlive(b)
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
