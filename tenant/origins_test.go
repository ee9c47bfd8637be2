package tenant

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOriginsOfAll(t *testing.T) {
	t.Parallel()
	reg := func(text string, origins ...string) Registration {
		id, err := ParseID(text)
		require.NoError(t, err)
		return Registration{Tenant: Tenant{ID: id, Settings: Settings{Origins: origins}}}
	}
	named, err := NewKeys(reg("a", "https://a.example"), reg("b", "https://b.example"))
	require.NoError(t, err)
	open, err := NewKeys(reg("a", "https://a.example"), reg("b"))
	require.NoError(t, err)
	for _, c := range []struct {
		keys           *Keys
		origin         string
		allowed, named bool
	}{
		{named, "https://a.example", true, true},
		{named, "https://b.example", true, true},
		{named, "https://c.example", false, false},
		{named, "*", false, false},
		{named, "", false, false},
		{open, "https://a.example", true, true},
		{open, "https://c.example", true, false},
		{open, "*", true, false},
	} {
		allowed, byName := c.keys.Origins(c.origin)
		require.Equal(t, []bool{c.allowed, c.named}, []bool{allowed, byName}, c.origin)
	}
}

// TestOriginsAreWrittenAsBrowsersDo shows that what can match is brought into
// the form that is compared, and that everything else is named.
func TestOriginsAreWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	given := []string{
		"*", "HTTPS://Shop.Example", "https://shop.example:443", "http://shop.example:80", "http://shop.example:8080",
		"http://[2001:DB8::1]:81", "capacitor://localhost", "moz-extension://0a1b-2c", "https://shop.example.",
	}
	before := append([]string(nil), given...)
	s := Settings{Origins: given}.WithDefaults()
	require.NoError(t, s.Validate())
	require.Equal(t, before, given, "the caller's own")
	require.Equal(t, []string{
		"*", "https://shop.example", "https://shop.example", "http://shop.example", "http://shop.example:8080",
		"http://[2001:db8::1]:81", "capacitor://localhost", "moz-extension://0a1b-2c", "https://shop.example.",
	}, s.Origins)
	require.Equal(t, []string{"*"}, Settings{}.WithDefaults().Origins)

	for origin, why := range map[string]string{
		"":                           "no scheme",
		"null":                       "no scheme",
		"shop.example":               "no scheme",
		"://shop.example":            "no scheme",
		"a b://shop.example":         "no scheme",
		"https:shop.example":         "no scheme",
		"https://":                   `"" is no host name`,
		"https://shop.example/":      `more than a host, from "/" on`,
		"https://shop.example/a?b":   `more than a host, from "/a?b" on`,
		"https://shop.example?b":     "more than a host",
		"https://u@shop.example":     "more than a host",
		"https://*.shop.example":     "patterns are not supported",
		"https://*":                  "patterns are not supported",
		"https://.shop.example":      "no host name",
		"https://shop..example":      "no host name",
		"https://shop example":       "no host name",
		"https://bücher.example":     "xn--",
		"https://a.example,b":        "no host name",
		"https://shop.example:":      `"" is no port`,
		"https://shop.example:0":     `"0" is no port`,
		"https://shop.example:080":   `"080" is no port`,
		"https://shop.example:65536": "no port",
		"https://shop.example:*":     "no port",
		"https://[::1":               "no address",
		"https://[0:0::1]":           "no address",
		"https://[1.2.3.4]":          "no address",
	} {
		err := Settings{Origins: []string{"https://good.example", origin}}.WithDefaults().Validate()
		require.ErrorContains(t, err, "origins: ", origin)
		require.ErrorContains(t, err, why, origin)
		require.ErrorContains(t, err, "scheme://host:port", origin)
		require.NotContains(t, err.Error(), "good.example")
	}
	require.ErrorContains(t, Settings{Origins: []string{"https://*.a", "b/"}}.WithDefaults().Validate(), "b/", "every mistake at once")
	require.ErrorContains(t, func() error {
		s := Settings{}.WithDefaults()
		s.Origins = []string{"https://Shop.example"}
		return s.Validate()
	}(), "browsers write it https://shop.example")
	id, err := ParseID("shop")
	require.NoError(t, err)
	_, err = NewKeys(Registration{Tenant: Tenant{ID: id, Settings: Settings{Origins: []string{"https://*.example"}}}})
	require.ErrorContains(t, err, `tenant "shop": origins: "https://*.example"`)
}

// FuzzOrigin shows that an origin which is accepted is the origin of an address,
// and has one form.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"*", "https://Shop.Example:443", "http://[::1]:80", "x://a.b.", "https://a/", "null", "https://*.a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, err := normalOrigin(text)
		if err != nil || normal == "*" {
			return
		}
		again, err := normalOrigin(normal)
		require.NoError(t, err)
		require.Equal(t, normal, again)
		require.Equal(t, strings.ToLower(normal), normal)
		scheme, host, _ := strings.Cut(normal, "://")
		u := url.URL{Scheme: scheme, Host: host}
		require.Equal(t, normal, u.String())
	})
}
