package referencestack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ask "github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/querytest"
	"github.com/footfall-go/footfall/tenant"
)

// TestSuites sends what other products' suites have as an SDK would and asks over
// HTTP: the door, the processor and the contract leave the numbers as they are.
func TestSuites(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../query/querytest/testdata/suite_*.test")
	require.NoError(t, err)
	var scripts []*querytest.Script
	config := "tenants:\n"
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all, err := querytest.ParseScripts(string(text))
		require.NoError(t, err, file)
		for _, script := range all {
			if !replayable(script) {
				continue
			}
			week := "monday"
			if script.Settings.WeekStart == tenant.SundayFirst {
				week = "sunday"
			}
			n := len(scripts)
			config += fmt.Sprintf("  - {id: t%d, write_keys: [wk_%d], read_keys: [rk_%d], timezone: %q, week_start: %s}\n", n, n, n, cmp.Or(script.Settings.Zone, "UTC"), week)
			scripts = append(scripts, script)
		}
	}
	require.Greater(t, len(scripts), 50)
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", file)
	s.waitReady(t)
	sent := 0
	for n, script := range scripts {
		reader := fmt.Sprintf("rk_%d", n)
		var messages []any
		flush := func() {
			if len(messages) > 0 {
				body := map[string]any{"writeKey": fmt.Sprintf("wk_%d", n), "batch": messages}
				answer := struct{ Accepted int }{}
				s.call(t, http.MethodPost, "/v1/batch", fmt.Sprintf("wk_%d", n), body, &answer)
				require.Equal(t, len(messages), answer.Accepted, script.Name)
				s.settled(t)
			}
			messages = nil
		}
		for _, step := range script.Steps {
			for _, row := range step.Load {
				if sent++; row.Kind != "store" {
					messages = append(messages, messageOf(t, row, sent))
					continue
				}
				flush()
				body := map[string]any{"segment": json.RawMessage(row.To)}
				s.call(t, http.MethodPut, "/api/v1/segments/"+row.Key, reader, body, &struct{}{})
			}
			flush()
			if step.Question == "" {
				continue
			}
			var answer struct {
				Kind   string
				Result json.RawMessage
			}
			s.call(t, http.MethodPost, "/api/v1/query", reader, json.RawMessage(step.Question), &answer)
			result := map[string]any{
				"trend": &ask.TrendResult{}, "funnel": &ask.FunnelResult{}, "retention": &ask.RetentionResult{}, "persons": &ask.PersonsResult{},
			}[answer.Kind]
			require.NoError(t, json.Unmarshal(answer.Result, result), "%s", answer.Result)
			require.Equal(t, step.Rows, querytest.Rows(result), "%s, line %d: %s", script.Name, step.Line, step.Question)
		}
	}
}

// replayable reports whether a script is about no moment but the past, and about
// no session that it made up.
func replayable(script *querytest.Script) bool {
	if script.Now.Year() != 2025 || script.Now.YearDay() != 1 {
		return false
	}
	for _, step := range script.Steps {
		for _, row := range step.Load {
			if row.Session != 0 {
				return false
			}
		}
	}
	return true
}

// messageOf is what an SDK sends for a row.
func messageOf(tb testing.TB, row querytest.Row, number int) map[string]any {
	tb.Helper()
	m := map[string]any{"type": row.Kind, "messageId": fmt.Sprintf("m%d", number), "timestamp": row.At.Format(time.RFC3339Nano)}
	set := func(name, value string) {
		if value != "" {
			m[name] = value
		}
	}
	set("event", row.Name)
	set("anonymousId", row.Visitor)
	set("userId", row.User)
	if row.Properties != "" {
		m["properties"] = json.RawMessage(row.Properties)
	}
	scope, id, _ := strings.Cut(row.Of, ":")
	if scope != "" {
		set(map[string]string{"visitor": "anonymousId", "user": "userId"}[scope], id)
	}
	switch row.Kind {
	case "link":
		// At a time that no question is about: a link has none in a script.
		m["type"], m["userId"], m["timestamp"] = "identify", row.To, "2000-01-01T00:00:00Z"
	case "trait":
		m["type"], m["traits"] = "identify", map[string]any{row.Key: json.RawMessage(row.To)}
	case "track", "page", "screen":
	default:
		require.Fail(tb, "a row of another kind", row.Kind)
	}
	return m
}
