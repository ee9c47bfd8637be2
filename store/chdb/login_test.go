package chdb_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb"
)

// TestLogin shows who comes in: SQL reads files of this machine.
func TestLogin(t *testing.T) {
	t.Parallel()
	open, secret, named := chdb.Login{}, chdb.Login{Password: "s3cret"}, chdb.Login{User: "writer", Password: "s3cret"}
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	for name, c := range map[string]struct {
		login   chdb.Login
		change  func(*http.Request)
		allowed bool
	}{
		"a program of this machine":      {open, func(*http.Request) {}, true},
		"and over IPv6":                  {open, func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:5", "localhost:8123" }, true},
		"another machine":                {open, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:5" }, false},
		"a page in a browser":            {open, header("Origin", "https://example.com"), false},
		"a picture in a page":            {open, header("Sec-Fetch-Site", "cross-site"), false},
		"a name that was made to be us":  {open, func(r *http.Request) { r.Host = "rebound.example.com:8123" }, false},
		"no password":                    {secret, func(*http.Request) {}, false},
		"a wrong one":                    {secret, header("X-ClickHouse-Key", "secret"), false},
		"the right one":                  {secret, header("X-ClickHouse-Key", "s3cret"), true},
		"of another user":                {secret, header("X-ClickHouse-User", "root", "X-ClickHouse-Key", "s3cret"), false},
		"HTTP Basic":                     {secret, func(r *http.Request) { r.SetBasicAuth("default", "s3cret") }, true},
		"HTTP Basic, wrong":              {secret, func(r *http.Request) { r.SetBasicAuth("default", "") }, false},
		"in the address":                 {named, func(r *http.Request) { r.URL.RawQuery = "user=writer&password=s3cret" }, true},
		"without the user":               {named, func(r *http.Request) { r.URL.RawQuery = "password=s3cret" }, false},
		"another machine that may":       {secret, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:5"; r.SetBasicAuth("", "s3cret") }, true},
		"a browser's tool with the word": {secret, header("Origin", "https://play.example.com", "X-ClickHouse-Key", "s3cret"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := false
			handler := c.login.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8123/", nil)
			r.RemoteAddr = "127.0.0.1:40000"
			c.change(r)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(t, c.allowed, reached)
			if !c.allowed {
				require.Equal(t, http.StatusForbidden, w.Code)
				require.Equal(t, "516", w.Header().Get("X-ClickHouse-Exception-Code"))
				require.NotContains(t, w.Body.String(), "s3cret")
			}
		})
	}
}
