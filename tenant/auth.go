package tenant

import (
	"errors"
	"net/http"
)

// Access is what a credential is asked to allow.
type Access uint8

// The two doors.
const (
	Send Access = iota // put events in
	Ask                // read answers
)

// The two ways a credential fails: HTTP answers 401 to the first and 403 to
// the second.
var (
	ErrUnauthenticated = errors.New("tenant: no key, or an unknown one")
	ErrForbidden       = errors.New("tenant: this key may not do that")
)

// Authenticator turns a request's credential into a tenant. Products that have
// their own users and sessions implement it; [Keys] is the implementation for
// write and read keys.
//
// Authenticate is given the request and the key found in it by the door: from
// HTTP Basic, a Bearer token, or the message body; "" if there was none. It
// returns [ErrUnauthenticated] or [ErrForbidden], wrapped or bare, for a
// refusal; any other error is an outage. The returned Tenant is shared and
// must not be changed. It is called once a request, concurrently.
type Authenticator interface {
	Authenticate(r *http.Request, key string, want Access) (*Tenant, error)
}

// AuthenticatorFunc makes a function an [Authenticator].
type AuthenticatorFunc func(r *http.Request, key string, want Access) (*Tenant, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(r *http.Request, key string, want Access) (*Tenant, error) {
	return f(r, key, want)
}
