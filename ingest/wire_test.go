package ingest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/tenant"
)

// recording is one file of requests that a real SDK sent.
type recording struct {
	Requests []struct {
		Method    string            `json:"method"`
		URL       string            `json:"url"`
		Headers   map[string]string `json:"headers"`
		Body      json.RawMessage   `json:"body"`
		Raw       string            `json:"body_raw_base64"`
		Responded int               `json:"responded"`
	} `json:"requests"`
}

// TestRecordedRequests replays what SDKs sent, byte for byte where the recording
// has the bytes, and finds the events their scripts made. What the SDKs do with
// the answers is tested live, with the SDKs.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	// The scripts make the same seven calls.
	server := []string{"Product Viewed", "$identify", "$page", "$screen", "$group", "$alias", "Order Completed"}
	cases := map[string][]string{
		"analytics-node-legacy.json":           server,
		"segment-analytics-node.json":          server,
		"rudder-analytics-go-v4.json":          server,
		"chromium-segment-analytics-next.json": nil,
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
			for i, q := range rec.Requests {
				body := string(q.Body)
				if q.Raw != "" {
					raw, err := base64.StdEncoding.DecodeString(q.Raw)
					require.NoError(t, err)
					body = string(raw)
				}
				r := httptest.NewRequestWithContext(t.Context(), q.Method, q.URL, strings.NewReader(body))
				for name, value := range q.Headers {
					if name != "content-length" {
						r.Header.Set(name, value)
					}
				}
				w := httptest.NewRecorder()
				b.ServeHTTP(w, r)
				require.Equal(t, q.Responded, w.Code, "request %d: %s", i, w.Body)
				if q.Method == http.MethodPost {
					require.Contains(t, w.Body.String(), `"rejected":[]`, "request %d", i)
				}
				if r.Header.Get("Origin") != "" {
					require.Equal(t, r.Header.Get("Origin"), w.Header().Get("Access-Control-Allow-Origin"))
				}
			}
			events := b.log.events(t)
			if want == nil {
				checkBrowser(t, events)
				return
			}
			var names []string
			for _, ev := range events {
				names = append(names, ev.Name)
			}
			require.Equal(t, want, names)
			checkServer(t, events)
		})
	}
}

// checkServer holds the events of the server scripts against what they sent.
func checkServer(t *testing.T, events []footfall.Event) {
	t.Helper()
	view, identify, page, screen, group, alias, order := events[0], events[1], events[2], events[3], events[4], events[5], events[6]
	require.Equal(t, "anon-1", view.AnonymousID)
	require.Empty(t, view.UserID)
	require.Contains(t, view.Properties, `"sku"`)
	require.Equal(t, "anon-1 user-1", identify.AnonymousID+" "+identify.UserID)
	require.Contains(t, identify.Properties, `u1@example.com`)
	require.Contains(t, page.Properties, `Intro`)
	require.Contains(t, page.Derived, `"$path":"/docs"`)
	require.Contains(t, screen.Properties, `Home`)
	require.Contains(t, group.Properties, `Acme`)
	require.Contains(t, group.Derived, `"$group_id":"acme"`)
	require.Equal(t, "anon-1 user-1", alias.PreviousID+" "+alias.UserID)
	require.Equal(t, "fixed-message-id", order.MessageID)
	require.Equal(t, millis(t, "2024-05-01T10:00:00.123Z"), order.Original)
	require.Contains(t, order.Properties, `42`)
	for _, ev := range events {
		require.Contains(t, ev.Context, `"library"`)
		require.NotEmpty(t, ev.MessageID)
	}
}

// checkBrowser does so for the page in a real browser: a page view with a
// campaign, clicks, a user, a group, and what it sends when it is left.
func checkBrowser(t *testing.T, events []footfall.Event) {
	t.Helper()
	count := map[string]int{}
	ids := map[string]bool{}
	for _, ev := range events {
		if !ids[ev.MessageID] { // pages resend what they are unsure of, with the same id
			count[ev.Name]++
		}
		ids[ev.MessageID] = true
		require.NotEmpty(t, ev.AnonymousID)
		require.Contains(t, ev.Derived, `"$url":"http://localhost:PAGEPORT/`)
		require.Contains(t, ev.Derived, `"$locale":"en-US"`)
	}
	for _, name := range []string{"$page", "Product Viewed", "$identify", "$group", "Order Completed", "Left Page"} {
		require.Positive(t, count[name], name)
	}
	require.Contains(t, events[0].Derived, `"$utm_source":"news","$utm_medium":"email","$utm_campaign":"spring"`)
}
