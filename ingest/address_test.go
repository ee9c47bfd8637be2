package ingest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// places knows whole addresses alone: one that was shortened is nowhere.
type places map[string]Place

func (p places) Place(addr netip.Addr) Place { return p[addr.String()] }

var atlas = places{
	"203.0.113.7":          {Country: "DE", Region: "Bavaria", City: `M"unich`},
	"2001:db8:1:2:3:4:5:6": {Country: "FR"},
	"198.51.100.9":         {Country: "SE"},
	"192.0.2.1":            {Country: "AT"}, // of httptest's requests
}

// oneWith is one with headers.
func (b *bundle) oneWith(path, body string, headers ...string) footfall.Event {
	b.tb.Helper()
	w := b.post(path, body, headers...)
	require.Equal(b.tb, http.StatusOK, w.Code, w.Body.String())
	events := b.log.events(b.tb)
	return events[len(events)-1]
}

func TestAddressIsOfWhoWasThere(t *testing.T) {
	t.Parallel()
	browser := []string{"User-Agent", "Mozilla/5.0 X"}
	for name, c := range map[string]struct {
		body    string
		headers []string
		want    string
	}{
		"a browser's":                    {``, browser, `{"$ip":"192.0.2.0","$country":"AT"}`},
		"a browser says another":         {`"context":{"ip":"203.0.113.7"}`, browser, `{"$ip":"192.0.2.0","$country":"AT"}`},
		"a browser says none":            {`"context":{"ip":"0.0.0.0"}`, browser, ``},
		"a server's own is nobody's":     {``, nil, ``},
		"a server speaks for another":    {`"context":{"ip":"203.0.113.7"}`, nil, `{"$ip":"203.0.113.0","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		"a server says something":        {`"context":{"ip":"localhost"}`, nil, ``},
		"IPv6":                           {`"context":{"ip":"2001:DB8:1:2:3:4:5:6%eth0"}`, nil, `{"$ip":"2001:db8:1::","$country":"FR"}`},
		"IPv4 as IPv6, with a port":      {`"context":{"ip":"[::ffff:203.0.113.7]:80"}`, nil, `{"$ip":"203.0.113.0","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		"an app on the visitor's device": {`"context":{"device":{"type":"ios"}}`, nil, `{"$ip":"192.0.2.0","$country":"AT"}`},
		"an app's server":                {`"context":{"device":{"type":"ios"},"ip":"198.51.100.9"}`, nil, `{"$ip":"198.51.100.0","$country":"SE"}`},
	} {
		b := setup(t, func(c *Config, _ *tenant.Registration) { c.Geo = atlas })
		got := b.oneWith("/v1/track", `{"event":"E","userId":"u1"`+strings.TrimSuffix(","+c.body, ",")+`}`, c.headers...)
		require.Equal(t, c.want, got.Derived, name)
	}
}

func TestProxies(t *testing.T) {
	t.Parallel()
	config := Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"no proxy":               {"203.0.113.7:1000", nil, "203.0.113.7"},
		"anybody may write":      {"203.0.113.7:1000", []string{"198.51.100.9"}, "203.0.113.7"},
		"one proxy":              {"10.0.0.1:1000", []string{"203.0.113.7"}, "203.0.113.7"},
		"a proxy and its mapped": {"[::ffff:10.0.0.1]:1000", []string{"203.0.113.7"}, "203.0.113.7"},
		"a lie before it":        {"10.0.0.1:1000", []string{"198.51.100.9, 203.0.113.7"}, "203.0.113.7"},
		"two proxies":            {"[fd00::1]:1000", []string{"198.51.100.9, 203.0.113.7 ,10.9.9.9"}, "203.0.113.7"},
		"two lines":              {"10.0.0.1:1000", []string{"198.51.100.9, 203.0.113.7", "10.9.9.9, 10.8.8.8"}, "203.0.113.7"},
		"proxies all the way":    {"10.0.0.1:1000", []string{"10.2.2.2,10.9.9.9"}, "10.2.2.2"},
		"nothing said":           {"10.0.0.1:1000", nil, "10.0.0.1"},
		"hidden":                 {"10.0.0.1:1000", []string{"203.0.113.7, unknown"}, "invalid IP"},
		"with ports":             {"10.0.0.1:1000", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"no address":             {"@", []string{"203.0.113.7"}, "invalid IP"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/track", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		require.Equal(t, c.want, config.client(r).String(), name)
	}
}

func TestPolicyForAddresses(t *testing.T) {
	t.Parallel()
	const sent = `{"type":"%","event":"E","userId":"u","properties":{"ip":"203.0.113.7","$ip":"2001:db8:1:2:3:4:5:6","n":1},"traits":{"ip":"198.51.100.9:80"},` +
		`"context":{"ip":"203.0.113.7","traits":{"ip":["203.0.113.7"]},"page":{"path":"/"}}}`
	type stored struct{ properties, context, derived string }
	for policy, want := range map[tenant.IPPolicy]map[string]stored{
		tenant.TruncateIP: {
			"track":    {`{"ip":"203.0.113.0","$ip":"2001:db8:1::","n":1}`, `{"ip":"203.0.113.0","traits":{"ip":null},"page":{"path":"/"}}`, `{"$unflattened":["$ip"],"$path":"/","$ip":"203.0.113.0","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
			"identify": {`{"ip":"198.51.100.0"}`, `{"ip":"203.0.113.0","traits":{"ip":null},"page":{"path":"/"}}`, `{"$path":"/","$ip":"203.0.113.0","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		},
		tenant.DropIP: {
			"track":    {`{"ip":null,"$ip":null,"n":1}`, `{"ip":null,"traits":{"ip":null},"page":{"path":"/"}}`, `{"$path":"/","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
			"identify": {`{"ip":null}`, `{"ip":null,"traits":{"ip":null},"page":{"path":"/"}}`, `{"$path":"/","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		},
		tenant.KeepIP: {
			"track":    {`{"ip":"203.0.113.7","$ip":"2001:db8:1:2:3:4:5:6","n":1}`, `{"ip":"203.0.113.7","traits":{"ip":["203.0.113.7"]},"page":{"path":"/"}}`, `{"$unflattened":["$ip"],"$path":"/","$ip":"203.0.113.7","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
			"identify": {`{"ip":"198.51.100.9:80"}`, `{"ip":"203.0.113.7","traits":{"ip":["203.0.113.7"]},"page":{"path":"/"}}`, `{"$path":"/","$ip":"203.0.113.7","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		},
	} {
		b := setup(t, func(c *Config, r *tenant.Registration) { c.Geo, r.IP = atlas, policy })
		for kind, want := range want {
			got := b.one("/v1/"+kind, strings.Replace(sent, "%", kind, 1))
			require.JSONEq(t, want.properties, got.Properties, "%d %s", policy, kind)
			require.JSONEq(t, want.context, got.Context, "%d %s", policy, kind)
			require.Equal(t, want.derived, got.Derived, "%d %s", policy, kind)
		}
	}
}

// Whatever way an address comes, the log must not have it. What the log has is
// looked at byte by byte.
func TestNoWholeAddressReachesTheLog(t *testing.T) {
	t.Parallel()
	const secret4, secret6 = "203.0.113.7", "2001:db8:1:2:3:4:5:6"
	values := []string{
		`"` + secret4 + `"`, `"` + secret6 + `"`, `"` + secret4 + `:443"`, `"[` + secret6 + `]:443"`, `"::ffff:` + secret4 + `"`, `" ` + secret4 + ` "`,
		`"` + secret4 + `, 10.0.0.1"`, `"` + secret6 + `%eth0"`, `["` + secret4 + `"]`, `{"v4":"` + secret4 + `"}`, `{"v6":["` + secret6 + `"]}`,
		`"203.0.113\u002e7"`, `["203\u002e0.113.7"]`, `"for=` + secret4 + `"`, `"x","ip":"` + secret4 + `","ip":"y"`, `"` + secret4 + `","ip":"y","ip":{}`,
	}
	places := []string{
		`"properties":{"ip":%}`, `"properties":{"$ip":%}`, `"properties":{"a":1,"ip":%,"b":2}`, `"context":{"ip":%}`, `"context":{"page":{"url":"/"},"ip":%}`,
		`"context":{"traits":{"ip":%}}`, `"traits":{"ip":%}`, `"context":{"traits":{"ip":%},"traits":{}}`, `"properties":{"\u0069p":%}`,
	}
	for _, policy := range []tenant.IPPolicy{tenant.TruncateIP, tenant.DropIP, tenant.KeepIP} {
		b := setup(t, func(c *Config, r *tenant.Registration) { c.Geo, r.IP = atlas, policy })
		for _, value := range values {
			for _, place := range places {
				members := strings.Replace(place, "%", value, 1)
				for _, kind := range []string{"track", "page", "identify", "group"} {
					b.one("/v1/"+kind, `{"event":"E","name":"N","userId":"u","groupId":"g",`+members+`}`)
				}
				// Shared, own and merged.
				w := b.post("/v1/batch", `{"context":{"ip":`+value+`,"c":1},"batch":[{"type":"track","event":"A","userId":"u"},`+
					`{"type":"track","event":"A","userId":"u",`+members+`},{"type":"track","event":"A","userId":"u","context":{"own":1}}]}`,
					"X-Forwarded-For", secret4, "User-Agent", "Mozilla/5.0 X")
				require.Equal(t, http.StatusOK, w.Code, w.Body)
			}
		}
		found := false
		for _, rec := range b.log.records {
			text := strings.ReplaceAll(string(rec.Value)+string(rec.Header), `\u002e`, ".")
			found = found || strings.Contains(text, secret4) || strings.Contains(text, secret6)
		}
		require.Equal(t, policy == tenant.KeepIP, found, "policy %d", policy)
		for _, ev := range b.log.events(t) {
			for _, object := range []string{ev.Properties, ev.Context, ev.Derived} {
				require.True(t, object == "" || json.Valid([]byte(object)), object)
			}
		}
	}
}

func TestAddressesOfABatch(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Geo = atlas })
	w := b.post("/v1/batch", `{"context":{"ip":"203.0.113.7"},"batch":[{"type":"track","event":"E","userId":"u"},{"type":"track","event":"E","userId":"u","context":{"ip":"198.51.100.9"}},`+
		`{"type":"track","event":"E","userId":"u","context":{"a":1}},{"type":"track","event":"E","userId":"u","context":{"ip":null}}]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	want := [][2]string{
		{`{"ip":"203.0.113.0"}`, `{"$ip":"203.0.113.0","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		{`{"ip":"198.51.100.0"}`, `{"$ip":"198.51.100.0","$country":"SE"}`},
		{`{"ip":"203.0.113.0","a":1}`, `{"$ip":"203.0.113.0","$country":"DE","$region":"Bavaria","$city":"M\"unich"}`},
		{`{"ip":null}`, ``},
	}
	for i, ev := range b.log.events(t) {
		require.JSONEq(t, want[i][0], ev.Context)
		require.Equal(t, want[i][1], ev.Derived)
	}
}

func TestImportsComeFromNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Geo, c.UserAgent = atlas, &agents{} })
	w := b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","event":"E","userId":"u","messageId":"1"}
		{"type":"track","event":"E","userId":"u","messageId":"2","context":{"ip":"203.0.113.7","userAgent":"X"}}`,
		"Authorization", "Bearer "+adminKey, "User-Agent", "Mozilla/5.0", "Accept-Language", "de", "Origin", "https://x.org")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	events := b.log.events(t)
	require.Empty(t, events[0].Derived)
	require.Contains(t, events[1].Derived, `"$browser":"X"`)
	require.Contains(t, events[1].Derived, `"$ip":"203.0.113.0","$country":"DE"`)
}

func TestTheHostSpeaksForItsVisitors(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Geo, c.UserAgent = atlas, &agents{} })
	shop := b.keys.Tenant(shop(t))
	require.NoError(t, b.Track(t.Context(), shop,
		Message{Event: "E", UserID: "u", Context: map[string]any{"ip": "198.51.100.9", "userAgent": "X"}}, Message{Event: "E", UserID: "u"}))
	events := b.log.events(t)
	require.Equal(t, "{"+fmt.Sprintf(chrome, "X")+`,"$ip":"198.51.100.0","$country":"SE"}`, events[0].Derived)
	require.JSONEq(t, `{"ip":"198.51.100.0","userAgent":"X"}`, events[0].Context)
	require.Empty(t, events[1].Derived)
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.255": "203.0.113.0", "0.0.0.0": "0.0.0.0", "255.255.255.255": "255.255.255.0",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::", "::1": "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "ffff:ffff:ffff::", "1:0:0:2::": "1::",
	} {
		require.Equal(t, want, shorten(netip.MustParseAddr(addr)).String())
	}
}

func FuzzAddress(f *testing.F) {
	for _, text := range []string{"203.0.113.7", "[2001:db8::1]:80", "::ffff:1.2.3.4%x", "a", "1.2.3.4, 5.6.7.8", "::", "999.1.1.1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, ok := parseAddress(text)
		require.Equal(t, ok, addr.IsValid())
		if !ok {
			return
		}
		require.Empty(t, addr.Zone())
		require.True(t, mentionsAddress([]byte(text)), "what is an address mentions one")
		short := shorten(addr)
		require.Equal(t, short, shorten(short))
		require.LessOrEqual(t, len(short.String()), len(text), "there must be room for it where the address stood")
	})
}
