package ingest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// What an image and the GET of an old SDK carry, which is all in the query.
func TestPostHogByGet(t *testing.T) {
	t.Parallel()
	one := `{"token":"` + writeKey + `","event":"A+ é","distinct_id":"ada","uuid":"u1","properties":{"url":"https://x/?a=1&b=2"}}`
	keyless := `{"event":"A+ é","distinct_id":"ada","uuid":"u1","properties":{"url":"https://x/?a=1&b=2"}}`
	encoded := base64.StdEncoding.EncodeToString([]byte(one))
	for name, query := range map[string]string{
		"base64":             "data=" + url.QueryEscape(encoded) + "&compression=base64&ip=1&_=1714557600123&ver=1.20.0",
		"bare":               "ip=1&data=" + encoded,
		"unpadded":           "data=" + strings.TrimRight(encoded, "="),
		"for addresses":      "data=" + base64.URLEncoding.EncodeToString([]byte(one)),
		"JSON":               "data=" + url.QueryEscape(one),
		"an array":           "data=" + url.QueryEscape("["+one+"]"),
		"packed":             "data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(gzipped(t, one)))) + "&compression=gzip-js",
		"packed, no base64":  "data=" + url.QueryEscape(gzipped(t, one)) + "&compression=gzip-js",
		"key in the query":   "data=" + url.QueryEscape(keyless) + "&token=" + writeKey,
		"key, by its alias":  "api_key=" + writeKey + "&data=" + url.QueryEscape(keyless),
		"key, by our name":   "writeKey=" + writeKey + "&data=" + url.QueryEscape(keyless),
		"beside what is bad": "a=%zz&xdata=7&data=" + url.QueryEscape(one),
	} {
		for _, path := range []string{"/e/", "/capture", "/i/v0/e/", "/batch/", "/track/", "/engage/"} {
			b := setup(t)
			w := b.do(http.MethodGet, path+"?"+query, "")
			require.Equal(t, http.StatusOK, w.Code, "%s: %s", name, w.Body)
			require.Contains(t, w.Body.String(), `"status":"Ok"`)
			events := b.log.events(t)
			require.Len(t, events, 1)
			require.Equal(t, []string{"A+ é", "ada", "u1"}, []string{events[0].Name, events[0].UserID, events[0].MessageID}, name)
			require.JSONEq(t, `{"url":"https://x/?a=1&b=2"}`, events[0].Properties)
		}
	}
	b := setup(t)
	// A beacon wants to hear nothing, but what is wrong is said.
	w := b.do(http.MethodPost, "/e/?beacon=1", one)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Empty(t, w.Body)
	require.Len(t, b.log.events(t), 1)
	problemOf(t, b.do(http.MethodPost, "/e/?beacon=1", `{"token":"`+writeKey+`","event":"A"}`), http.StatusBadRequest)
	require.Equal(t, http.StatusOK, b.do(http.MethodPost, "/v1/track?beacon=1&writeKey="+writeKey, event).Code)

	b = setup(t)
	for query, status := range map[string]int{
		"":                                  http.StatusBadRequest,
		"?data=":                            http.StatusBadRequest,
		"?xdata=" + encoded:                 http.StatusBadRequest,
		"?data=%%%":                         http.StatusBadRequest,
		"?data=***":                         http.StatusBadRequest,
		"?compression=lz64&data=N4Ig":       http.StatusBadRequest,
		"?data=H4sI":                        http.StatusBadRequest, // gzip and cut off
		"?data=" + url.QueryEscape("{"):     http.StatusBadRequest,
		"?data=" + url.QueryEscape(keyless): http.StatusUnauthorized,
		"?data=" + url.QueryEscape(keyless) + "&token=wk_other":            http.StatusUnauthorized,
		"?data=" + strings.Repeat("x", maxBody):                            http.StatusRequestEntityTooLarge,
		"?data=" + url.QueryEscape(gzipped(t, strings.Repeat(" ", 1<<20))): http.StatusRequestEntityTooLarge,
	} {
		problemOf(t, b.do(http.MethodGet, "/e/"+query, ""), status)
	}
	problemOf(t, b.do(http.MethodPut, "/e/?data="+encoded, ""), http.StatusMethodNotAllowed)
	require.Empty(t, b.log.events(t))
}

// An image tells no origin, but the page that it is on.
func TestPostHogImageOfAnotherPage(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *Config, r *tenant.Registration) { r.Origins = []string{"https://shop.example"} })
	path := "/e/?data=" + url.QueryEscape(`{"token":"`+writeKey+`","event":"A","distinct_id":"ada"}`)
	for page, status := range map[string]int{
		"https://shop.example/a?b#c": http.StatusOK,
		"":                           http.StatusOK, // no browser, or a page that hides itself
		"https://evil.example/":      http.StatusForbidden,
		"https://shop.example.evil":  http.StatusForbidden,
	} {
		require.Equal(t, status, b.do(http.MethodGet, path, "", "Referer", page).Code, page)
	}
	require.Equal(t, http.StatusForbidden, b.do(http.MethodGet, path, "", "Referer", "https://shop.example/", "Origin", "https://evil.example").Code)
	for _, m := range b.Refusals(shop(t)).Samples {
		require.Contains(t, m.Message, "evil")
	}
	require.Equal(t, http.StatusOK, b.post("/v1/track", event, "Referer", "https://evil.example/").Code, "a POST of a page names its origin")
}
