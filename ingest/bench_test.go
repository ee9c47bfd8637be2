package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// benchEvent is an event of 415 bytes, as a browser SDK sends it.
func benchEvent(i int) string {
	ev := fmt.Sprintf(`{"type":"track","event":"Product Viewed","messageId":"ajs-next-1795403745520-3f22199a-fded-4d69-%04d","anonymousId":"22199afd-ed5d-492c-be10-%012d","userId":"user-%04d",`+
		`"timestamp":"2024-05-01T10:00:00.%03dZ","properties":{"sku":"A-%04d","price":9.5,"currency":"EUR","quantity":2},"context":{"page":{"path":"/p/%04d","url":"https://shop.example.com/p/%04d"},"locale":"en-US"`, i, i/10, i/10, i, i, i, i)
	return ev + `,"pad":"` + strings.Repeat("x", 415-len(ev)-len(`,"pad":""}}`)) + `"}}`
}

// browserEvent is benchEvent with what a browser says of itself.
func browserEvent(i int) string {
	ev, _, _ := strings.Cut(benchEvent(i), `,"pad"`)
	return ev + `,"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",` +
		`"timezone":"Europe/Berlin","screen":{"width":393,"height":852},"library":{"name":"analytics.js","version":"next-1.84.3"}}}`
}

func benchBatch(n int) string {
	return benchBatchOf(n, benchEvent)
}

func benchBatchOf(n int, event func(int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = event(i)
	}
	return `{"sentAt":"2024-05-01T10:00:01.000Z","batch":[` + strings.Join(items, ",") + `]}`
}

// nullWriter is a ResponseWriter that costs nothing.
type nullWriter struct {
	header http.Header
	status int
}

func (w *nullWriter) Header() http.Header         { return w.header }
func (w *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *nullWriter) WriteHeader(status int)      { w.status = status }

func benchDoor(b *testing.B, partitions uint16, change ...func(*Config, *tenant.Registration)) *Handler {
	b.Helper()
	change = append(change, func(c *Config, _ *tenant.Registration) {
		c.Partitions = partitions
		c.Log = logFunc(func(context.Context, []footfall.Record) error { return nil })
	})
	return setup(b, change...).Handler
}

// BenchmarkEnrich is what it costs to find out about an event's visitor: the
// same events with and without the parts for user agents and addresses, which
// cost a look-up each.
func BenchmarkEnrich(b *testing.B) {
	batch := []byte(benchBatchOf(100, browserEvent))
	for _, enrich := range []bool{false, true} {
		b.Run(fmt.Sprint(enrich), func(b *testing.B) {
			h := benchDoor(b, 1, func(c *Config, _ *tenant.Registration) {
				if enrich {
					c.UserAgent, c.Geo = &agents{}, atlas
				}
			})
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/batch", nil)
			r.Header.Set("Authorization", basic(writeKey))
			if enrich {
				r.Header.Set("User-Agent", "Mozilla/5.0")
			}
			source := bytes.NewReader(batch)
			r.Body, r.ContentLength = io.NopCloser(source), int64(len(batch))
			w := &nullWriter{header: http.Header{}}
			b.ReportAllocs()
			used := cpuTime(b)
			for b.Loop() {
				source.Reset(batch)
				clear(w.header)
				h.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(cpuTime(b)-used)/float64(b.N*100), "cpu-ns/event")
		})
	}
}

// BenchmarkAgentOf is one look-up of a user agent that was seen before.
func BenchmarkAgentOf(b *testing.B) {
	h := benchDoor(b, 1, func(c *Config, _ *tenant.Registration) { c.UserAgent = &agents{} })
	text := strings.Repeat("Mozilla/5.0 ", 10)
	b.ReportAllocs()
	for b.Loop() {
		h.agentOf(text, func() string { return text })
	}
}

// BenchmarkHandler is the door without a network and with a log that forgets.
func BenchmarkHandler(b *testing.B) {
	batch := benchBatch(100)
	for _, c := range []struct {
		name, path, body string
		events           int
		partitions       uint16
		encoding         string
	}{
		{"batch", "/v1/batch", batch, 100, 1, ""},
		{"batch/50 partitions", "/v1/batch", batch, 100, 50, ""},
		{"batch/gzip", "/v1/batch", batch, 100, 1, "gzip"},
		{"batch/zstd", "/v1/batch", batch, 100, 1, "zstd"},
		{"single", "/v1/track", benchEvent(1), 1, 1, ""},
		{"single/gzip", "/v1/track", benchEvent(1), 1, 1, "gzip"},
		{"single/zstd", "/v1/track", benchEvent(1), 1, 1, "zstd"},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := benchDoor(b, c.partitions)
			body := []byte(c.body)
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, c.path, nil)
			r.Header.Set("Authorization", basic(writeKey))
			r.Header.Set("Content-Type", "application/json")
			if c.encoding != "" {
				body = []byte(packers[c.encoding](b, c.body))
				r.Header.Set("Content-Encoding", c.encoding)
			}
			source := bytes.NewReader(body)
			r.Body, r.ContentLength = io.NopCloser(source), int64(len(body))
			w := &nullWriter{header: http.Header{}}
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			used := cpuTime(b)
			for b.Loop() {
				source.Reset(body)
				clear(w.header)
				w.status = 0
				if h.ServeHTTP(w, r); w.status != 0 {
					b.Fatal(w.status)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-used)/float64(b.N*c.events), "cpu-ns/event")
		})
	}
}

// BenchmarkHTTP is the door behind a real server, beside a handler that reads
// and discards: what is packed it does not even unpack. Client and server share
// the machine, so look at the difference.
func BenchmarkHTTP(b *testing.B) {
	discard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write([]byte(`{"success":true}`))
	})
	for _, c := range []struct {
		name, path, body string
		events           int
	}{{"batch", "/v1/batch", benchBatch(100), 100}, {"single", "/v1/track", benchEvent(1), 1}} {
		for _, encoding := range []string{"plain", "gzip", "zstd"} {
			body := c.body
			if pack := packers[encoding]; pack != nil {
				body = pack(b, body)
			}
			for _, to := range []struct {
				name    string
				handler http.Handler
			}{{"discard", discard}, {"door", benchDoor(b, 1)}} {
				b.Run(c.name+"/"+encoding+"/"+to.name, func(b *testing.B) {
					server := httptest.NewServer(to.handler)
					b.Cleanup(server.Close)
					b.ReportAllocs()
					used := cpuTime(b)
					for b.Loop() {
						r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+c.path, strings.NewReader(body))
						require.NoError(b, err)
						r.Header.Set("Authorization", "Bearer "+writeKey)
						if encoding != "plain" {
							r.Header.Set("Content-Encoding", encoding)
						}
						resp, err := server.Client().Do(r)
						require.NoError(b, err)
						_, _ = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
						require.Equal(b, http.StatusOK, resp.StatusCode)
					}
					b.ReportMetric(float64(cpuTime(b)-used)/float64(b.N*c.events), "cpu-ns/event")
				})
			}
		}
	}
}
