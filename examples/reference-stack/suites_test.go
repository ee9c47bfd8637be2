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
			if !replayable(script, strings.HasSuffix(file, "suite_session.test")) {
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
	require.Greater(t, len(scripts), 80)
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", file)
	s.waitReady(t)
	replays := make([]replay, len(scripts))
	for n, script := range scripts {
		replays[n] = replay{server: s, tenant: n, script: script}
	}
	// What stands before the first questions is waited for once.
	for n := range replays {
		replays[n].load(t)
	}
	s.settled(t)
	for n := range replays {
		for r := &replays[n]; len(r.script.Steps) > 0; {
			r.ask(t)
			if r.load(t) {
				s.settled(t)
			}
		}
	}
}

// replay is what is left of a script.
type replay struct {
	server *server
	tenant int
	script *querytest.Script
	sent   int
}

// load sends the rows up to the next question and reports whether there were any.
func (r *replay) load(tb testing.TB) bool {
	tb.Helper()
	var messages []any
	for ; len(r.script.Steps) > 0 && r.script.Steps[0].Question == ""; r.script.Steps = r.script.Steps[1:] {
		for _, row := range r.script.Steps[0].Load {
			if r.sent++; row.Kind != "store" {
				messages = append(messages, messageOf(tb, row, r.sent))
				continue
			}
			body := map[string]any{"segment": json.RawMessage(row.To)}
			r.server.call(tb, http.MethodPut, "/api/v1/segments/"+row.Key, fmt.Sprintf("rk_%d", r.tenant), body, &struct{}{})
		}
	}
	if len(messages) == 0 {
		return false
	}
	key := fmt.Sprintf("wk_%d", r.tenant)
	answer := struct{ Accepted int }{}
	r.server.call(tb, http.MethodPost, "/v1/batch", key, map[string]any{"writeKey": key, "batch": messages}, &answer)
	require.Equal(tb, len(messages), answer.Accepted, r.script.Name)
	return true
}

// ask asks the next question, if there is one.
func (r *replay) ask(tb testing.TB) {
	tb.Helper()
	if len(r.script.Steps) == 0 {
		return
	}
	step := r.script.Steps[0]
	r.script.Steps = r.script.Steps[1:]
	var answer struct {
		Kind   string
		Result json.RawMessage
	}
	r.server.call(tb, http.MethodPost, "/api/v1/query", fmt.Sprintf("rk_%d", r.tenant), json.RawMessage(step.Question), &answer)
	result := map[string]any{
		"trend": &ask.TrendResult{}, "funnel": &ask.FunnelResult{}, "retention": &ask.RetentionResult{}, "persons": &ask.PersonsResult{},
		"segment": &ask.SegmentResult{}, "sessions": &ask.SessionsResult{},
	}[answer.Kind]
	require.NoError(tb, json.Unmarshal(answer.Result, result), "%s", answer.Result)
	require.Equal(tb, step.Rows, querytest.Rows(result), "%s, line %d: %s", r.script.Name, step.Line, step.Question)
}

// replayable reports whether a script is about no moment but the past, and about
// no session that it made up; with made, the processor makes those it has.
func replayable(script *querytest.Script, made bool) bool {
	if script.Now.Year() != 2025 || script.Now.YearDay() != 1 {
		return false
	}
	for _, step := range script.Steps {
		for _, row := range step.Load {
			if row.Session != 0 && !made {
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
		// Which path a view has is derived: nobody may say it in its name.
		m["properties"] = json.RawMessage(strings.Replace(row.Properties, `"$path"`, `"path"`, 1))
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
	case "track", "page", "screen", "identify":
	default:
		require.Fail(tb, "a row of another kind", row.Kind)
	}
	return m
}
