package ingest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// asked is a preflight as a browser sends it.
func (b *bundle) asked(path, origin, headers string) *httptest.ResponseRecorder {
	b.tb.Helper()
	return b.do(http.MethodOptions, path, "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", headers)
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	other, err := tenant.ParseID("other")
	require.NoError(t, err)
	var keys *tenant.Keys
	b := setup(t, func(c *Config, r *tenant.Registration) {
		r.Origins = []string{"https://shop.example"}
		keys, err = tenant.NewKeys(*r, tenant.Registration{
			Tenant:    tenant.Tenant{ID: other, Settings: tenant.Settings{Origins: []string{"https://other.example"}}},
			WriteKeys: []string{"wk_other"},
		})
		require.NoError(t, err)
		c.Auth, c.Origins = keys, keys.Origins
	})
	const headers = "anonymousid,authorization,content-type,x-retry-count"
	for _, origin := range []string{"https://shop.example", "https://other.example"} {
		for _, path := range []string{"/v1/t", "/v1/batch", "/beacon/v1/batch", "/sourceConfig/", "/v1/projects/wk_shop/settings"} {
			w := b.asked(path, origin, headers)
			require.Equal(t, http.StatusNoContent, w.Code)
			require.Equal(t, origin, w.Header().Get("Access-Control-Allow-Origin"))
			require.Equal(t, headers, w.Header().Get("Access-Control-Allow-Headers"))
			require.Equal(t, "true", w.Header().Get("Access-Control-Allow-Credentials"))
			require.Equal(t, "Origin, Access-Control-Request-Headers", w.Header().Get("Vary"))
		}
	}
	require.Equal(t, "POST, OPTIONS", b.asked("/v1/t", "https://shop.example", headers).Header().Get("Access-Control-Allow-Methods"))
	require.Equal(t, "GET, HEAD, OPTIONS", b.asked("/sourceConfig/", "https://shop.example", headers).Header().Get("Access-Control-Allow-Methods"))
	require.Contains(t, b.asked("/v1/t", "https://shop.example", strings.Repeat("x", 4096)).Header().Get("Access-Control-Allow-Headers"), "Authorization")

	for _, origin := range []string{"https://evil.example", "null", "*", "https://shop.example.evil.example"} {
		w := b.asked("/v1/t", origin, headers)
		problemOf(t, w, http.StatusForbidden)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
	}
	require.Equal(t, http.StatusNoContent, b.do(http.MethodOptions, "/v1/t", "").Code, "nobody's page asks")

	// The request itself is held to the origins of its own tenant, and says why.
	w := b.post("/v1/t", event, "Origin", "https://shop.example")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "https://shop.example", w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", w.Header().Get("Access-Control-Allow-Credentials"))
	w = b.post("/v1/t", event, "Origin", "https://other.example")
	problemOf(t, w, http.StatusForbidden)
	require.Equal(t, "https://other.example", w.Header().Get("Access-Control-Allow-Origin"), "its page may read why")
	problemOf(t, b.do(http.MethodPost, "/v1/t", `{"writeKey":"wk_shop"}`, "Origin", "null"), http.StatusForbidden)
	// An SDK that is refused its settings sends nothing.
	for _, path := range []string{"/sourceConfig/?writeKey=wk_shop", "/v1/projects/wk_shop/settings", "/array/wk_shop/config"} {
		problemOf(t, b.do(http.MethodGet, path, "", "Origin", "https://other.example"), http.StatusForbidden)
	}
	require.Equal(t, 200, b.post("/v1/t", event).Code, "servers have no origin")
	b.post("/v1/t", event, "Origin", strings.Repeat("x", 1<<20))
	require.Equal(t, uint64(6), b.Counts()[shop(t)].Refused)

	// Why an event is missing: the page is named.
	samples := b.Refusals(shop(t)).Samples
	require.Len(t, samples, 6)
	require.LessOrEqual(t, len(samples[0].Message), 2*maxSampled)
	for _, m := range slices.Concat(samples[1:4], samples[5:]) {
		require.Equal(t, http.StatusForbidden, m.Status)
		require.Equal(t, `pages of "https://other.example" may not send with this key`, m.Message)
	}
	require.Equal(t, `pages of "null" may not send with this key`, samples[4].Message)
}

// Without a list of origins every page may ask, and none may send cookies.
func TestPreflightOfAnyOrigin(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*bundle{
		"no list":  setup(t),
		"any page": setup(t, func(c *Config, r *tenant.Registration) { c.Origins = func(string) (bool, bool) { return true, false } }),
	} {
		w := b.asked("/v1/t", "https://any.example", "authorization")
		require.Equal(t, http.StatusNoContent, w.Code, name)
		require.Equal(t, "https://any.example", w.Header().Get("Access-Control-Allow-Origin"), name)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"), name)
		w = b.post("/v1/t", event, "Origin", "https://any.example")
		require.Equal(t, 200, w.Code, name)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"), name)
	}
}
