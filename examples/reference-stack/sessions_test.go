package referencestack

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// sessionsResult is what kind sessions answers.
type sessionsResult struct {
	Count      []float64
	BounceRate []*float64 `json:"bounce_rate"`
	Views      []*float64
	Seconds    []struct{ Mean *float64 }
	Entry      []struct {
		Value string
		Count float64
	}
}

// TestSessionRules sets a tenant's rules in YAML, sends events by them and
// asks for the sessions; again after a kill. A tenant without rules has other
// sessions of the same events.
func TestSessionRules(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(config, []byte("tenants:\n"+
		"  - {id: shop, write_keys: [wk_shop], read_keys: [rk_shop], session: {non_interactive: [Heartbeat, Preloaded], key_events: [Order Completed]}}\n"+
		"  - {id: open, write_keys: [wk_open], read_keys: [rk_open]}\n"), 0o600))
	dir := t.TempDir()
	s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
	s.waitReady(t)

	type m = map[string]any
	send := func(key string) {
		at := func(clock, visitor string, message m) m {
			message["timestamp"], message["messageId"], message["anonymousId"] = "2024-03-01T"+clock+"Z", clock+visitor, visitor
			return message
		}
		var answer struct{}
		s.call(t, http.MethodPost, "/v1/batch", key, m{"writeKey": key, "batch": []any{
			at("09:59:00", "early", m{"type": "track", "event": "Preloaded"}),
			at("10:00:00", "early", m{"type": "page", "properties": m{"path": "/home"}}),
			at("10:00:30", "early", m{"type": "page", "properties": m{"path": "/next", "nonInteraction": 1}}),
			at("10:20:00", "early", m{"type": "track", "event": "Heartbeat"}),
			at("10:40:00", "early", m{"type": "track", "event": "Clicked"}),
			at("10:00:00", "buyer", m{"type": "page", "properties": m{"path": "/cart"}}),
			at("10:00:01", "buyer", m{"type": "track", "event": "Order Completed"}),
			at("10:00:00", "idle", m{"type": "track", "event": "Heartbeat"}),
		}}, &answer)
	}
	send(writeKey)
	send("wk_open")
	check := func() {
		t.Helper()
		s.settled(t)
		got := query[sessionsResult](t, s, m{"kind": "sessions", "range": always})
		require.Equal(t, []float64{3}, got.Count, "early's two, of which heartbeats made none longer, and the buyer's")
		require.InDelta(t, 2.0/3, *got.BounceRate[0], 1e-9, "who bought did not bounce")
		require.InDelta(t, 2.0/3, *got.Views[0], 1e-9)
		require.InDelta(t, 1.0/3, *got.Seconds[0].Mean, 1e-9)
		require.Len(t, got.Entry, 2)

		var other struct{ Result sessionsResult }
		s.call(t, http.MethodPost, "/api/v1/query", "rk_open", m{"kind": "sessions", "range": always}, &other)
		require.Equal(t, []float64{3}, other.Result.Count, "one of each visitor")
		require.InDelta(t, 2.0/3, *other.Result.BounceRate[0], 1e-9)
		require.InDelta(t, (41*60+1)/3.0, *other.Result.Seconds[0].Mean, 1e-9)

		answer := query[trend](t, s, m{
			"kind": "trend", "interval": "total", "range": always,
			"series": []any{m{"event": "*"}}, "breakdown": m{"property": "event.$interactive"},
		})
		values := map[any]float64{}
		for _, line := range answer.Series {
			values[line.Breakdown] = *line.Total
		}
		require.Equal(t, map[any]float64{"false": 4, nil: 4}, values, "all of them are events")
	}
	check()
	s.kill(t)
	s = launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
	s.waitReady(t)
	send(writeKey) // and once more, which changes nothing
	check()
	s.stop(t)
}

// TestSessionsCut has tenants whose campaigns or senders cut sessions, and one
// whose do not, send the same events, with a kill in the middle of them.
func TestSessionsCut(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(config, []byte("tenants:\n"+
		"  - {id: shop, write_keys: [wk_shop], read_keys: [rk_shop]}\n"+
		"  - {id: cut, write_keys: [wk_cut], read_keys: [rk_cut], session: {campaign: true}}\n"+
		"  - {id: own, write_keys: [wk_own], read_keys: [rk_own], session: {id: $session_id}}\n"), 0o600))
	dir := t.TempDir()
	start := func() *server {
		s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
		s.waitReady(t)
		return s
	}
	s := start()

	type m = map[string]any
	page := func(minute, query, session string) m {
		return m{
			"type": "page", "anonymousId": "v", "messageId": minute, "timestamp": "2024-03-01T10:" + minute + ":00Z",
			"properties": m{"url": "https://shop.example/p" + minute + query, "$session_id": session},
		}
	}
	send := func(messages ...any) {
		for _, key := range []string{"wk_shop", "wk_cut", "wk_own"} {
			var answer struct{}
			s.call(t, http.MethodPost, "/v1/batch", key, m{"writeKey": key, "batch": messages}, &answer)
		}
	}
	send(page("00", "", "a"), page("05", "?utm_source=mail", "a"), page("06", "?utm_source=mail", "b"))
	s.settled(t)
	s.kill(t)
	s = start()
	send(page("07", "", "a"), page("10", "?utm_source=search", "b"), m{ // and of a server, after the gap
		"type": "track", "event": "Paid", "anonymousId": "v", "messageId": "paid", "timestamp": "2024-03-01T12:00:00Z",
		"properties": m{"$session_id": "b"},
	})
	s.settled(t)
	check := func(key string, count, views, seconds float64, entries ...string) {
		t.Helper()
		var got struct{ Result sessionsResult }
		s.call(t, http.MethodPost, "/api/v1/query", key, m{"kind": "sessions", "range": always}, &got)
		require.Equal(t, []float64{count}, got.Result.Count, key)
		require.InDelta(t, views, *got.Result.Views[0], 1e-9, key)
		require.InDelta(t, seconds, *got.Result.Seconds[0].Mean, 1e-9, key)
		var values []string
		for _, e := range got.Result.Entry {
			values = append(values, e.Value)
		}
		require.Equal(t, entries, values, key)
	}
	check("rk_shop", 2, 2.5, 10*60/2, "/p00")
	check("rk_cut", 4, 1.25, 2*60/4, "/p00", "/p05", "/p10")
	check("rk_own", 2, 2.5, (7*60+114*60)/2, "/p00", "/p06")
	s.stop(t)
}
