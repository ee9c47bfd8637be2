package tenant

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// CookieName is the name of the cookie a browser page is logged in by.
const CookieName = "footfall_session"

// Cookies turns a read key into a browser session, so that a page need not
// keep the key: the cookie holds the tenant's id and an expiry under a MAC.
// It is an [Authenticator] for asking, and hands everything else on.
type Cookies struct {
	next   Authenticator
	tenant func(ID) *Tenant
	secret [32]byte
}

// cookieLife is how long a browser stays logged in.
const cookieLife = 12 * time.Hour

// NewCookies returns cookies for the tenants that lookup knows; what carries
// none goes to next. The secret is random: a restart logs everybody out.
func NewCookies(next Authenticator, lookup func(ID) *Tenant) *Cookies {
	c := &Cookies{next: next, tenant: lookup}
	_, _ = rand.Read(c.secret[:]) // never fails: crypto/rand aborts the program instead
	return c
}

// Authenticate implements [Authenticator]. A key beats a cookie.
func (c *Cookies) Authenticate(r *http.Request, key string, want Access) (*Tenant, error) {
	if key == "" && want == Ask && r != nil {
		if cookie, err := r.Cookie(CookieName); err == nil {
			if t := c.open(cookie.Value, time.Now()); t != nil {
				return t, nil
			}
		}
	}
	return c.next.Authenticate(r, key, want)
}

// Issue returns the cookie that logs a browser in as the tenant.
func (c *Cookies) Issue(t *Tenant) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: c.seal(t.ID, time.Now().Add(cookieLife)), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(cookieLife / time.Second),
	}
}

func (c *Cookies) seal(id ID, until time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	b = append(b, id.String()...)
	return base64.RawURLEncoding.EncodeToString(append(c.mac(b), b...))
}

func (c *Cookies) open(value string, now time.Time) *Tenant {
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(b) < sha256.Size+8 {
		return nil
	}
	mac, body := b[:sha256.Size], b[sha256.Size:]
	if !hmac.Equal(mac, c.mac(body)) || int64(binary.BigEndian.Uint64(body)) < now.Unix() {
		return nil
	}
	id, err := ParseID(string(body[8:]))
	if err != nil {
		return nil
	}
	return c.tenant(id)
}

func (c *Cookies) mac(b []byte) []byte {
	h := hmac.New(sha256.New, c.secret[:])
	h.Write(b)
	return h.Sum(nil)
}
