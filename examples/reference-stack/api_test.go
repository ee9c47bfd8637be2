package referencestack

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// call makes a request with a Bearer key and decodes a 200.
func (s *server) call(tb testing.TB, method, path, key string, body, answer any) {
	tb.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		require.NoError(tb, err)
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, in)
	require.NoError(tb, err)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(tb, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, resp.StatusCode, "%s %s: %s", method, path, text)
	require.NoError(tb, json.Unmarshal(text, answer), "%s", text)
}

// status is GET /api/v1/status.
type status struct {
	Version string
	Ready   bool
	Lag     struct {
		Events  int64
		Seconds float64
	}
	Log struct {
		Kind       string
		Bytes      int64
		Partitions []struct {
			Owner                   string
			From, To, End, Snapshot int64
			LagEvents               int64 `json:"lag_events"`
			Visitors                int64
		}
	}
	Store struct {
		Kind, Version string
		Bytes         int64
		Rows          map[string]int64
	}
	Door   map[string]map[string]int64
	Ledger map[string]ledger
}

type ledger struct{ Accepted, Stored, Duplicate, Quarantined, Pending int64 }

func (s *server) status(tb testing.TB) status {
	tb.Helper()
	var st status
	s.call(tb, http.MethodGet, "/api/v1/status", s.admin, nil, &st)
	return st
}

// settled waits until all that was accepted is visible, and returns the status.
// The ledger balances at every look.
func (s *server) settled(tb testing.TB) status {
	tb.Helper()
	var st status
	require.Eventually(tb, func() bool {
		st = s.status(tb)
		for id, l := range st.Ledger {
			require.Equal(tb, l.Accepted, l.Stored+l.Duplicate+l.Quarantined+l.Pending, "ledger of %s: %+v", id, l)
		}
		return st.Lag.Events == 0
	}, patience, 20*time.Millisecond)
	return st
}

// query asks one question and returns its result.
func query[T any](tb testing.TB, s *server, q map[string]any) T {
	tb.Helper()
	var answer struct{ Result T }
	s.call(tb, http.MethodPost, "/api/v1/query", readKey, q, &answer)
	return answer.Result
}

// trend is the result of a trend.
type trend struct {
	Series []struct {
		Name      string
		Breakdown any
		Total     *float64
		Values    []*float64
	}
}

// always is a range that all data of the tests lies in.
var always = map[string]any{"from": "2000-01-01", "to": "2040-01-01"}

// count asks for one number over all events.
func (s *server) count(tb testing.TB, measure string) int64 {
	tb.Helper()
	res := query[trend](tb, s, map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "*", "measure": measure}},
	})
	require.Len(tb, res.Series, 1)
	require.NotNil(tb, res.Series[0].Total)
	return int64(*res.Series[0].Total)
}

// event is one of the kind events.
type event struct {
	ID         string
	Name       string
	Time       time.Time
	Visitor    string
	User       string
	Person     string
	Session    string
	Properties map[string]any
}

// events lists all events there are, newest first.
func (s *server) events(tb testing.TB) []event {
	tb.Helper()
	var all []event
	for cursor := ""; ; {
		q := map[string]any{"kind": "events", "range": always, "limit": 1000}
		if cursor != "" {
			q["cursor"] = cursor
		}
		page := query[struct {
			Events []event
			Next   string
		}](tb, s, q)
		all = append(all, page.Events...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// imported is the last line of the command import.
type imported struct {
	Import                                        string
	Rows, Accepted, Duplicate, Rejected, Position int64
}

// importFile runs the command import against a running server.
func (s *server) importFile(tb testing.TB, file string, args ...string) imported {
	tb.Helper()
	code, stdout, stderr := run(tb, append([]string{"import", file, "--data", s.dir, "--tenant", "shop"}, args...)...)
	require.Zero(tb, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var res imported
	require.NoError(tb, json.Unmarshal([]byte(lines[len(lines)-1]), &res))
	return res
}
