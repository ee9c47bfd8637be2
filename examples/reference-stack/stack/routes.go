package stack

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/footfall-go/footfall/examples/reference-stack/stack/page"
	"github.com/footfall-go/footfall/internal/problem"
)

// routes puts the two doors, the operator's routes and the page together.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.writes.wrap(s.door))
	mux.Handle("/api/v1/", s.answers)
	mux.HandleFunc("GET /api/v1/status", s.serveStatus)
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", s.metrics.handler)
	mux.Handle("/", s.logIn(page.Handler()))
	return mux
}

// isAdmin compares in constant time, whatever the lengths.
func (s *Server) isAdmin(r *http.Request) (given, right bool) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	want, got := sha256.Sum256([]byte(s.admin)), sha256.Sum256([]byte(key))
	return ok, ok && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// refuseAdmin answers a request that may not do what an operator may.
func refuseAdmin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	problem.Write(w, r, problem.Problem{Status: http.StatusUnauthorized, Detail: "this route wants the admin key, as a Bearer token"})
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
