package chdb_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever a request did to its session, the next one finds none of it.
func TestNothingLeaksIntoTheNextRequest(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t " + eventTable + " SETTINGS non_replicated_deduplication_window = 100")
	const state = "SELECT currentDatabase(), getSetting('max_threads'), getSetting('insert_deduplication_token')," +
		" getSetting('max_execution_time'), getSetting('readonly'), getSetting('deduplicate_insert')," +
		" (SELECT count() FROM system.tables WHERE is_temporary)," +
		" (SELECT count() FROM system.settings WHERE changed)"
	clean := c.ask(state)
	settings := []string{"max_threads=7", "insert_deduplication_token=leak", "max_execution_time=33", "deduplicate_insert=disable"}

	for name, dirty := range map[string]func(){
		"settings":             func() { c.ask("SELECT 1", settings...) },
		"insert":               func() { c.insert("t", block(0, 10, 1, 8), settings...) },
		"settings clause":      func() { c.ask("SELECT 1 SETTINGS max_threads = 7") },
		"SET":                  func() { c.ask("SET max_threads = 7") },
		"USE":                  func() { c.ask("USE system") },
		"temporary table":      func() { c.ask("CREATE TEMPORARY TABLE leak (x UInt8)") },
		"readonly":             func() { c.ask("SELECT 1", "readonly=1") },
		"error":                func() { c.send(strings.NewReader("SELECT throwIf(1)"), settings...) },
		"error of an insert":   func() { c.send(strings.NewReader("junk"), append(settings, "query=INSERT INTO t FORMAT Native")...) },
		"half of the settings": func() { c.send(strings.NewReader("SELECT 1"), "max_threads=7", "nonsense=1") },
		"cancellation": func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			target := c.base + "?max_threads=7&query=" + url.QueryEscape("SELECT count() FROM system.numbers WHERE number % 3 = 5")
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
			require.NoError(t, err)
			_, err = c.http.Do(request)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		},
		"an abandoned result": func() {
			target := c.base + "?max_threads=7&query=" + url.QueryEscape("SELECT number FROM numbers(100000000)")
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, nil)
			require.NoError(t, err)
			response, err := c.http.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		},
	} {
		dirty()
		for range 3 {
			require.Equal(t, clean, c.ask(state), name)
		}
	}
	require.Contains(t, clean, c.db)
}
