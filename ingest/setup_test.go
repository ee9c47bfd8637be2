package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// memoryLog keeps records, and fails while it has an error to give.
type memoryLog struct {
	mu      sync.Mutex
	err     error
	records []footfall.Record
}

func (l *memoryLog) Append(_ context.Context, records []footfall.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	for _, rec := range records {
		rec.Offset = int64(len(l.records))
		l.records = append(l.records, rec)
	}
	return nil
}

func (l *memoryLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *memoryLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// events decodes all that is in the log.
func (l *memoryLog) events(tb testing.TB) []footfall.Event {
	tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []footfall.Event
	for i := range l.records {
		h, err := record.ParseHeader(&l.records[i])
		require.NoError(tb, err)
		if h.Kind == record.Events {
			out, err = record.AppendEvents(out, &l.records[i], &h)
			require.NoError(tb, err)
		}
	}
	return out
}

// memoryPositions keeps import positions.
type memoryPositions struct {
	mu sync.Mutex
	at map[string]int64
}

func (p *memoryPositions) ImportPosition(_ context.Context, id tenant.ID, name string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[id.String()+"/"+name], nil
}

func (p *memoryPositions) SetImportPosition(_ context.Context, id tenant.ID, name string, position int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[id.String()+"/"+name] = position
	return nil
}

type bundle struct {
	*Handler
	tb   testing.TB
	log  *memoryLog
	keys *tenant.Keys
}

const (
	writeKey = "wk_shop"
	readKey  = "rk_shop"
	adminKey = "admin-secret"
)

func shop(tb testing.TB) tenant.ID {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	return id
}

func setup(tb testing.TB, change ...func(*Config, *tenant.Registration)) *bundle {
	tb.Helper()
	b := &bundle{tb: tb, log: &memoryLog{}}
	reg := tenant.Registration{Tenant: tenant.Tenant{ID: shop(tb)}, WriteKeys: []string{writeKey}, ReadKeys: []string{readKey}}
	config := Config{Log: b.log, AdminKey: adminKey, Positions: &memoryPositions{at: map[string]int64{}}}
	for _, f := range change {
		f(&config, &reg)
	}
	var err error
	b.keys, err = tenant.NewKeys(reg)
	require.NoError(tb, err)
	config.Tenants = b.keys.Tenant
	if config.Auth == nil {
		config.Auth = b.keys
	}
	b.Handler, err = New(config)
	require.NoError(tb, err)
	return b
}

// do sends a request; headers are pairs of name and value.
func (b *bundle) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	b.tb.Helper()
	r := httptest.NewRequestWithContext(b.tb.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// post sends with the write key.
func (b *bundle) post(path, body string, headers ...string) *httptest.ResponseRecorder {
	b.tb.Helper()
	return b.do(http.MethodPost, path, body, append([]string{"Authorization", basic(writeKey)}, headers...)...)
}

func basic(key string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(key, "")
	return r.Header.Get("Authorization")
}

// one sends a message that must be accepted and returns what was logged.
func (b *bundle) one(path, body string) footfall.Event {
	b.tb.Helper()
	before := len(b.log.events(b.tb))
	w := b.post(path, body)
	require.JSONEq(b.tb, `{"success":true,"accepted":1,"rejected":[]}`, w.Body.String())
	require.Equal(b.tb, http.StatusOK, w.Code)
	events := b.log.events(b.tb)
	require.Len(b.tb, events, before+1)
	return events[before]
}

// refused sends a message that must not be accepted and returns why.
func (b *bundle) refused(path, body string) problem.Error {
	b.tb.Helper()
	p := problemOf(b.tb, b.post(path, body), http.StatusBadRequest)
	require.Len(b.tb, p.Errors, 1)
	return p.Errors[0]
}

func problemOf(tb testing.TB, w *httptest.ResponseRecorder, status int) problem.Problem {
	tb.Helper()
	require.Equal(tb, status, w.Code, w.Body.String())
	require.Equal(tb, problem.ContentType, w.Header().Get("Content-Type"))
	var p problem.Problem
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &p))
	require.Equal(tb, status, p.Status)
	require.Equal(tb, "about:blank", p.Type)
	require.NotEmpty(tb, p.Title)
	require.NotEmpty(tb, p.Request)
	return p
}

func gzipped(tb testing.TB, body string) string {
	tb.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, err := z.Write([]byte(body))
	require.NoError(tb, err)
	require.NoError(tb, z.Close())
	return buf.String()
}

func zstandard(tb testing.TB, body string) string {
	tb.Helper()
	z, err := zstd.NewWriter(nil)
	require.NoError(tb, err)
	return string(z.EncodeAll([]byte(body), nil))
}

// packers are the encodings of a body.
var packers = map[string]func(testing.TB, string) string{"gzip": gzipped, "zstd": zstandard}
