package ingest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// cross lets a page of any origin read the answer. Whether it may send is
// decided when the tenant is known; until then there is nothing to hide, and a
// developer should be able to read what is wrong. Cookies are another matter:
// the keys need none, but a host's own authenticator may go by them, so that
// only origins that a tenant names may send theirs.
func (h *Handler) cross(w http.ResponseWriter, r *http.Request) (allowed bool) {
	origin := r.Header["Origin"]
	if len(origin) == 0 {
		return true
	}
	header := w.Header()
	header["Access-Control-Allow-Origin"] = origin[:1]
	header["Access-Control-Expose-Headers"] = exposed
	header["Vary"] = vary
	if h.config.Origins == nil {
		return true
	}
	allowed, named := h.config.Origins(origin[0])
	if named {
		header["Access-Control-Allow-Credentials"] = yes
	}
	return allowed
}

var (
	vary          = []string{"Origin"}
	varyPreflight = []string{"Origin, Access-Control-Request-Headers"}
	exposed       = []string{"RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"}
	yes           = []string{"true"}
	corsHeaders   = []string{"Authorization, Content-Type, Content-Encoding, X-Request-Id"}
	corsMaxAge    = []string{"86400"}
)

// maxCORSHeaders bounds what a preflight gets back of what it asked for.
const maxCORSHeaders = 2048

// preflight answers what a browser asks before it sends. It carries no key, so
// that any tenant's origin will do. The request may have whatever headers it
// asks for: SDKs add some of their own, and other ones to a second try.
func (h *Handler) preflight(w http.ResponseWriter, r *http.Request, methods []string, allowed bool) int {
	header := w.Header()
	header["Allow"] = []string{allow(methods)}
	if r.Header.Get("Origin") != "" {
		header["Vary"] = varyPreflight
		if !allowed {
			delete(header, "Access-Control-Allow-Origin")
			return h.fail(w, r, problem.Problem{Status: http.StatusForbidden, Detail: "no key lets pages of " + quotedOrigin(r) + " send"})
		}
		header["Access-Control-Allow-Methods"] = header["Allow"]
		header["Access-Control-Allow-Headers"] = corsHeaders
		if asked := r.Header["Access-Control-Request-Headers"]; len(asked) == 1 && len(asked[0]) <= maxCORSHeaders {
			header["Access-Control-Allow-Headers"] = asked
		}
		header["Access-Control-Max-Age"] = corsMaxAge
	}
	w.WriteHeader(http.StatusNoContent)
	return http.StatusNoContent
}

// mayComeFrom reports whether a browser page of the request's origin may use
// the tenant's write keys. Servers send no origin.
func mayComeFrom(t *tenant.Tenant, r *http.Request) bool {
	origin := originOf(r)
	return origin == "" || len(t.Origins) == 0 || slices.Contains(t.Origins, "*") || slices.Contains(t.Origins, origin)
}

// originOf returns the origin of the page that a request comes from, "" if none
// is known. For an image or a script browsers name no origin, but the page.
func originOf(r *http.Request) string {
	if origin := r.Header["Origin"]; len(origin) > 0 || r.Method != http.MethodGet {
		return first(origin)
	}
	page, err := url.Parse(r.Header.Get("Referer"))
	if err != nil || page.Host == "" {
		return ""
	}
	return page.Scheme + "://" + page.Host
}

// originRefused says so by name: among the samples of what was refused, it is
// what tells a page that was forgotten from one that nobody knows.
func originRefused(r *http.Request) string {
	return "pages of " + quotedOrigin(r) + " may not send with this key"
}

func quotedOrigin(r *http.Request) string {
	origin := originOf(r)
	return strconv.Quote(origin[:min(len(origin), maxSampled)])
}
