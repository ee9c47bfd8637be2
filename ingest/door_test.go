package ingest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

type tenantRegistration = tenant.Registration

// logLines is a slog handler that keeps level and message.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) logger() *slog.Logger                     { return slog.New(l) }
func (l *logLines) Enabled(context.Context, slog.Level) bool { return true }
func (l *logLines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logLines) WithGroup(string) slog.Handler            { return l }
func (l *logLines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Level.String()+" "+r.Message)
	return nil
}

func (l *logLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

const event = `{"event":"A","userId":"u"}`

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	require.ErrorContains(t, err, "Config.Log is required")
	require.ErrorContains(t, err, "Config.Auth is required")
}

func TestKeysInEveryPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	withKey := func(key string) string { return `{"event":"A","userId":"u","writeKey":"` + key + `"}` }
	cases := []struct {
		name, path, body string
		headers          []string
		status           int
	}{
		{"basic", "/v1/track", event, []string{"Authorization", basic(writeKey)}, 200},
		{"basic, lower case", "/v1/track", event, []string{"Authorization", strings.Replace(basic(writeKey), "Basic", "basic", 1)}, 200},
		{"bearer", "/v1/track", event, []string{"Authorization", "Bearer " + writeKey}, 200},
		{"body", "/v1/track", withKey(writeKey), nil, 200},
		{"body of a batch", "/v1/batch", `{"batch":[{"type":"track","event":"A","userId":"u"}],"writeKey":"wk_sh\u006fp"}`, nil, 200},
		{"query", "/v1/track?writeKey=" + writeKey, event, nil, 200},
		{"query, beside what cannot be read", "/v1/track?a=%zz&b=1;c=2&writeKey=" + writeKey, event, nil, 200},
		{"query that cannot be read", "/v1/track?writeKey=%zz", event, nil, 400},
		{"another key beside such a query", "/v1/track?writeKey=%zz", withKey(writeKey), nil, 200},
		{"unknown key beside such a query", "/v1/track?a=%zz&writeKey=wk_other", event, nil, 401},
		{"basic without padding", "/v1/track", event, []string{"Authorization", strings.TrimRight(basic(writeKey), "=")}, 200},
		{"basic of the key alone", "/v1/track", event, []string{"Authorization", "Basic " + base64.RawStdEncoding.EncodeToString([]byte(writeKey))}, 200},
		{"unknown in basic without padding", "/v1/track", withKey(writeKey), []string{"Authorization", strings.TrimRight(basic("wk_oth"), "=")}, 401},
		{"header before body", "/v1/track", withKey("wk_other"), []string{"Authorization", basic(writeKey)}, 200},
		{"no key", "/v1/track", event, nil, 401},
		{"unknown in basic", "/v1/track", withKey(writeKey), []string{"Authorization", basic("wk_other")}, 401},
		{"unknown in body", "/v1/track", withKey("wk_other"), nil, 401},
		{"number in body", "/v1/track", `{"event":"A","userId":"u","writeKey":7}`, nil, 401},
		{"unknown in query", "/v1/track?writeKey=wk_other", event, nil, 401},
		{"broken basic", "/v1/track", event, []string{"Authorization", "Basic %%%"}, 401},
		{"other scheme", "/v1/track", event, []string{"Authorization", "Digest x"}, 401},
		{"read key", "/v1/track", event, []string{"Authorization", "Bearer " + readKey}, 403},
	}
	for _, c := range cases {
		w := b.do(http.MethodPost, c.path, c.body, c.headers...)
		require.Equal(t, c.status, w.Code, c.name)
		if c.status != 200 {
			problemOf(t, w, c.status)
		}
		require.Equal(t, c.status == 401, w.Header().Get("WWW-Authenticate") == "Bearer", c.name)
	}
}

func TestHostsOwnAuthenticator(t *testing.T) {
	t.Parallel()
	var fail error
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.Auth = tenant.AuthenticatorFunc(func(r *http.Request, key string, want tenant.Access) (*tenant.Tenant, error) {
			require.Empty(t, key)
			require.Equal(t, tenant.Send, want)
			require.Equal(t, "yes", r.Header.Get("X-Session"))
			return &tenant.Tenant{ID: shop(t)}, fail
		})
	})
	require.Equal(t, 200, b.do(http.MethodPost, "/v1/track", event, "X-Session", "yes").Code)
	h, err := record.ParseHeader(&b.log.records[0])
	require.NoError(t, err)
	require.Equal(t, footfall.Millis(30*60*1000), h.Gap, "settings have their defaults")
	fail = tenant.ErrUnauthenticated
	p := problemOf(t, b.do(http.MethodPost, "/v1/track?a=%zz", event, "X-Session", "yes"), http.StatusBadRequest)
	require.Contains(t, p.Errors[0].Message, `the query string: invalid URL escape "%zz"`)
	fail = errors.New("session store is away")
	w := b.do(http.MethodPost, "/v1/track", event, "X-Session", "yes")
	require.NotContains(t, problemOf(t, w, 503).Detail, "away")
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

func TestRoutesAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/tracks", "/v1/track/", "/v1/batch/x", "/v2/track", "/v1/projects/x", "/v1/projects/a/b/settings"} {
		problemOf(t, b.post(path, event), http.StatusNotFound)
	}
	for _, path := range []string{"/v1/track", "/v1/batch", "/v1/unlink"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			w := b.do(method, path, event)
			problemOf(t, w, http.StatusMethodNotAllowed)
			require.Equal(t, "POST, OPTIONS", w.Header().Get("Allow"))
		}
	}
	require.Equal(t, "GET, POST, OPTIONS", b.do(http.MethodPut, "/v1/import", "").Header().Get("Allow"))
	problemOf(t, b.post("/v1/projects/wk_shop/settings", ""), http.StatusMethodNotAllowed)

	closed := setup(t, func(c *Config, _ *tenant.Registration) { c.AdminKey = "" })
	problemOf(t, closed.do(http.MethodGet, "/v1/import?tenant=shop&name=x", "", "Authorization", "Bearer "), http.StatusNotFound)
}

func TestContentTypesAndEncodings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, media := range []string{"application/json", "application/json; charset=utf-8", "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "application/vnd.api+json", "application/zstd", "", " "} {
		require.Equal(t, 200, b.post("/v1/track", event, "Content-Type", media).Code, media)
	}
	for _, media := range []string{"multipart/form-data; boundary=x", "application/xml", "text/html", "nonsense/"} {
		problemOf(t, b.post("/v1/track", event, "Content-Type", media), http.StatusUnsupportedMediaType)
	}
	require.Equal(t, 200, b.post("/v1/track", event, "Content-Encoding", "identity").Code)
	w := b.post("/v1/track", event, "Content-Encoding", "br")
	problemOf(t, w, http.StatusUnsupportedMediaType)
	require.Equal(t, "gzip, zstd", w.Header().Get("Accept-Encoding"))
	require.Len(t, b.log.events(t), 10)
}

func TestBodiesOfUnknownLength(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(body string, header string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/track", iotest.OneByteReader(strings.NewReader(body)))
		r.ContentLength = -1
		r.SetBasicAuth(writeKey, "")
		r.Header.Set("Content-Encoding", header)
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		return w
	}
	require.Equal(t, 200, send(event, "").Code)
	for encoding, pack := range packers {
		require.Equal(t, 200, send(pack(t, event), encoding).Code)
	}
	require.Equal(t, 413, send(event+strings.Repeat(" ", 500<<10), "").Code)
	require.Equal(t, "close", send(event+strings.Repeat(" ", 500<<10), "").Header().Get("Connection"))

	short := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/track", strings.NewReader(event))
	short.SetBasicAuth(writeKey, "")
	short.ContentLength = 100
	w := httptest.NewRecorder()
	b.ServeHTTP(w, short)
	problemOf(t, w, http.StatusBadRequest)
	w = httptest.NewRecorder()
	limited := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/track", nil)
	limited.Body = http.MaxBytesReader(w, http.NoBody, 0)
	limited.Body = http.MaxBytesReader(w, readCloser{strings.NewReader(event)}, 5)
	limited.SetBasicAuth(writeKey, "")
	limited.ContentLength = -1
	b.ServeHTTP(w, limited)
	problemOf(t, w, http.StatusRequestEntityTooLarge)
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestSettingsRoute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.do(http.MethodGet, "/v1/projects/wk_shop/settings", "", "Origin", "https://x.example")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "https://x.example", w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Body.String(), `"Segment.io":{"apiKey":"wk_shop"`)
	require.True(t, json.Valid(w.Body.Bytes()))
	problemOf(t, b.do(http.MethodGet, "/v1/projects/wk_other/settings", ""), http.StatusUnauthorized)
	problemOf(t, b.do(http.MethodGet, "/v1/projects/rk_shop/settings", ""), http.StatusForbidden)
}

// TestConcurrentRequestsKeepApart sends from many goroutines and finds every
// event whole: pooled memory is never shared.
func TestConcurrentRequestsKeepApart(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Partitions = 3 })
	const senders, requests, perRequest = 8, 25, 20
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for q := range requests {
				var items []string
				for i := range perRequest {
					id := fmt.Sprintf("%d-%d-%d", s, q, i)
					items = append(items, fmt.Sprintf(`{"type":"page","messageId":"%s","anonymousId":"a%s","name":"%s","properties":{"url":"https:\/\/x.org\/%s?utm_source=%s"}}`, id, id, id, id, id))
				}
				body := `{"batch":[` + strings.Join(items, ",") + `],"context":{"locale":"` + fmt.Sprint(s) + `"}}`
				headers := []string{"X-Any", "1"}
				if encoding := []string{"", "gzip", "zstd"}[q%3]; encoding != "" {
					body, headers = packers[encoding](t, body), []string{"Content-Encoding", encoding}
				}
				if w := b.post("/v1/batch", body, headers...); w.Code != 200 {
					t.Error(w.Body.String())
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, ev := range b.log.events(t) {
		id := ev.MessageID
		require.False(t, seen[id])
		seen[id] = true
		require.Equal(t, "a"+id, ev.AnonymousID)
		require.Equal(t, `{"name":"`+id+`","url":"https:\/\/x.org\/`+id+`?utm_source=`+id+`"}`, ev.Properties)
		require.Equal(t, `{"$url":"https:\/\/x.org\/`+id+`?utm_source=`+id+`","$path":"/`+id+`","$utm_source":"`+id+`","$locale":"`+id[:1]+`"}`, ev.Derived)
	}
	require.Len(t, seen, senders*requests*perRequest)
}

// TestAnswerComesAfterTheLog holds the log back and sees that nobody is told
// of success.
func TestAnswerComesAfterTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := setup(t, func(c *Config, _ *tenant.Registration) {
			c.Log = logFunc(func(context.Context, []footfall.Record) error {
				<-release
				return nil
			})
		})
		var answer *httptest.ResponseRecorder
		go func() { answer = b.post("/v1/track", event) }()
		synctest.Wait()
		require.Nil(t, answer, "the handler waits for the log")
		close(release)
		synctest.Wait()
		require.Equal(t, 200, answer.Code)
	})
}

type logFunc func(context.Context, []footfall.Record) error

func (f logFunc) Append(ctx context.Context, records []footfall.Record) error { return f(ctx, records) }
