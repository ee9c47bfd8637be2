package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// networkOfTests takes texts of digits and dots for addresses.
func networkOfTests(value []byte) (instead string, change bool) {
	switch text := string(value); {
	case text == "9.9.9.0":
		return "", false
	case strings.Trim(text, "0123456789.") == "" && strings.Count(text, ".") == 3:
		return "9.9.9.0", true
	default:
		return "", strings.Contains(text, "1.2")
	}
}

// What is an address of the network is known by its name, at any depth, and is
// no secret: it does not count, and who switches redaction off or allows the
// name does not get it back.
func TestNetworkAddresses(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{{}, {Off: true}, {Allow: []string{"ip", "client_ip"}}} {
		config.Network = networkOfTests
		rules := NewRules(config)
		for in, want := range map[string]string{
			`{"ip":"1.2.3.4"}`:                                  `{"ip":"9.9.9.0"}`,
			`{"a":{"b":[{ "client_ip" : "1.2.3.4"}]}}`:          `{"a":{"b":[{ "client_ip" : "9.9.9.0"}]}}`,
			`{"$ip":"1.2.3.4","ip_address":"1.2.3.4"}`:          `{"$ip":"9.9.9.0","ip_address":"9.9.9.0"}`,
			`{"remote_addr":"1.2.3.4:80","userIp":["1.2.3.4"]}`: `{"remote_addr":null,"userIp":null}`,
			`{"X-Forwarded-For":"1.2.3.4, 5.6.7.8"}`:            `{"X-Forwarded-For":null}`,
			`{"client\u005fip":"1.2.3\u002e4"}`:                 `{"client\u005fip":"9.9.9.0"}`,
			`{"ｉｐ":"1.2.3.4","i\u200bp":{"v":"1.2.3.4"}}`:       `{"ｉｐ":"9.9.9.0","i\u200bp":null}`,
		} {
			got, n := redacted(in, rules, NoProfile)
			require.Equal(t, want, got)
			require.Zero(t, n)
			again, _ := redacted(got, rules, NoProfile)
			require.Equal(t, got, again)
		}
		for _, in := range []string{
			`{"ip":"9.9.9.0","client_ip":null,"ip_address":"","remote_addr":7,"ships":"1.2.3.4","zip":"1.2.3.4","tip":"1.2","version":"1.2.3.4","ip":{}}`,
			`{"ip":{"country":"DE"},"ip":["x"]}`,
		} {
			got, _ := redacted(in, rules, NoProfile)
			require.Equal(t, in, got)
		}
	}
	rules := NewRules(Config{Network: networkOfTests})
	got, n := redacted(`{"ip":"joe@x.example","ip":{"password":"p"},"body":"{\"ip\":\"1.2.3.4\",\"ip\":{\"a\":\"1.2\"}}","url":"/?ip=1.2.3.4&ip=x"}`, rules, NoProfile)
	require.Equal(t, `{"ip":"[redacted]","ip":{"password":"[redacted]"},"body":"{\"ip\":\"9.9.9.0\",\"ip\":{\"a\":\"1.2\"}}","url":"/?ip=9.9.9.0&ip=x"}`, got)
	require.Positive(t, n)
	got, _ = redacted(`{"ip":"1.2.3.4","password":"x","n":4111111111111111,"m":"joe@x.example"}`, NewRules(Config{Off: true}), NoProfile)
	require.Contains(t, got, "1.2.3.4")
	require.Contains(t, got, "joe@")
}
