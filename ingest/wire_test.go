package ingest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/tenant"
)

// recording is one file of requests that a real SDK sent.
type recording struct {
	Requests []recorded `json:"requests"`
}

type recorded struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	Raw       []byte            `json:"body_raw_base64"`
	Responded int               `json:"responded"`
}

// wire is the body as it was sent: its very bytes where the recording has them,
// else the decoded body in the encoding that the headers tell.
func (q *recorded) wire(tb testing.TB) string {
	tb.Helper()
	if len(q.Raw) > 0 {
		return string(q.Raw)
	}
	if pack := packers[q.Headers["content-encoding"]]; pack != nil {
		return pack(tb, string(q.Body))
	}
	return string(q.Body)
}

// sent is a message as the recording shows it.
type sent struct {
	Type, Event, Name, Category, MessageID, AnonymousID, UserID, PreviousID string

	Timestamp, OriginalTimestamp, SentAt *time.Time

	Properties, Traits, Context, Integrations map[string]any
}

// messages are those of a request, each with what the batch around it says of
// all.
func (q *recorded) messages(tb testing.TB) []sent {
	tb.Helper()
	var body struct {
		sent
		Batch []sent
	}
	require.NoError(tb, json.Unmarshal(q.Body, &body))
	if body.Batch == nil {
		if body.Type == "" {
			body.Type = map[string]string{"/v1/t": "track", "/v1/p": "page", "/v1/i": "identify", "/v1/g": "group"}[q.URL]
		}
		return []sent{body.sent}
	}
	for i := range body.Batch {
		m := &body.Batch[i]
		m.Context = over(body.Context, m.Context)
		m.Integrations = over(body.Integrations, m.Integrations)
		if m.SentAt == nil {
			m.SentAt = body.SentAt
		}
	}
	return body.Batch
}

// over returns what all messages share with what one says itself over it.
func over(shared, own map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, shared)
	maps.Copy(out, own)
	return out
}

// TestRecordedRequests replays what SDKs sent and finds each event in the log
// as it was sent. What the SDKs do with the answers is tested live, with the
// SDKs.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	// The scripts of the servers make the same seven calls.
	server := []string{"Product Viewed", "$identify", "$page", "$screen", "$group", "$alias", "Order Completed"}
	cases := map[string][]string{
		"analytics-node-legacy.json":           server,
		"segment-analytics-node.json":          server,
		"rudder-analytics-go-v4.json":          server,
		"chromium-segment-analytics-next.json": {"$page", "Product Viewed", "$identify", "$group", "Order Completed", "Left Page"},
	}
	for file, want := range cases {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(testenv.Data(t, "wire", file))
			require.NoError(t, err)
			var rec recording
			require.NoError(t, json.Unmarshal(text, &rec))
			b := setup(t, func(c *Config, r *tenantRegistration) {
				// The recorded key has no prefix, which only our own key set asks for.
				own := &tenant.Tenant{ID: r.ID, Settings: r.WithDefaults()}
				c.Auth = tenant.AuthenticatorFunc(func(_ *http.Request, key string, _ tenant.Access) (*tenant.Tenant, error) {
					if key != "WRITE_KEY_1" {
						return nil, tenant.ErrUnauthenticated
					}
					return own, nil
				})
			})
			var all []sent
			for i, q := range rec.Requests {
				w := b.replay(&q)
				require.Equal(t, q.Responded, w.Code, "request %d: %s", i, w.Body)
				if q.Method == http.MethodPost {
					require.Contains(t, w.Body.String(), `"rejected":[]`, "request %d", i)
					all = append(all, q.messages(t)...)
				}
			}
			events := b.log.events(t)
			require.Len(t, events, len(all))
			var names []string
			for i, ev := range events {
				names = append(names, ev.Name)
				all[i].is(t, ev)
			}
			require.Equal(t, want, names)
			checkDerived(t, events)
		})
	}
}

func (b *bundle) replay(q *recorded) *httptest.ResponseRecorder {
	b.tb.Helper()
	r := httptest.NewRequestWithContext(b.tb.Context(), q.Method, q.URL, strings.NewReader(q.wire(b.tb)))
	for name, value := range q.Headers {
		if name != "content-length" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if origin := r.Header.Get("Origin"); origin != "" {
		require.Equal(b.tb, origin, w.Header().Get("Access-Control-Allow-Origin"))
	}
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		require.Equal(b.tb, asked, w.Header().Get("Access-Control-Allow-Headers"))
	}
	return w
}

// is holds an event of the log against the message it was made of, by rules as
// naive as can be.
func (m *sent) is(tb testing.TB, ev footfall.Event) {
	tb.Helper()
	name, properties := m.Event, m.Properties
	switch m.Type {
	case "page", "screen":
		properties = map[string]any{}
		for key, value := range map[string]string{"name": m.Name, "category": m.Category} {
			if value != "" {
				properties[key] = value
			}
		}
		maps.Copy(properties, m.Properties)
	case "identify", "group":
		properties = m.Traits
	}
	if m.Type != "track" {
		name = "$" + m.Type
	}
	require.Equal(tb, m.Type, ev.Type.String())
	require.Equal(tb, name, ev.Name)
	require.Equal(tb, m.MessageID, ev.MessageID)
	require.Equal(tb, m.AnonymousID, ev.AnonymousID)
	require.Equal(tb, m.UserID, ev.UserID)
	require.Equal(tb, m.PreviousID, ev.PreviousID)
	same(tb, properties, ev.Properties)
	if m.Context["ip"] == "203.0.113.7" {
		m.Context["ip"] = "203.0.113.0" // as no address is kept whole
	}
	if len(m.Integrations) > 0 {
		m.Context = over(m.Context, map[string]any{"integrations": m.Integrations})
	}
	same(tb, m.Context, ev.Context)

	at := m.Timestamp
	if at == nil {
		at = m.OriginalTimestamp
	}
	require.Equal(tb, footfall.MillisOf(*at), ev.Original)
	require.Equal(tb, footfall.MillisOf(*m.SentAt), ev.Sent)
	if ev.Sent <= ev.Received { // on a machine that lives after the recording
		require.Equal(tb, ev.Original, ev.Time)
	}
}

// same compares an object with JSON, "" for none.
func same(tb testing.TB, want map[string]any, got string) {
	tb.Helper()
	if len(want) == 0 {
		require.Empty(tb, got)
		return
	}
	text, err := json.Marshal(want)
	require.NoError(tb, err)
	require.JSONEq(tb, string(text), got)
}

// checkDerived finds what the names of ours were taken from: pages, a campaign,
// a group.
func checkDerived(t *testing.T, events []footfall.Event) {
	t.Helper()
	for _, ev := range events {
		switch {
		case ev.Type == footfall.Group:
			require.Contains(t, ev.Derived, `"$group_id":"acme"`)
		case ev.Type == footfall.Page && ev.UserID == "user-1":
			require.Contains(t, ev.Derived, `"$path":"/docs"`)
		}
		if strings.HasPrefix(ev.MessageID, "ajs-") {
			require.Contains(t, ev.Derived, `"$url":"http://localhost:PAGEPORT/`)
			require.Contains(t, ev.Derived, `"$locale":"en-US"`)
			require.Contains(t, ev.Derived, `"$utm_source":"news","$utm_medium":"email","$utm_campaign":"spring"`)
		}
	}
}
