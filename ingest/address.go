package ingest

import (
	"net/netip"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/tenant"
)

// Place is where an address is. An empty text is "unknown".
type Place struct {
	Country string // the code of ISO 3166-1, "DE"
	Region  string
	City    string
}

// Geo finds the place of an address, the zero Place if it knows none. It is
// called concurrently, for many an event: it should take less than a
// microsecond.
type Geo interface {
	Place(addr netip.Addr) Place
}

// said is what a context says about the address of its visitor.
type said struct {
	address netip.Addr
	given   bool // true with no address: it shall not be known
}

// addresses takes the addresses out of a message, or shortens them, before
// anything of it is kept, and notes the one that the event is from.
func (s *request) addresses(m, shared *envelope.Message) {
	own := s.hide(m)
	if shared != nil && !s.sharedHidden {
		// Once for all messages: afterwards the whole address is gone.
		s.sharedHidden, s.sharedSaid = true, s.hide(shared)
	}
	if !own.given && shared != nil && !m.Null(envelope.ContextIP) {
		own = s.sharedSaid
	}
	s.address = s.visitorAddress(m, shared, own)
}

// visitorAddress is the address an event is from. A browser is believed when
// it says that there should be none, and otherwise where it is seen: a page
// cannot know its own address. A server says whom it speaks for or nobody is
// known, since its own address is nobody's. An app speaks for its device.
func (s *request) visitorAddress(m, shared *envelope.Message, own said) netip.Addr {
	from := s.sender()
	switch {
	case own.given && (own.address.IsUnspecified() || !own.address.IsValid()):
		return netip.Addr{}
	case from.browser:
		return from.address
	case own.given:
		return own.address
	case m.Has(envelope.ContextDevice), shared != nil && shared.Has(envelope.ContextDevice):
		return from.address
	}
	return netip.Addr{}
}

// hide applies the tenant's policy to the addresses in one message, where they
// stand in the body.
func (s *request) hide(m *envelope.Message) (context said) {
	if m.Has(envelope.ContextIP) {
		context.given = true
		context.address = s.hideField(m, envelope.ContextIP)
	}
	for _, f := range [...]envelope.Field{envelope.PropertyIP, envelope.PropertyDollarIP, envelope.TraitIP, envelope.ContextTraitIP} {
		if m.Has(f) {
			s.hideField(m, f)
		}
	}
	return context
}

// hideField returns the address that a field had.
func (s *request) hideField(m *envelope.Message, f envelope.Field) netip.Addr {
	text := s.decoder.Raw(m, f)
	if s.decoder.Kind(m, f) == envelope.String {
		text, s.made.text = s.decoder.AppendText(s.made.text[:0], m, f)
	}
	addr, ok := parseAddress(view(text))
	switch {
	case s.tenant.IP == tenant.KeepIP:
	case ok && s.tenant.IP == tenant.TruncateIP:
		var b [64]byte
		s.decoder.Replace(m, f, view(shorten(addr).AppendTo(b[:0])))
	case ok, f == envelope.ContextIP, mentionsAddress(text):
		// A property of that name may be something else altogether; in a
		// context it is not.
		s.decoder.Null(m, f)
	}
	return addr
}

// hiding returns what may be kept of an address under a policy, for the names
// that properties and contexts have for one at any depth. Those that stand where
// the door itself looks have been dealt with before.
func hiding(policy tenant.IPPolicy) func(value []byte) (instead string, change bool) {
	if policy == tenant.KeepIP {
		return nil
	}
	return func(value []byte) (instead string, change bool) {
		addr, ok := parseAddress(string(value))
		if !ok {
			// What has that name may be something else altogether.
			return "", mentionsAddress(value)
		}
		if policy == tenant.TruncateIP {
			instead = shorten(addr).String()
		}
		return instead, instead != string(value)
	}
}

// shorten keeps of an address what many households share.
func shorten(addr netip.Addr) netip.Addr {
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	prefix, _ := addr.Prefix(bits) // fails for no address alone
	return prefix.Addr()
}

// mentionsAddress reports whether there may be an address somewhere in a text,
// such as a list of them. It looks for what all addresses have, a dot between
// digits or a colon between hexadecimal ones, so that it is one quick pass.
func mentionsAddress(text []byte) bool {
	at := func(i int) byte {
		if i < 0 || i >= len(text) {
			return 0
		}
		return text[i]
	}
	for i, c := range text {
		before, after := at(i-1), at(i+1)
		switch c {
		case '.':
			if before-'0' <= 9 && after-'0' <= 9 {
				return true
			}
		case ':':
			if before == ':' || fromHex(before) >= 0 && fromHex(after) >= 0 {
				return true
			}
		case '\\':
			return true // who knows what is behind it
		}
	}
	return false
}

// place adds where the event is from: the address, as far as the tenant keeps
// it, and what is known of the whole one.
func (d *deriver) place() {
	s := d.s
	if !s.address.IsValid() || s.address.IsUnspecified() {
		return
	}
	if s.address != s.placed {
		s.placed = s.address
		s.made.place = s.h.appendPlace(s.made.place[:0], s.address, s.tenant.IP)
	}
	d.members(view(s.made.place))
}

// appendPlace appends members of an object.
func (h *Handler) appendPlace(b []byte, addr netip.Addr, policy tenant.IPPolicy) []byte {
	switch policy {
	case tenant.TruncateIP:
		b = append(shorten(addr).AppendTo(append(b, `"$ip":"`...)), '"')
	case tenant.KeepIP:
		b = append(addr.AppendTo(append(b, `"$ip":"`...)), '"')
	}
	if h.config.Geo == nil {
		return b
	}
	place := h.config.Geo.Place(addr)
	for _, member := range [...]struct{ name, value string }{
		{`"$country":`, place.Country}, {`"$region":`, place.Region}, {`"$city":`, place.City},
	} {
		if member.value == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(append(b, member.name...), member.value)
	}
	return b
}
