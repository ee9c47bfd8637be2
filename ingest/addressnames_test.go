package ingest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// The names that properties and contexts have for addresses of the network are
// held to the tenant's policy at any depth, on every wire, also where redaction
// is off or the name is allowed.
func TestNamesOfAddresses(t *testing.T) {
	t.Parallel()
	const secret = "203.0.113.7"
	names := []string{"ip", "$ip", "client_ip", "clientIp", "ip_address", "remote_addr", "X-Forwarded-For", "ip\u200b", "ｉｐ"}
	rules := []tenant.Redact{{}, {Off: true}, {Allow: names[:6]}, {Names: []string{"seat"}}}
	for policy, want := range map[tenant.IPPolicy]string{tenant.TruncateIP: `"203.0.113.0"`, tenant.DropIP: `null`, tenant.KeepIP: `"` + secret + `"`} {
		for _, redact := range rules {
			b := setup(t, func(_ *Config, r *tenant.Registration) { r.IP, r.Redact = policy, redact })
			sent := 0
			for _, name := range names {
				member := `{"` + name + `":"` + secret + `"}`
				deep := `{"a":[{"b":` + member + `}],"list":{"` + name + `":["` + secret + `"]},"` + name + `":"` + secret + `"}`
				for _, kind := range []string{"track", "page", "screen", "identify", "group"} {
					ev := b.one("/v1/"+kind, `{"event":"E","userId":"u","groupId":"g","properties":`+member+`,"traits":`+member+`,"context":`+member+`}`)
					require.JSONEq(t, `{"`+name+`":`+want+`}`, ev.Properties, "%s %s", kind, name)
					require.JSONEq(t, `{"`+name+`":`+want+`}`, ev.Context)
					b.one("/v1/"+kind, `{"event":"E","userId":"u","properties":`+deep+`,"traits":`+deep+`,"context":`+deep+`}`)
					sent += 2
				}
				w := b.post("/v1/batch", `{"context":`+deep+`,"batch":[{"type":"track","event":"A","userId":"u","properties":`+deep+`}]}`)
				require.Equal(t, http.StatusOK, w.Code)
				w = b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","event":"A","userId":"u","messageId":"i","properties":`+deep+`}`, "Authorization", "Bearer "+adminKey)
				require.Equal(t, http.StatusOK, w.Code)
				b.captured("/e/", `{"token":"`+writeKey+`","event":"A","distinct_id":"ada","properties":`+deep+`}`)
				require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{
					Event: "A", UserID: "u",
					Properties: map[string]any{name: secret, "a": map[string]any{name: []string{secret}}}, Context: map[string]any{"device": map[string]any{name: secret}},
				}))
				sent += 4
			}
			found := false
			for _, rec := range b.log.records {
				found = found || strings.Contains(string(rec.Value)+string(rec.Header), secret)
			}
			require.Equal(t, policy == tenant.KeepIP, found, "policy %d, %v", policy, redact)
			require.Len(t, b.log.events(t), sent)
			require.Zero(t, b.Counts()[shop(t)].Redacted, "an address is no secret")
		}
	}
}
