package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"
)

// combinedColumns are the columns of an access log line.
var combinedColumns = []string{"ip", "user", "time", "method", "path", "status", "bytes", "referrer", "user_agent", "visitor"}

// parseCombined takes a line of the combined format apart:
//
//	ip - user [time] "method path protocol" status bytes "referrer" "user agent"
//
// A dash is an empty cell. The visitor is a hash of the whole address and the
// user agent; the address itself is kept shortened.
func parseCombined(line string) (*row, bool) {
	ip, rest, ok1 := strings.Cut(line, " ")
	_, rest, ok2 := strings.Cut(rest, " ")
	user, rest, ok3 := strings.Cut(rest, " [")
	when, rest, ok4 := strings.Cut(rest, `] "`)
	request, rest, ok5 := cutQuoted(rest)
	rest = strings.TrimPrefix(rest, " ")
	status, rest, ok6 := strings.Cut(rest, " ")
	size, rest, ok7 := strings.Cut(rest, ` "`)
	referrer, rest, ok8 := cutQuoted(rest)
	agent, _, ok9 := cutQuoted(strings.TrimPrefix(rest, ` "`))
	whole := ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7 && ok8 && ok9
	if !whole {
		return nil, false
	}
	if _, err := time.Parse("02/Jan/2006:15:04:05 -0700", when); err != nil {
		return nil, false
	}
	method, path, _ := strings.Cut(request, " ")
	if at := strings.LastIndexByte(path, ' '); at >= 0 && strings.HasPrefix(path[at+1:], "HTTP/") {
		path = path[:at]
	}
	sum := sha256.Sum256([]byte(ip + "\x00" + agent))
	values := [...]string{shorten(ip), user, when, method, path, status, size, referrer, agent, hex.EncodeToString(sum[:16])}
	r := &row{cells: make([]cell, len(values))}
	for i, v := range values {
		if v == "-" {
			v = ""
		}
		r.cells[i] = cell{name: combinedColumns[i], text: v}
	}
	return r, true
}

// cutQuoted returns the text up to the closing quote, whose escapes web servers
// write as \" and \\, and what follows it.
func cutQuoted(s string) (text, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[:i]), s[i+1:], true
		}
	}
	return "", "", false
}

// shorten drops the part of an address that tells one household from another:
// the last byte of IPv4, all but 48 bits of IPv6. A host name goes entirely.
func shorten(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	bits := 48
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.Addr().String()
}
