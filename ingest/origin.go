package ingest

import (
	"net/http"
	"slices"

	"github.com/footfall-go/footfall/tenant"
)

// allowAnyOrigin lets a page of any origin read the answer. Whether it may send
// is decided when the tenant is known; until then there is nothing to hide, and
// a developer should be able to read what is wrong.
func allowAnyOrigin(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header["Origin"]; len(origin) > 0 {
		h := w.Header()
		h["Access-Control-Allow-Origin"] = origin[:1]
		h["Vary"] = vary
		h["Access-Control-Expose-Headers"] = exposed
	}
}

var (
	vary        = []string{"Origin"}
	exposed     = []string{"RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"}
	corsHeaders = []string{"Authorization, Content-Type, Content-Encoding, X-Request-Id"}
	corsMaxAge  = []string{"86400"}
)

func preflight(w http.ResponseWriter, r *http.Request, methods []string) int {
	h := w.Header()
	h["Allow"] = []string{allow(methods)}
	if r.Header.Get("Origin") != "" {
		h["Access-Control-Allow-Methods"] = h["Allow"]
		h["Access-Control-Allow-Headers"] = corsHeaders
		h["Access-Control-Max-Age"] = corsMaxAge
	}
	w.WriteHeader(http.StatusNoContent)
	return http.StatusNoContent
}

// mayComeFrom reports whether a browser page of the request's origin may use
// the tenant's write keys. Servers send no origin.
func mayComeFrom(t *tenant.Tenant, r *http.Request) bool {
	origin := r.Header["Origin"]
	return len(origin) == 0 || len(t.Origins) == 0 ||
		slices.Contains(t.Origins, "*") || slices.Contains(t.Origins, origin[0])
}
