package referencestack

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watched is one thing that a stream told.
type watched struct{ event, id, data string }

// watch looks at what happens; the channel is closed when the stream ends.
func (s *server) watch(tb testing.TB, key string, headers ...string) <-chan watched {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, s.url+"/api/v1/live", nil)
	require.NoError(tb, err)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept-Encoding", "gzip")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, response.StatusCode)
	require.Empty(tb, response.Header.Get("Content-Encoding"))
	require.Contains(tb, response.Header.Get("Cache-Control"), "no-store")
	told := make(chan watched, 1000)
	go func() {
		defer close(told)
		defer func() { _ = response.Body.Close() }()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		var w watched
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				w.event = value
			case "id":
				w.id = value
			case "data":
				w.data = value
			case "":
				if w.id != "" || w.data != "" {
					told <- w
				}
				w = watched{}
			}
		}
	}()
	return told
}

// until returns what was told up to something that fits.
func until(tb testing.TB, told <-chan watched, fits func(watched) bool) (all []watched) {
	tb.Helper()
	late := time.After(patience)
	for {
		select {
		case w, ok := <-told:
			require.True(tb, ok, "the stream has ended after %v", all)
			if all = append(all, w); fits(w) {
				return all
			}
		case <-late:
			require.Fail(tb, "it was not told", "%v", all)
		}
	}
}

// TestLive looks at a running server while messages of every kind are sent: what
// is told is what kind events answers, and the stream ends with the server.
func TestLive(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--tenant", "other:"+otherWrite+":"+otherRead)
	told, others := s.watch(t, readKey), s.watch(t, otherRead)
	until(t, told, func(w watched) bool { return w.id != "" })
	until(t, others, func(w watched) bool { return w.id != "" })

	const at = `"timestamp":"2024-03-01T10:00:00.250Z"`
	batch := `{"sentAt":"2024-03-01T10:00:01Z","context":{"locale":"de"},"batch":[
		{"type":"track","event":"Käufe <&>","anonymousId":"v1","messageId":"m1",` + at + `,"properties":{"n":12345678901234567890,"a":{"b":[1,null]}}},
		{"type":"page","name":"Home","anonymousId":"v1","messageId":"m2",` + at + `},
		{"type":"identify","anonymousId":"v1","userId":"ann","messageId":"m3","traits":{"plan":"pro"}},
		{"type":"group","userId":"ann","groupId":"g","messageId":"m4","traits":{"x":1}},
		{"type":"alias","previousId":"old","userId":"ann","messageId":"m5"},
		{"type":"track","event":"Only user","userId":"bob","messageId":"m6"},
		{"type":"screen","name":"S","anonymousId":"v2","messageId":"m7"}]}`
	var taken struct{ Accepted int }
	s.call(t, "POST", "/v1/batch", writeKey, json.RawMessage(batch), &taken)
	s.call(t, "POST", "/v1/track", otherWrite, json.RawMessage(`{"event":"`+canary+`","userId":"x","messageId":"c1"}`), &taken)
	busy := false
	active := func(w watched) bool {
		return w.event == "active" && !strings.Contains(w.data, `"persons":0,`) && strings.HasSuffix(w.data, `,"window":"5m"}`)
	}
	byID := map[string]string{}
	last := ""
	take := func(w watched) bool {
		if w.event == "event" {
			var e struct{ ID string }
			require.NoError(t, json.Unmarshal([]byte(w.data), &e))
			byID[e.ID], last = w.data, w.id
		}
		require.NotContains(t, w.data, canary)
		busy = busy || active(w)
		return len(byID) >= 7
	}
	until(t, told, take)
	before := last
	s.settled(t)

	// Whom a visitor belongs to is known by now, and was not then.
	s.call(t, "POST", "/v1/track", writeKey, json.RawMessage(`{"event":"Later","anonymousId":"v1","messageId":"m8"}`), &taken)
	require.Eventually(t, func() bool {
		s.call(t, "POST", "/v1/track", writeKey, json.RawMessage(fmt.Sprintf(`{"event":"Later","anonymousId":"v1","messageId":"l%d"}`, time.Now().UnixNano())), &taken)
		all := until(t, told, func(w watched) bool { take(w); return w.event == "event" })
		return strings.Contains(all[len(all)-1].data, `"visitor":"v1","user":null,"person":"user:ann"`)
	}, patience, 100*time.Millisecond)
	if !busy {
		until(t, told, active)
	}

	var answer struct {
		Result struct{ Events []json.RawMessage }
	}
	s.call(t, "POST", "/api/v1/query", readKey, json.RawMessage(`{"kind":"events","range":{"from":"2020-01-01","to":"2290-01-01"},"limit":1000}`), &answer)
	compared := 0
	for _, event := range answer.Result.Events {
		var e map[string]any
		require.NoError(t, json.Unmarshal(event, &e))
		live, ok := byID[e["id"].(string)]
		if !ok {
			continue
		}
		compared++
		var shown map[string]any
		require.NoError(t, json.Unmarshal([]byte(live), &shown))
		if e["visitor"] == "v1" || e["visitor"] == "old" {
			delete(e, "person") // it was resolved at another moment
			delete(shown, "person")
		}
		require.Equal(t, e, shown)
		require.True(t, !strings.Contains(live, "Käufe") || strings.Contains(live, "Käufe <&>") && strings.Contains(live, "12345678901234567890"), live)
	}
	require.Equal(t, len(byID), compared)

	seen := until(t, others, func(w watched) bool { return w.event == "event" })
	require.Contains(t, seen[len(seen)-1].data, canary)

	again := until(t, s.watch(t, readKey, "Last-Event-ID", before), func(w watched) bool { return w.event == "event" })
	require.Contains(t, again[len(again)-1].data, `"id":"m8"`)
	began := time.Now()
	s.stop(t)
	require.Less(t, time.Since(began), patience/2, "nobody waits for those who look")
	for range told { // it ends
	}
}
