package ingest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzHeaderKey reads strangers' headers and queries: where the standard
// library sees a user of HTTP Basic, that is the key, and a header comes before
// the query.
func FuzzHeaderKey(f *testing.F) {
	f.Add(basic(writeKey), "")
	f.Add("Bearer "+writeKey, "writeKey=wk_other")
	f.Add("bearer  x ", "a=1&writeKey=%77k")
	f.Add("Basic %%%", "writeKey=%zz")
	f.Add("Basic Og==", "writeKey=a&writeKey=b")
	f.Add("Basic d2tfYTo", "a=%zz&writeKey=b")
	f.Add("Digest x", "xwriteKey=1")
	f.Fuzz(func(t *testing.T, header, query string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{}}
		asked := headerKey(r)
		values, err := url.ParseQuery(query)
		require.True(t, asked == values.Get("writeKey") || err == nil && asked == "" && !strings.Contains(query, "writeKey="))
		r.Header["Authorization"] = []string{header}
		key := headerKey(r)
		if user, _, ok := r.BasicAuth(); ok {
			require.Equal(t, user, authorization(r))
		}
		if own := authorization(r); own != "" {
			require.Equal(t, own, key)
			require.NotContains(t, strings.ToLower(own), "basic ", "no scheme is left in it")
		} else {
			require.Equal(t, asked, key)
		}
	})
}
