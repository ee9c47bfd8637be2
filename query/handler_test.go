package query_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// fakeConn answers every statement with the same rows, or an error.
type fakeConn struct {
	rows  [][]any
	err   error
	block bool // until ctx ends
	asked []query.Statement
}

func (c *fakeConn) Query(ctx context.Context, s query.Statement) (query.Rows, error) {
	c.asked = append(c.asked, s)
	if c.block {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return &fakeRows{rows: c.rows}, c.err
}

type fakeRows struct {
	rows [][]any
	row  []any
}

func (r *fakeRows) Next() bool {
	if len(r.rows) == 0 {
		return false
	}
	r.row, r.rows = r.rows[0], r.rows[1:]
	return true
}

func (r *fakeRows) Scan(dest ...any) error {
	if len(dest) != len(r.row) {
		return fmt.Errorf("scan %d columns into %d", len(r.row), len(dest))
	}
	for i, value := range r.row {
		to := reflect.ValueOf(dest[i]).Elem()
		if value != nil {
			to.Set(reflect.ValueOf(value))
		}
	}
	return nil
}

func (r *fakeRows) Err() error          { return nil }
func (r *fakeRows) Close() error        { return nil }
func (r *fakeRows) Read() (_, _ uint64) { return 7, 70 }

type door struct {
	handler *query.Handler
	conn    *fakeConn
	log     *bytes.Buffer
}

func openDoor(tb testing.TB, settings tenant.Settings) *door {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	keys, err := tenant.NewKeys(tenant.Registration{
		Tenant: tenant.Tenant{ID: id, Settings: settings}, WriteKeys: []string{"wk_shop"}, ReadKeys: []string{"rk_shop"},
	})
	require.NoError(tb, err)
	two := 2.0
	d := &door{conn: &fakeConn{rows: [][]any{{uint64(1), int64(0), &two}}}, log: new(bytes.Buffer)}
	d.handler, err = query.New(query.Config{
		Conn: d.conn, Cookies: tenant.NewCookies(keys, keys.Tenant), MaxBody: 1000,
		Logger:    slog.New(slog.NewTextHandler(d.log, nil)),
		Watermark: func(context.Context) time.Time { return time.Date(2024, 2, 3, 10, 0, 0, 120e6, time.UTC) },
	})
	require.NoError(tb, err)
	return d
}

func (d *door) send(tb testing.TB, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

const (
	total  = `{"kind":"trend","interval":"total","range":{"from":"2024-01-01","to":"2024-02-01"},"series":[{"event":"Order Completed"}]}`
	asJSON = "application/json"
	asRead = "Bearer rk_shop"
)

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	d := openDoor(t, tenant.Settings{})
	w := d.send(t, "POST", "/api/v1/query", total, "Authorization", asRead, "Content-Type", asJSON+"; charset=utf-8")
	require.Equal(t, 200, w.Code, w.Body)
	require.Equal(t, asJSON, w.Header().Get("Content-Type"))
	var got struct {
		Stats json.RawMessage `json:"stats"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Regexp(t, `^{"rows":7,"bytes":70,"ms":\d+,"cached":false}$`, string(got.Stats))
	require.Equal(t, `{"kind":"trend","zone":"UTC","range":{"from":"2024-01-01T00:00:00Z","to":"2024-02-01T00:00:00Z"},"watermark":"2024-02-03T10:00:00.12Z","exact":true,`+
		`"text":"Number of \"Order Completed\" in all, 1 January 2024 to 31 January 2024 (UTC)","stats":`+string(got.Stats)+`,`+
		`"result":{"buckets":["2024-01-01T00:00:00Z"],"last_open":false,"series":[{"name":"Order Completed","breakdown":null,"total":2,"values":[2]}]}}`+"\n", w.Body.String())

	w = d.send(t, "POST", "/api/v1/query", total, "Authorization", "bearer rk_shop", "Accept", "text/csv, */*")
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, "series,breakdown,bucket,value\nOrder Completed,,2024-01-01T00:00:00Z,2\n", w.Body.String())
}

func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
	d := openDoor(t, tenant.Settings{})
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		contains           string
	}{
		"no key":               {"POST", "/api/v1/query", total, nil, 401, "a read key is required"},
		"an unknown key":       {"POST", "/api/v1/query", total, []string{"Authorization", "Bearer rk_nobody"}, 401, ""},
		"basic":                {"POST", "/api/v1/query", total, []string{"Authorization", "Basic rk_shop"}, 401, ""},
		"a write key":          {"POST", "/api/v1/query", total, []string{"Authorization", "Bearer wk_shop"}, 403, "this key may not ask"},
		"a forged cookie":      {"POST", "/api/v1/query", total, []string{"Cookie", tenant.CookieName + "=AAAA"}, 401, ""},
		"no such path":         {"POST", "/api/v1/quarry", total, []string{"Authorization", asRead}, 404, ""},
		"GET":                  {"GET", "/api/v1/query", "", []string{"Authorization", asRead}, 405, ""},
		"a form":               {"POST", "/api/v1/query", total, []string{"Authorization", asRead, "Content-Type", "text/plain"}, 415, ""},
		"an untyped browser":   {"POST", "/api/v1/query", total, []string{"Authorization", asRead, "Origin", "https://evil.example"}, 415, ""},
		"a large body":         {"POST", "/api/v1/query", strings.Repeat(" ", 1001), []string{"Authorization", asRead}, 413, ""},
		"no JSON":              {"POST", "/api/v1/query", "{", []string{"Authorization", asRead}, 400, `"code":"invalid_json"`},
		"an unknown field":     {"POST", "/api/v1/query", `{"kind":"events","range":{"last":"1d"},"filters":{}}`, []string{"Authorization", asRead}, 400, `"path":"/filters","code":"unknown_field"`},
		"too many buckets":     {"POST", "/api/v1/query", `{"kind":"trend","interval":"hour","range":{"from":"2000-01-01","to":"2024-01-01"},"series":[{"event":"*"}]}`, []string{"Authorization", asRead}, 400, `"path":"/interval"`},
		"too many numbers":     {"POST", "/api/v1/query", `{"kind":"trend","interval":"hour","range":{"from":"2023-01-01","to":"2024-01-01"},"breakdown":{"property":"event.x","limit":100},"series":[{"event":"*"}]}`, []string{"Authorization", asRead}, 400, "more than 500000 numbers"},
		"a parameter":          {"POST", "/api/v1/query?limit=5", total, []string{"Authorization", asRead}, 400, `"path":"/limit","code":"unknown_parameter"`},
		"a session, parameter": {"POST", "/api/v1/session?key=rk_shop", `{"key":"rk_shop"}`, nil, 400, `"path":"/key","code":"unknown_parameter"`},
		"a session, no key":    {"POST", "/api/v1/session", `{}`, nil, 400, `"path":"/key","code":"required"`},
		"a session, bad key":   {"POST", "/api/v1/session", `{"key":"rk_nobody"}`, nil, 401, ""},
		"a session, write key": {"POST", "/api/v1/session", `{"key":"wk_shop"}`, nil, 403, ""},
		"a session, two keys":  {"POST", "/api/v1/session", `{"key":"rk_shop","keys":1}`, nil, 400, `"/keys"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := d.send(t, test.method, test.path, test.body, test.headers...)
			require.Equal(t, test.status, w.Code, w.Body)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.Contains(t, w.Body.String(), test.contains)
			require.Empty(t, d.conn.asked)
			require.Empty(t, w.Result().Cookies())
			switch test.status {
			case 401:
				require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
			case 405:
				require.Equal(t, "POST", w.Header().Get("Allow"))
			}
		})
	}
	require.Empty(t, d.log.String(), "a stranger's mistakes are not logged")
}

func TestHandlerTellsFailuresApart(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{
		fmt.Errorf("x: %w", query.ErrTimeout): 504, fmt.Errorf("x: %w", query.ErrLimit): 422, fmt.Errorf("x: %w", query.ErrUnavailable): 503, errors.New("secret detail"): 500,
	} {
		d := openDoor(t, tenant.Settings{})
		d.conn.err = err
		w := d.send(t, "POST", "/api/v1/query", total, "Authorization", asRead)
		require.Equal(t, status, w.Code)
		require.NotContains(t, w.Body.String(), "secret")
		require.Equal(t, status == 503, w.Header().Get("Retry-After") != "")
		require.Equal(t, status >= 500 && status != 504, strings.Contains(d.log.String(), "answer a question"), d.log)
	}
	d := openDoor(t, tenant.Settings{QueryTime: 5 * time.Millisecond})
	d.conn.block = true
	require.Equal(t, 504, d.send(t, "POST", "/api/v1/query", total, "Authorization", asRead).Code)
}

func TestHandlerGivesUpWithItsClient(t *testing.T) {
	t.Parallel()
	d := openDoor(t, tenant.Settings{})
	d.conn.block = true
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/v1/query", strings.NewReader(total))
	r.Header.Set("Authorization", asRead)
	w := httptest.NewRecorder()
	done := make(chan struct{})
	go func() { d.handler.ServeHTTP(w, r); close(done) }()
	cancel()
	<-done
	require.Empty(t, w.Body.String())
	require.Empty(t, d.log.String())
}

func TestBrowserSession(t *testing.T) {
	t.Parallel()
	d := openDoor(t, tenant.Settings{})
	w := d.send(t, "POST", "/api/v1/session", `{"key":"rk_shop"}`, "Content-Type", asJSON)
	require.Equal(t, 204, w.Code, w.Body)
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	require.True(t, cookies[0].HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookies[0].SameSite)
	require.NotContains(t, cookies[0].Value, "rk_shop")
	w = d.send(t, "POST", "/api/v1/query", total, "Cookie", cookies[0].Name+"="+cookies[0].Value, "Content-Type", asJSON, "Origin", "http://localhost")
	require.Equal(t, 200, w.Code, w.Body)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := query.New(query.Config{MaxRows: -1})
	require.ErrorContains(t, err, "Config.Conn is required")
	require.ErrorContains(t, err, "Config.Auth or Config.Cookies is required")
	require.ErrorContains(t, err, "not negative")
}
