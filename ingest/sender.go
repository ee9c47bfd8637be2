package ingest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// sender is what a request says about who sent it, messages aside. All of it
// is empty where that is nobody's visitor: for an import, and for the host.
type sender struct {
	asked    bool
	browser  bool       // a page in a browser sends for its own visitor
	agent    string     // the browser's user agent
	language string     // that the browser likes best
	address  netip.Addr // where the request comes from
}

// sender looks at the request once.
func (s *request) sender() *sender {
	if s.from.asked {
		return &s.from
	}
	s.from = sender{asked: true}
	if s.foreign {
		return &s.from
	}
	header := s.r.Header
	// The user agent of a server's SDK is not that of its visitor, and no bot
	// of anybody either. All browsers begin with Mozilla; the bots that run
	// the scripts of pages are browsers.
	agent := first(header["User-Agent"])
	s.from.browser = strings.HasPrefix(agent, "Mozilla/") || len(header["Origin"]) > 0
	if s.from.browser {
		s.from.agent = agent
		s.from.language = preferred(first(header["Accept-Language"]))
	}
	s.from.address = s.h.config.client(s.r)
	return &s.from
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// preferred returns the first language of an Accept-Language header, which
// browsers put in the order of liking, "" if it is none.
func preferred(header string) string {
	if i := strings.IndexAny(header, ",;"); i >= 0 {
		header = header[:i]
	}
	header = strings.TrimSpace(header)
	if len(header) < 2 || len(header) > 35 {
		return ""
	}
	for i := range len(header) {
		if c := header[i]; c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return header
}

// client returns the address a request comes from: that of the peer, and
// behind a trusted proxy the last one in X-Forwarded-For that is no such proxy.
// What stands before it in the header, anybody can have written. The zero
// address is "unknown".
func (c *Config) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := clean(peer.Addr())
	lines := r.Header["X-Forwarded-For"]
	if len(lines) == 0 || !c.trusts(at) {
		return at
	}
	for _, line := range slices.Backward(lines) {
		for line != "" {
			entry := line
			if i := strings.LastIndexByte(line, ','); i >= 0 {
				line, entry = line[:i], line[i+1:]
			} else {
				line = ""
			}
			var ok bool
			if at, ok = parseAddress(strings.TrimSpace(entry)); !ok || !c.trusts(at) {
				return at // "unknown" or the like hides what is behind it
			}
		}
	}
	return at
}

func (c *Config) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// parseAddress reads an address with or without port.
func parseAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		var pair netip.AddrPort
		if pair, err = netip.ParseAddrPort(text); err != nil {
			addr, err = netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
		} else {
			addr = pair.Addr()
		}
	}
	return clean(addr), err == nil
}

// clean gives an address its one form: no zone, and IPv4 as such.
func clean(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
