package chdb

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// Login is what a handler asks of whoever sends statements.
type Login struct {
	// User is the name that goes with the password. Defaults to "default".
	User string
	// Password lets in who knows it. Defaults to none: then programs of this
	// machine come in and nobody else, browsers neither.
	Password string
}

// authenticationFailed is ClickHouse's code for who may not come in.
const authenticationFailed = 516

// Require lets through what the login allows.
func (l Login) Require(next http.Handler) http.Handler {
	user := cmp.Or(l.User, "default")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := isLocal(r)
		if l.Password != "" {
			name, password := credentials(r)
			allowed = same(name, user) && same(password, l.Password)
		}
		if !allowed {
			w.Header().Set("X-Clickhouse-Exception-Code", strconv.Itoa(authenticationFailed))
			http.Error(w, "Code: 516. DB::Exception: Authentication failed: the password is wrong, or there is none and this is no program of this machine. (AUTHENTICATION_FAILED)", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// credentials are where ClickHouse's clients put them.
func credentials(r *http.Request) (user, password string) {
	if user, password, ok := r.BasicAuth(); ok {
		return cmp.Or(user, "default"), password
	}
	if user, key := r.Header.Get("X-Clickhouse-User"), r.Header.Get("X-Clickhouse-Key"); user != "" || key != "" {
		return cmp.Or(user, "default"), key
	}
	values := r.URL.Query()
	return cmp.Or(values.Get("user"), "default"), values.Get("password")
}

// same compares in a time that tells nothing: sums have one length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// isLocal reports whether a request comes from a program of this machine and
// was meant for it. A page of strangers, open in somebody's browser, can send
// requests to this machine, also under a name of its own that it made point
// here; a browser says where it has them from.
func isLocal(r *http.Request) bool {
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || !isLoopback(r.Host) {
		return false
	}
	// Without an address there is no network between.
	return r.RemoteAddr == "" || isLoopback(r.RemoteAddr)
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
