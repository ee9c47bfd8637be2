package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/footfall-go/footfall/tenant"
)

// No way into the log leaves a secret in anything that is stored.
func TestSecretsDoNotReachTheLog(t *testing.T) {
	t.Parallel()
	reader := sdk.NewManualReader()
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.MeterProvider = sdk.NewMeterProvider(sdk.WithReader(reader))
	})
	const page = `"url":"https://u:hush@x.example/p?token=hush&utm_source=hush%40x.example","referrer":"/?code=hush","path":"/p/hush@x.example?password=hush","search":"?sig=hush"`
	b.one("/v1/page", `{"userId":"u","properties":{`+page+`}}`)
	b.one("/v1/track", `{"event":"A","userId":"u","properties":{"p\u0061ssword":"hush"},"context":{"page":{`+page+`},"campaign":{"source":"hush@x.example"},"traits":{"email":"hush@x.example"}}}`)
	b.one("/v1/identify", `{"userId":"u","context":{"traits":{"password":"hush"},"page":{`+page+`}}}`)
	b.one("/v1/group", `{"userId":"u","groupId":"g","traits":{"apiKey":"hush"}}`)
	w := b.post("/v1/batch", `{"batch":[{"type":"track","event":"A","userId":"u"},{"type":"track","event":"A","userId":"u","context":{"a":1}},{"type":"screen","name":"hush@x.example","userId":"u"}],"context":{"page":{`+page+`}}}`)
	require.Equal(t, http.StatusOK, w.Code)
	w = b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","event":"A","userId":"u","messageId":"i","properties":{"card":"hush","cvv":"hush","n":"4111 1111 1111 1111"}}`, "Authorization", "Bearer "+adminKey)
	require.Equal(t, http.StatusOK, w.Code)
	require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Event: "A", UserID: "u", Properties: map[string]any{"note": "hush@x.example", "secret": []int{1}}}))

	events := b.log.events(t)
	require.Len(t, events, 9)
	for _, ev := range events {
		all := ev.Properties + ev.Context + ev.Derived
		if ev.MessageID == "i" {
			require.JSONEq(t, `{"card":"hush","cvv":"[redacted]","n":"[redacted]"}`, ev.Properties)
			continue
		}
		require.NotContains(t, all, "hush")
		require.False(t, strings.Contains(all, "page") && !strings.Contains(all, "[redacted]"), all)
	}
	require.JSONEq(t, `"https://redacted@x.example/p?token=[redacted]&utm_source=[redacted]"`, jsonMember(t, events[0].Derived, "$url"))
	require.JSONEq(t, `"/p/[redacted]"`, jsonMember(t, events[0].Derived, "$path"))
	require.JSONEq(t, `"/?code=[redacted]"`, jsonMember(t, events[1].Derived, "$referrer"))
	require.JSONEq(t, `"[redacted]"`, jsonMember(t, events[1].Derived, "$utm_source"))
	require.NotZero(t, b.Counts()[shop(t)].Redacted)

	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &got))
	for _, m := range got.ScopeMetrics[0].Metrics {
		if m.Name == "footfall.ingest.redacted" {
			require.Equal(t, int64(b.Counts()[shop(t)].Redacted), m.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
			return
		}
	}
	require.Fail(t, "no metric")
}

func jsonMember(tb testing.TB, object, name string) string {
	tb.Helper()
	var members map[string]json.RawMessage
	require.NoError(tb, json.Unmarshal([]byte(object), &members))
	return string(members[name])
}

// Traits keep the addresses they are for; ids and names are not touched.
func TestProfilesKeepTheirAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ev := b.one("/v1/identify", `{"userId":"joe@x.example","traits":{"email":"joe@x.example","token":"t"}}`)
	require.Equal(t, "joe@x.example", ev.UserID)
	require.JSONEq(t, `{"email":"joe@x.example","token":"[redacted]"}`, ev.Properties)
	ev = b.one("/v1/identify", `{"userId":"u","context":{"traits":{"email":"joe@x.example"},"email":"joe@x.example"}}`)
	require.JSONEq(t, `{"email":"joe@x.example"}`, ev.Properties)
	require.JSONEq(t, `{"traits":{"email":"joe@x.example"},"email":"[redacted]"}`, ev.Context)
	ev = b.one("/v1/group", `{"userId":"u","groupId":"g@x.example","traits":{"contact":"joe@x.example"}}`)
	require.JSONEq(t, `{"contact":"joe@x.example"}`, ev.Properties)
	require.JSONEq(t, `{"$group_id":"g@x.example"}`, ev.Derived)
	ev = b.one("/v1/track", `{"event":"mailto:joe@x.example","userId":"u"}`)
	require.Equal(t, "mailto:joe@x.example", ev.Name)
}

// Each tenant has rules of its own, also where a request follows another's in
// the same memory.
func TestRedactPerTenant(t *testing.T) {
	t.Parallel()
	rules := []tenant.Redact{{}, {Off: true}, {Names: []string{"seat"}}, {Allow: []string{"email"}}, {}}
	var now tenant.Tenant
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.Auth = tenant.AuthenticatorFunc(func(*http.Request, string, tenant.Access) (*tenant.Tenant, error) { return &now, nil })
	})
	const object = `{"email":"joe@x.example","seat":7,"password":"p"}`
	for round := range 2 {
		for i, want := range []string{
			`{"email":"[redacted]","seat":7,"password":"[redacted]"}`,
			object,
			`{"email":"[redacted]","seat":"[redacted]","password":"[redacted]"}`,
			`{"email":"joe@x.example","seat":7,"password":"[redacted]"}`,
			`{"email":"[redacted]","seat":7,"password":"[redacted]"}`,
		} {
			id, err := tenant.ParseID(fmt.Sprint("t", i%(4-round))) // then with settings that changed
			require.NoError(t, err)
			now = tenant.Tenant{ID: id, Settings: tenant.Settings{Redact: rules[i]}.WithDefaults()}
			ev := b.one("/v1/track", `{"event":"A","userId":"u","properties":`+object+`,"context":`+object+`}`)
			require.JSONEq(t, want, ev.Properties)
			require.JSONEq(t, want, ev.Context)
		}
	}
}

// BenchmarkRedaction is the share of redaction in what the door does.
func BenchmarkRedaction(b *testing.B) {
	body := []byte(benchBatch(100))
	for name, off := range map[string]bool{"on": false, "off": true} {
		b.Run(name, func(b *testing.B) {
			h := benchDoor(b, 1, func(_ *Config, reg *tenant.Registration) {
				if reg.Redact.Off = off; off {
					reg.IP = tenant.KeepIP // nothing is looked for at all
				}
			})
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/batch", nil)
			r.Header.Set("Authorization", basic(writeKey))
			source := bytes.NewReader(body)
			r.Body, r.ContentLength = io.NopCloser(source), int64(len(body))
			w := &nullWriter{header: http.Header{}}
			b.ReportAllocs()
			used := cpuTime(b)
			for b.Loop() {
				source.Reset(body)
				clear(w.header)
				if h.ServeHTTP(w, r); w.status != 0 {
					b.Fatal(w.status)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-used)/float64(b.N*100), "cpu-ns/event")
		})
	}
}
