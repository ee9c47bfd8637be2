package ingest

import (
	"bytes"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/redact"
	"github.com/footfall-go/footfall/tenant"
)

// secrecy knows each tenant's rules.
type secrecy struct {
	usual [3]*redact.Rules // by what is kept of addresses
	own   sync.Map         // tenant.ID → *ownRules
	total metric.Int64Counter
}

func newSecrecy(provider metric.MeterProvider) (*secrecy, error) {
	total, err := meterOf(provider).Int64Counter("footfall.ingest.redacted", metric.WithUnit("{value}"), metric.WithDescription("Secrets taken out of events before the log."))
	c := &secrecy{total: total}
	for _, policy := range [...]tenant.IPPolicy{tenant.TruncateIP, tenant.DropIP, tenant.KeepIP} {
		c.usual[policy] = redact.NewRules(redact.Config{Network: hiding(policy)})
	}
	return c, err
}

type ownRules struct {
	of    tenant.Redact
	ip    tenant.IPPolicy
	rules *redact.Rules
}

// rules returns the rules of a tenant, nil if it keeps everything. They are
// made once for each settings of a tenant.
func (c *secrecy) rules(t *tenant.Tenant) *redact.Rules {
	switch {
	case t.Redact.Off && t.IP == tenant.KeepIP:
		return nil
	case !t.Redact.Off && len(t.Redact.Names) == 0 && len(t.Redact.Allow) == 0:
		if t.IP > tenant.KeepIP {
			return c.usual[tenant.DropIP] // no policy at all
		}
		return c.usual[t.IP]
	}
	if known, ok := c.own.Load(t.ID); ok {
		o := known.(*ownRules)
		if o.ip == t.IP && o.of.Off == t.Redact.Off && slices.Equal(o.of.Names, t.Redact.Names) && slices.Equal(o.of.Allow, t.Redact.Allow) {
			return o.rules
		}
	}
	o := &ownRules{ip: t.IP, of: tenant.Redact{Off: t.Redact.Off, Names: slices.Clone(t.Redact.Names), Allow: slices.Clone(t.Redact.Allow)}}
	o.rules = redact.NewRules(redact.Config{Off: o.of.Off, Secret: o.of.Names, Allow: o.of.Allow, Network: hiding(t.IP)})
	c.own.Store(t.ID, o)
	return o.rules
}

// redaction is the memory that a request needs to redact its events.
type redaction struct {
	redactor                     redact.Redactor
	properties, context, derived []byte
	last                         lastContext
	secrets                      int // taken out of the request's events
}

// lastContext is the context of the event before: a sender's is the same most
// of the time, and is looked at once.
type lastContext struct {
	sent    []byte
	rules   *redact.Rules
	profile redact.Profile
	secrets int
}

// redact takes the secrets out of what the event will be stored with, and what
// the tenant does not keep of addresses of the network. Derived
// names are copies out of properties and context: they have none of their own.
func (s *request) redact() {
	rules := s.h.secrecy.rules(s.tenant)
	if rules == nil {
		return
	}
	profile, inContext := redact.NoProfile, redact.NoProfile
	switch s.event.Type {
	case footfall.Identify:
		profile, inContext = redact.All, redact.InTraits
	case footfall.Group:
		profile = redact.All
	}
	r := &s.redaction
	before := r.secrets
	s.event.Properties, r.properties = r.clean(s.event.Properties, r.properties, rules, profile)
	s.event.Context = r.cleanContext(s.event.Context, rules, inContext)
	if r.secrets > before {
		s.event.Derived, r.derived = r.clean(s.event.Derived, r.derived, rules, redact.NoProfile)
	}
}

// clean returns an object without its secrets, and the memory it is made in.
func (r *redaction) clean(object, memory []byte, rules *redact.Rules, profile redact.Profile) (clean, grown []byte) {
	memory, n := r.redactor.Append(memory[:0], object, rules, profile)
	if len(memory) == 0 {
		return object, memory
	}
	r.secrets += n
	return memory, memory
}

// holdsSecret reports whether there is anything to redact in an object.
func (r *redaction) holdsSecret(object []byte, rules *redact.Rules) bool {
	memory, n := r.redactor.Append(r.derived[:0], object, rules, redact.NoProfile)
	r.derived = memory
	return n > 0
}

func (r *redaction) cleanContext(object []byte, rules *redact.Rules, profile redact.Profile) []byte {
	if l := &r.last; l.rules != rules || l.profile != profile || !bytes.Equal(l.sent, object) {
		l.sent, l.rules, l.profile = append(l.sent[:0], object...), rules, profile
		r.context, l.secrets = r.redactor.Append(r.context[:0], object, rules, profile)
	}
	if len(r.context) == 0 {
		return object
	}
	r.secrets += r.last.secrets
	return r.context
}
