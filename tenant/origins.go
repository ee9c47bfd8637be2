package tenant

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// anyOrigin stands for all origins, pages that have none to show included.
const anyOrigin = "*"

// normalOrigins writes origins as browsers do. What is none stays as it is, for
// Validate to name.
func normalOrigins(origins []string) []string {
	if len(origins) == 0 {
		return []string{anyOrigin}
	}
	for i, origin := range origins {
		normal, err := normalOrigin(origin)
		if err != nil || normal == origin {
			continue
		}
		origins = slices.Clone(origins) // the caller's own stay the caller's
		origins[i] = normal
	}
	return origins
}

// validateOrigins names the origins that no page can have. Each would be
// accepted in silence otherwise, and match nothing.
func validateOrigins(origins []string) error {
	var errs []error
	for _, origin := range origins {
		normal, err := normalOrigin(origin)
		if err == nil && normal != origin {
			err = errors.New("browsers write it " + normal)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("origins: %q: %w; an origin is scheme://host or scheme://host:port, and \"*\" is any", origin, err))
		}
	}
	return errors.Join(errs...)
}

// normalOrigin returns an origin in the one form that browsers send: in lower
// case, without the port that its scheme implies.
func normalOrigin(text string) (string, error) {
	if text == anyOrigin {
		return text, nil
	}
	scheme, rest, ok := strings.Cut(strings.ToLower(text), "://")
	if !ok || scheme == "" || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
		// This refuses "null" too: it is what every page in a sandbox sends.
		return "", errors.New("it has no scheme")
	}
	if i := strings.IndexAny(rest, "/?#@"); i >= 0 {
		return "", fmt.Errorf("it has more than a host, from %q on", rest[i:])
	}
	host, port := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		host, port = rest[:i], rest[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return "", fmt.Errorf("%q is no port", port)
		}
	}
	if err := checkHost(host); err != nil {
		return "", err
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + host + ":" + port, nil
}

func checkHost(host string) error {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		if addr, err := netip.ParseAddr(inner); !closed || err != nil || !addr.Is6() || addr.String() != inner {
			return fmt.Errorf("%q is no address as browsers write it", host)
		}
		return nil
	}
	if strings.Contains(host, "*") {
		return errors.New("patterns are not supported: name each origin")
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("%q is no host name; browsers write one of other letters as xn--…", host)
		}
	}
	return nil
}
