package referencestack

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// placesFile writes a file that knows where two networks are.
func placesFile(tb testing.TB) string {
	tb.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", RecordSize: 24, IncludeReservedNetworks: true})
	require.NoError(tb, err)
	for network, code := range map[string]string{"203.0.113.0/25": "DE", "203.0.113.128/25": "AT"} {
		_, parsed, err := net.ParseCIDR(network)
		require.NoError(tb, err)
		require.NoError(tb, tree.Insert(parsed, mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(code)}}))
	}
	path := filepath.Join(tb.TempDir(), "places.mmdb")
	file, err := os.Create(path)
	require.NoError(tb, err)
	_, err = tree.WriteTo(file)
	require.NoError(tb, err)
	require.NoError(tb, file.Close())
	return path
}

// breakdown asks how many page views there are of each value of a property.
func (s *server) breakdown(tb testing.TB, property string, filter any) map[any]float64 {
	tb.Helper()
	q := map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "$page"}},
		"breakdown": map[string]any{"property": property, "limit": 20},
	}
	if filter != nil {
		q["filter"] = filter
	}
	got := map[any]float64{}
	for _, series := range query[trend](tb, s, q).Series {
		got[series.Breakdown] = *series.Total
	}
	return got
}

const (
	iphone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	windows   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

// TestVisitors sends page views as browsers behind a proxy do, and asks with
// what and from where they came.
func TestVisitors(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(config, []byte("geoip: "+placesFile(t)+"\ntrusted_proxies: [127.0.0.0/8]\ntenants:\n"+
		"  - {id: shop, write_keys: [wk_shop], read_keys: [rk_shop]}\n  - {id: open, write_keys: [wk_open], read_keys: [rk_open], ip: keep}\n"), 0o600))
	dir := t.TempDir()
	s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
	s.waitReady(t)

	view := func(key, agent, address, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/page", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("User-Agent", agent)
		req.Header.Set("Accept-Language", "de-AT,de;q=0.9")
		req.Header.Set("X-Forwarded-For", "198.51.100.1, "+address)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	page := func(referrer string) string {
		return `{"anonymousId":"a1","properties":{"url":"https://shop.example/?utm_term=shoes","referrer":"` + referrer + `","ip":"203.0.113.77"},"context":{"screen":{"width":393,"height":852}}}`
	}
	view(writeKey, iphone, "203.0.113.77", page(""))
	view(writeKey, iphone, "203.0.113.77", page("https://www.google.de/"))
	view(writeKey, windows, "203.0.113.200", page("https://chatgpt.com/"))
	view(writeKey, googlebot, "192.0.2.9", page("https://shop.example/other"))
	view(writeKey, "analytics-node/6.2.0", "192.0.2.9", `{"userId":"u1"}`)
	view("wk_open", iphone, "203.0.113.77", page(""))
	s.settled(t)

	humans := map[string]any{"property": "event.$bot", "op": "is_not_set"}
	for property, want := range map[string]map[any]float64{
		"event.$browser":         {"Safari": 2, "Chrome": 1, nil: 2},
		"event.$browser_version": {"18.5": 2, "141.0.0.0": 1, nil: 2},
		"event.$os":              {"iOS": 2, "Windows": 1, nil: 2},
		"event.$device":          {"mobile": 2, "desktop": 1, nil: 2},
		"event.$bot":             {"true": 1, nil: 4},
		"event.$country":         {"DE": 2, "AT": 1, nil: 2},
		"event.$ip":              {"203.0.113.0": 3, "192.0.2.0": 1, nil: 1},
		"event.ip":               {"203.0.113.0": 4, nil: 1},
		"event.$locale":          {"de-AT": 4, nil: 1},
		"event.$referrer_source": {"direct": 1, "search": 1, "assistant": 1, "internal": 1, nil: 1},
		"event.$referrer_domain": {"google.de": 1, "chatgpt.com": 1, "shop.example": 1, nil: 2},
		"event.$utm_term":        {"shoes": 4, nil: 1},
		"event.$screen_width":    {"393": 4, nil: 1},
	} {
		require.Equal(t, want, s.breakdown(t, property, nil), property)
	}
	require.Equal(t, map[any]float64{"Safari": 2, "Chrome": 1, nil: 1}, s.breakdown(t, "event.$browser", humans))
	require.Equal(t, s.breakdown(t, "event.$os", humans), s.breakdown(t, "event.$os", map[string]any{"property": "event.$bot", "op": "ne", "value": true}))
	require.Equal(t, map[any]float64{nil: 1}, s.breakdown(t, "event.$browser", map[string]any{"property": "event.$bot", "op": "eq", "value": true}))
	for _, e := range s.events(t) {
		require.NotEqual(t, "203.0.113.77", e.Properties["ip"])
	}

	var kept struct{ Result trend }
	s.call(t, http.MethodPost, "/api/v1/query", "rk_open", map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "$page"}},
		"filter": map[string]any{"property": "event.$ip", "op": "eq", "value": "203.0.113.77"},
	}, &kept)
	require.InDelta(t, 1, *kept.Result.Series[0].Total, 0, "a tenant may keep whole addresses")
}

// TestBotsOfAnAccessLog flags the bots of a real one and drops none: all 538
// lines of a network that a search engine crawls from are of bots.
func TestBotsOfAnAccessLog(t *testing.T) {
	t.Parallel()
	file := testenv.Data(t, "apache-log", "access.log.gz")
	s := up(t, t.TempDir())
	require.Equal(t, imported{Import: "access.log.gz", Rows: 10000, Accepted: 9999, Rejected: 1, Position: 10000}, s.importFile(t, file))
	s.settled(t)
	bots := s.breakdown(t, "event.$bot", nil)
	require.InDelta(t, 9999, bots["true"]+bots[nil], 0, "all are there")
	require.InDelta(t, 2643, bots["true"], 150, "a quarter says that it is one; lists of them grow")
	require.Equal(t, map[any]float64{"true": 538}, s.breakdown(t, "event.$bot", map[string]any{"property": "event.$ip", "op": "eq", "value": "66.249.73.0"}))
	humans := s.breakdown(t, "event.$browser", map[string]any{"property": "event.$bot", "op": "is_not_set"})
	require.Greater(t, humans["Chrome"]+humans["Firefox"]+humans["Internet Explorer"]+humans["Safari"], 0.9*bots[nil])
}
