package referencestack

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// code makes a request and returns its status.
func (s *server) code(tb testing.TB, method, path, key, body string) int {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(tb, err)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(tb, err)
	require.NoError(tb, resp.Body.Close())
	return resp.StatusCode
}

type trace struct {
	Verdict string
	Stored  []struct{ Position, Event, Session string }
	Refused []struct{ Code, Path, Event string }
}

// TestWhyIsMyEventMissing asks for events that were stored, refused and never
// sent, as their tenant, as another one, and as the operator.
func TestWhyIsMyEventMissing(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--tenant", "club:wk_club:rk_club")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/batch", strings.NewReader(`{"batch":[
		{"type":"track","event":"Bought","messageId":"good/1","anonymousId":"a"},
		{"type":"track","event":"Lost","messageId":"bad/1","properties":{"note":"nobody's business"}}]}`))
	require.NoError(t, err)
	req.SetBasicAuth(writeKey, "")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	s.settled(t)

	for _, by := range []struct{ key, suffix string }{{readKey, ""}, {s.admin, "&tenant=shop"}} {
		var got trace
		s.call(t, http.MethodGet, "/api/v1/trace?messageId=good%2F1"+by.suffix, by.key, nil, &got)
		require.Equal(t, "stored", got.Verdict)
		require.Len(t, got.Stored, 1)
		require.Equal(t, "Bought", got.Stored[0].Event)
		require.Equal(t, "0/0/0/0", got.Stored[0].Position)
		require.NotEmpty(t, got.Stored[0].Session)
		got = trace{}
		s.call(t, http.MethodGet, "/api/v1/trace?messageId=bad%2F1"+by.suffix, by.key, nil, &got)
		require.Equal(t, "refused", got.Verdict)
		require.Equal(t, []struct{ Code, Path, Event string }{{"missing_id", "", "Lost"}}, got.Refused)
		got = trace{}
		s.call(t, http.MethodGet, "/api/v1/trace?messageId=never"+by.suffix, by.key, nil, &got)
		require.Equal(t, "unknown", got.Verdict)
	}
	for _, id := range []string{"good%2F1", "bad%2F1"} {
		var got trace
		s.call(t, http.MethodGet, "/api/v1/trace?messageId="+id, "rk_club", nil, &got)
		require.Equal(t, "unknown", got.Verdict, "of another tenant")
	}
	var refused struct {
		Refused int
		Codes   map[string]int
		Samples []map[string]any
	}
	s.call(t, http.MethodGet, "/api/v1/refused", readKey, nil, &refused)
	require.Equal(t, map[string]int{"missing_id": 1}, refused.Codes)
	require.Equal(t, 1, refused.Refused)
	require.Len(t, refused.Samples, 1)
	require.Equal(t, "bad/1", refused.Samples[0]["messageId"])
	refused.Samples = nil
	s.call(t, http.MethodGet, "/api/v1/refused", "rk_club", nil, &refused)
	require.Empty(t, refused.Samples)

	for _, wrong := range []struct {
		method, path, key string
		want              int
	}{
		{http.MethodGet, "/api/v1/refused", "", http.StatusUnauthorized},
		{http.MethodGet, "/api/v1/refused", writeKey, http.StatusForbidden},
		{http.MethodGet, "/api/v1/refused?tenant=club", readKey, http.StatusForbidden},
		{http.MethodGet, "/api/v1/refused?tenant=nobody", s.admin, http.StatusNotFound},
		{http.MethodGet, "/api/v1/trace?messageId=x&tenant=club", readKey, http.StatusForbidden},
		{http.MethodGet, "/api/v1/trace", readKey, http.StatusBadRequest},
		{http.MethodPost, "/api/v1/trace", readKey, http.StatusMethodNotAllowed},
		{http.MethodGet, "/api/v1/rejected?tenant=shop", readKey, http.StatusForbidden},
		{http.MethodGet, "/api/v1/rejected", s.admin, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/rejected?tenant=shop&limit=0", s.admin, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/rejected?tenant=shop&cursor=x", s.admin, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/rejected?tenant=shop&waiting=maybe", s.admin, http.StatusBadRequest},
		// A parameter spelt wrong would ask about something else.
		{http.MethodGet, "/api/v1/refused?messageId=x", readKey, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/refused?Tenant=shop", readKey, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/trace?messageId=x&limit=1", readKey, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/trace?messageId=x&a=%zz", readKey, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/rejected?tenant=shop&message=x", s.admin, http.StatusBadRequest},
		{http.MethodGet, "/api/v1/status?tenants=shop", s.admin, http.StatusBadRequest},
		{http.MethodPost, "/api/v1/rejected/replay?tenant=shop&all=true", s.admin, http.StatusBadRequest},
		{http.MethodPost, "/api/v1/rejected/replay?tenant=shop", readKey, http.StatusForbidden},
		{http.MethodGet, "/api/v1/rejected/replay?tenant=shop", s.admin, http.StatusMethodNotAllowed},
		{http.MethodPost, "/api/v1/rejected/replay?tenant=shop", s.admin, http.StatusBadRequest},
	} {
		require.Equal(t, wrong.want, s.code(t, wrong.method, wrong.path, wrong.key, ""), "%s %s", wrong.method, wrong.path)
	}
	for _, body := range []string{`{}`, `{"all":true,"reason":"x"}`, `{"everything":true}`, `{"positions":["1"]}`, `{"all":true,"after":"x"}`, `[]`} {
		require.Equal(t, http.StatusBadRequest, s.code(t, http.MethodPost, "/api/v1/rejected/replay?tenant=shop", s.admin, body), body)
	}
	require.Equal(t, http.StatusOK, s.code(t, http.MethodPost, "/api/v1/rejected/replay?tenant=shop", s.admin, `{"all":true}`))

	rows, last := s.rejected(t, "list", "--door", "--json")
	require.Len(t, rows, 1)
	require.Equal(t, "missing_id", rows[0]["code"])
	require.JSONEq(t, `{"tenant":"shop","refused":1,"limited":0,"dropped":0,"codes":{"missing_id":1},"samples":1}`, last)
	_, last = s.rejected(t, "trace", "bad/1")
	var got trace
	require.NoError(t, json.Unmarshal([]byte(last), &got))
	require.Equal(t, "refused", got.Verdict)
	for _, args := range [][]string{
		{"rejected"},
		{"rejected", "list"},
		{"rejected", "list", "--data", s.dir},
		{"rejected", "replay", "--data", s.dir, "--tenant", "shop"},
		{"rejected", "replay", "--data", s.dir, "--tenant", "shop", "--all", "--reason", "x"},
		{"rejected", "trace", "--data", s.dir, "--tenant", "shop"},
		{"rejected", "replay", "--data", s.dir, "--tenant", "shop", "--position", "1"},
	} {
		code, _, stderr := run(t, args...)
		require.Equal(t, 2, code, "%v: %s", args, stderr)
	}
	s.stop(t)
}
