package stack

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/footfall-go/footfall/examples/reference-stack/stack/page"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/tenant"
)

// routes puts together what the role has: the two doors, the operator's routes
// and the page.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	only := func(methods, path string, serve http.Handler) {
		for method := range strings.SplitSeq(methods, ", ") {
			mux.Handle(method+" "+path, serve)
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", methods)
			problem.Write(w, r, problem.Problem{Status: http.StatusMethodNotAllowed, Detail: "use " + methods})
		})
	}
	if s.role.door {
		door := s.writes.wrap(s.door)
		mux.Handle("/v1/", door)
		for _, path := range slices.Concat(ingest.RudderPaths, ingest.PostHogPaths) {
			mux.Handle(path, door)
		}
		only("GET, HEAD", "/api/v1/refused", http.HandlerFunc(s.serveRefused))
	}
	if s.role.answers {
		mux.Handle("/api/v1/", s.answers)
		only("GET, HEAD", "/api/v1/trace", http.HandlerFunc(s.serveTrace))
		only("GET, HEAD", "/api/v1/rejected", http.HandlerFunc(s.serveRejected))
		only("POST", "/api/v1/rejected/replay", s.writes.wrap(http.HandlerFunc(s.serveReplay)))
		only("GET, HEAD", "/api/v1/openapi.json", serveOpenAPI())
		keeping := keep.NewHandler(s.keeper, s.admin)
		for _, pattern := range keeping.Patterns() {
			mux.Handle(pattern, keeping)
		}
		mux.Handle("/", s.logIn(page.Handler()))
	} else {
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "there is no such route at this role, " + s.role.name})
		})
	}
	if s.role.processor {
		only("GET, HEAD", "/api/v1/taps", http.HandlerFunc(s.serveTaps))
		only("DELETE", "/api/v1/taps/{name}", http.HandlerFunc(s.serveDropTap))
	}
	only("GET, HEAD", "/api/v1/status", http.HandlerFunc(s.serveStatus))
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", s.metrics.handler)
	return mux
}

// admin reports whether a request carries the admin key, and refuses it
// otherwise: 403 to a key that is good for something else.
func (s *Server) admin(w http.ResponseWriter, r *http.Request) bool {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	// Sums have one length, so that comparing them tells nothing by its time.
	want, got := sha256.Sum256([]byte(s.adminKey)), sha256.Sum256([]byte(key))
	if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		return true
	}
	if _, err := s.keys.Authenticate(r, key, tenant.Ask); err == nil || errors.Is(err, tenant.ErrForbidden) {
		problem.Write(w, r, problem.Problem{Status: http.StatusForbidden, Detail: "this route wants the admin key"})
		return false
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	problem.Write(w, r, problem.Problem{Status: http.StatusUnauthorized, Detail: "this route wants the admin key, as a Bearer token"})
	return false
}

// logIn gives the page's visitor the cookie of Settings.LogIn. It does so only
// for a browser on this machine that asked for this machine by name: a page
// elsewhere whose host name was made to point here gets none.
func (s *Server) logIn(next http.Handler) http.Handler {
	if s.settings.LogIn == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && isLoopback(r.RemoteAddr) && isLoopback(r.Host) {
			http.SetCookie(w, s.cookies.Issue(s.keys.Tenant(*s.settings.LogIn)))
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a host, with or without port, is this machine.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
