package tenant

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// The prefixes that tell the two kinds of keys apart at sight.
const (
	WritePrefix = "wk_"
	ReadPrefix  = "rk_"
)

// Registration is a tenant with the keys that act for it.
type Registration struct {
	Tenant
	WriteKeys []string
	ReadKeys  []string
}

// Keys is an [Authenticator] over a fixed set of tenants. It is immutable and
// so safe for concurrent use; build a new one to change it.
type Keys struct {
	tenants map[ID]*Tenant
	write   map[string]*Tenant
	read    map[[sha256.Size]byte]*Tenant
	order   []*Tenant
	origins map[string]bool // of all tenants
}

// NewKeys checks the registrations, fills in default settings and returns the
// authenticator. The error names every mistake.
func NewKeys(regs ...Registration) (*Keys, error) {
	k := &Keys{
		tenants: map[ID]*Tenant{},
		write:   map[string]*Tenant{},
		read:    map[[sha256.Size]byte]*Tenant{},
		origins: map[string]bool{},
	}
	var errs []error
	fail := func(reg Registration, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tenant %q: %w", reg.ID, fmt.Errorf(format, args...)))
	}
	for _, reg := range regs {
		t := &Tenant{ID: reg.ID, Settings: reg.WithDefaults()}
		if t.ID.IsZero() {
			fail(reg, "id is required")
			continue
		}
		if k.tenants[t.ID] != nil {
			fail(reg, "registered twice")
			continue
		}
		if err := t.Validate(); err != nil {
			fail(reg, "%w", err)
		}
		k.tenants[t.ID] = t
		k.order = append(k.order, t)
		for _, origin := range t.Origins {
			k.origins[origin] = true
		}
		for _, key := range reg.WriteKeys {
			if err := checkKey(key, WritePrefix); err != nil {
				fail(reg, "%w", err)
			} else if k.write[key] != nil {
				fail(reg, "write key %s is taken", key)
			} else {
				k.write[key] = t
			}
		}
		for _, key := range reg.ReadKeys {
			sum := sha256.Sum256([]byte(key))
			if err := checkKey(key, ReadPrefix); err != nil {
				fail(reg, "%w", err)
			} else if k.read[sum] != nil {
				fail(reg, "a read key is taken")
			} else {
				k.read[sum] = t
			}
		}
	}
	return k, errors.Join(errs...)
}

func checkKey(key, prefix string) error {
	if !strings.HasPrefix(key, prefix) || len(key) <= len(prefix) || len(key) > 200 {
		return fmt.Errorf("a key is %s and at most 200 characters", prefix+"…")
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' || key[i] == ':' {
			return fmt.Errorf("a key has printable ASCII without space and colon, not %q", key[i])
		}
	}
	return nil
}

// Authenticate implements [Authenticator]. Write keys may only send, read keys
// only ask.
func (k *Keys) Authenticate(_ *http.Request, key string, want Access) (*Tenant, error) {
	writer := k.write[key]
	var reader *Tenant
	// Hashing costs more than the rest of the door: only where it can matter.
	if writer == nil && strings.HasPrefix(key, ReadPrefix) {
		reader = k.read[sha256.Sum256([]byte(key))]
	}
	switch {
	case want == Send && writer != nil:
		return writer, nil
	case want == Ask && reader != nil:
		return reader, nil
	case writer != nil || reader != nil:
		return nil, ErrForbidden
	default:
		return nil, ErrUnauthenticated
	}
}

// Tenant returns the tenant of an id, nil if there is none.
func (k *Keys) Tenant(id ID) *Tenant { return k.tenants[id] }

// Tenants returns all tenants in the order of registration. The slice must not
// be changed.
func (k *Keys) Tenants() []*Tenant { return k.order }

// Origins reports of a web origin whether any tenant lets its pages send, and
// whether one does so by name and not by "*".
func (k *Keys) Origins(origin string) (allowed, named bool) {
	named = origin != "*" && k.origins[origin]
	return named || k.origins["*"], named
}
