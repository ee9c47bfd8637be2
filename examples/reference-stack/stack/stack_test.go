package stack

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/examples/reference-stack/stack/page"
	"github.com/footfall-go/footfall/tenant"
)

func process(env map[string]string) *Process {
	return &Process{
		Getenv: func(name string) string { return env[name] },
		Stdin:  strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{},
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "30s": 30 * time.Second, "5m": 5 * time.Minute, "24h": 24 * time.Hour, "30d": 720 * time.Hour, "2w": 336 * time.Hour,
	} {
		var d Duration
		require.NoError(t, d.Set(text), text)
		require.Equal(t, want, time.Duration(d), text)
		var again Duration
		require.NoError(t, again.Set(d.String()))
		require.Equal(t, d, again)
	}
	for _, text := range []string{"", "5", "m", "-5m", "1.5h", "5m30s", "5 m", "9999999w", "1y"} {
		require.Error(t, new(Duration).Set(text), text)
	}
}

func TestFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte("listen: :1\ndata: /file\ndrain: 1m\ntenants: [{id: file, write_keys: [wk_f], read_keys: [rk_f]}]\n"), 0o600))
	env := map[string]string{"FOOTFALL_CONFIG": file, "FOOTFALL_DATA": "/env", "FOOTFALL_LISTEN": ":2"}

	s, err := newServerFlags(roleUp).settings(process(env), []string{"--listen", ":3"})
	require.NoError(t, err)
	require.Equal(t, ":3", s.Listen)
	require.Equal(t, "/env", s.Data)
	require.Equal(t, time.Minute, s.Drain)
	require.Equal(t, "file", s.Tenants[0].ID.String())

	env["FOOTFALL_TENANT"] = "a:wk_a:rk_a, b:wk_b:rk_b"
	s, err = newServerFlags(roleUp).settings(process(env), nil)
	require.NoError(t, err)
	require.Len(t, s.Tenants, 2)
	require.Equal(t, "b", s.Tenants[1].ID.String())
	require.Equal(t, []string{"wk_b"}, s.Tenants[1].WriteKeys)
}

func TestFileOfTenants(t *testing.T) {
	t.Parallel()
	write := func(text string) []string {
		file := filepath.Join(t.TempDir(), "footfall.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return []string{"--config", file}
	}
	s, err := newServerFlags(roleUp).settings(process(nil), write(`
geoip: places.mmdb
trusted_proxies: [10.1.2.3/8, "::1"]
tenants:
  - id: shop
    write_keys: [wk_1, wk_2]
    read_keys: [rk_1]
    timezone: Europe/Berlin
    week_start: sunday
    session: {gap: 15m, cap: 12h, non_interactive: [Heartbeat, $screen], key_events: [Order Completed], campaign: true, id: $session_id}
    retention: 52w
    dedup: {window: 3h}
    silo: dedicated
    origins: ["https://shop.example"]
    ip: drop
    redact: {names: [seat_no], allow: [promo_code]}
    caps: {events: 100, properties: 300, text: 1000}
    limits: {rate: 50, burst: 500, per_day: 1e6, queries: 4, query_rows: 1e6, query_memory: none, query_time: 5s}
  - {id: free, limits: {rate: none, burst: null, per_day: }}
`))
	require.NoError(t, err)
	require.Equal(t, tenant.Settings{
		Zone: "Europe/Berlin", WeekStart: tenant.SundayFirst, SessionGap: 15 * time.Minute, SessionCap: 12 * time.Hour,
		Session:     tenant.Session{NonInteractive: []string{"Heartbeat", "$screen"}, KeyEvents: []string{"Order Completed"}, Campaign: true, ID: "$session_id"},
		DedupWindow: 3 * time.Hour, Retention: 52 * 7 * 24 * time.Hour, Dedicated: true, Origins: []string{"https://shop.example"}, IP: tenant.DropIP, QueryTime: 5 * time.Second,
		Limits: tenant.Limits{Rate: 50, Burst: 500, PerDay: 1_000_000}, Queries: 4, QueryRows: 1_000_000,
		Redact: tenant.Redact{Names: []string{"seat_no"}, Allow: []string{"promo_code"}}, Caps: tenant.Caps{Events: 100, Properties: 300, Text: 1000},
	}, s.Tenants[0].Settings)
	require.Zero(t, s.Tenants[1].Limits)
	require.Equal(t, "places.mmdb", s.GeoIP)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, s.Proxies)

	for text, want := range map[string]string{
		"listn: x":                                                                "listn",
		"tenants: [{id: a, colour: red}]":                                         "colour",
		"tenants: [{id: A}]":                                                      "invalid id",
		"tenants: [{id: a, week_start: friday}]":                                  "week_start",
		"tenants: [{id: a, silo: big}]":                                           "silo",
		"tenants: [{id: a, ip: hide}]":                                            "neither truncate, drop nor keep",
		"trusted_proxies: [nowhere]":                                              "trusted proxy",
		"tenants: [{id: a, limits: {rate: 0}}]":                                   "limits.rate",
		"tenants: [{id: a, limits: {rate: fast}}]":                                "neither a number nor none",
		"tenants: [{id: a, limits: {per_day: 0.5}}]":                              "limits.per_day",
		"tenants: [{id: a, limits: {burst: [1]}}]":                                "neither a number nor none",
		"tenants: [{id: a, limits: {queries: 0}}]":                                "limits.queries",
		"tenants: [{id: a, redact: {namen: [x]}}]":                                "namen",
		"tenants: [{id: a, caps: {events: 0}}]":                                   "caps.events",
		"tenants: [{id: a, limits: {query_time: 1.5s}}]":                          "no duration",
		"tenants: [{id: a, session: {gap: 0}}]":                                   "session.gap",
		"tenants: [{id: a, session: {id: context.}}]":                             `session.id: "context." is no name`,
		"tenants: [{id: a, session: {campaign: maybe}}]":                          "into bool",
		"tenants: [{id: a, session: {key_events: [$identify]}}]":                  "session.key_events: $identify",
		`tenants: [{id: a, session: {non_interactive: [""]}}]`:                    "session.non_interactive: a name is empty",
		"tenants: [{id: a, session: {non_interactive: [A, B], key_events: [B]}}]": `"B" is among key_events and non_interactive`,
		`tenants: [{id: a, origins: ["https://*.a"]}]`:                            "origins: \"https://*.a\"",
	} {
		_, err := newServerFlags(roleUp).settings(process(nil), write(text))
		require.ErrorIs(t, err, errUsage, text)
		require.ErrorContains(t, err, want)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{},
		{"dance"},
		{"up", "--colour", "red"},
		{"up"},
		{"up", "--data", "x"},
		{"up", "--data", "x", "--tenant", "shop"},
		{"up", "--data", "x", "--tenant", "shop:rk_1:wk_1"},
		{"up", "extra"},
		{"demo", "--rate", "-1"},
		{"demo", "--drain", "5"},
		{"import"},
		{"import", "--tenant", "shop"},
		{"import", "--tenant", "shop", "x.csv"},
		{"import", "--tenant", "shop", "x.dat", "--data", "d"},
		{"import", "--tenant", "shop", "-", "--data", "d", "--format", "csv"},
		{"import", "--tenant", "shop", "x.csv", "--map", "event", "--data", "d"},
		{"import", "--tenant", "shop", "x.csv", "--map", "colour={a}", "--url", "http://127.0.0.1:1", "--admin-key", "k"},
		{"import", "--tenant", "shop", "x.csv", "--map", "event={a", "--url", "http://127.0.0.1:1", "--admin-key", "k"},
		{"import", "--tenant", "shop", "x.csv", "--format", "xml", "--url", "http://127.0.0.1:1", "--admin-key", "k"},
		{"status"},
		{"status", "--url", "http://127.0.0.1:1"},
		{"status", "--data", "x", "y"},
	} {
		p := process(nil)
		p.Args = args
		require.Equal(t, 2, Main(*p), "%v: %s", args, p.Stderr)
		require.NotEmpty(t, p.Stderr.(*bytes.Buffer).String())
		require.Empty(t, p.Stdout.(*bytes.Buffer).String())
	}
}

func TestHelpIsNoError(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}, {"up", "--help"}, {"demo", "-h"}, {"import", "--help"}, {"status", "--help"}, {"rejected", "--help"}, {"rejected", "list", "--help"}} {
		p := process(nil)
		p.Args = args
		require.Zero(t, Main(*p), args)
		require.Contains(t, p.Stdout.(*bytes.Buffer).String(), "usage: footfall")
	}
}

func TestFlagsAmongFiles(t *testing.T) {
	t.Parallel()
	f := newRemoteFlags("import", "")
	rest, err := f.parse(process(nil), []string{"a.csv", "--data", "d", "-", "b.csv", "--url=u", "--", "--data"})
	require.NoError(t, err)
	require.Equal(t, []string{"a.csv", "-", "b.csv", "--data"}, rest)
	require.Equal(t, "d", f.data)
	require.Equal(t, "u", f.url)
}

func TestRunFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := readRunFile(dir)
	require.ErrorContains(t, err, "no footfall is running")
	want := &runFile{URL: "http://127.0.0.1:1", PID: 7, AdminKey: "ak"}
	require.NoError(t, want.write(dir))
	require.NoError(t, want.write(dir)) // over a stale one
	got, err := readRunFile(dir)
	require.NoError(t, err)
	require.Equal(t, want, got)
	info, err := os.Stat(runPath(dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestPageIsClosedToStrangers(t *testing.T) {
	t.Parallel()
	for path, kind := range map[string]string{"/": "text/html", "/app.js": "text/javascript", "/style.css": "text/css", "/icon.svg": "image/svg+xml"} {
		w := httptest.NewRecorder()
		page.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Header().Get("Content-Type"), kind)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
	}
	w := httptest.NewRecorder()
	page.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/page.go", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1:80": true, "localhost:80": true, "[::1]:80": true, "127.0.0.1": true, "::1": true,
		"10.0.0.1:80": false, "evil.example:80": false, "localhost.evil.example": false, "": false,
	} {
		require.Equal(t, want, isLoopback(host), host)
	}
}

func TestGateLetsThoseInsideFinish(t *testing.T) {
	t.Parallel()
	var g gate
	inside, leave := make(chan struct{}), make(chan struct{})
	h := g.wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(inside)
		<-leave
	}))
	ask := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/track", nil))
		return w.Code
	}
	first := make(chan int)
	go func() { first <- ask() }()
	<-inside
	closed := make(chan error)
	go func() { closed <- g.close(t.Context()) }()
	require.Eventually(t, g.isClosed, 30*time.Second, time.Millisecond)
	require.Equal(t, http.StatusServiceUnavailable, ask())
	close(leave)
	require.NoError(t, <-closed)
	require.Equal(t, http.StatusOK, <-first)
}
