package redis

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/internal/redistest"
	"github.com/footfall-go/footfall/tenant"
	"github.com/footfall-go/footfall/tenant/tenanttest"
)

// nowhere is a log that keeps nothing.
type nowhere struct{}

func (nowhere) Append(context.Context, []footfall.Record) error { return nil }

// BenchmarkDoor is what a request costs at the door under limits that Redis
// keeps, beside those of one process: alone, and among others that share the way.
func BenchmarkDoor(b *testing.B) {
	a := tenanttest.Limited(b, "a", tenant.Limits{Rate: 1e9, Burst: 1e9, PerDay: 1e15})
	keys, err := tenant.NewKeys(tenant.Registration{Tenant: *a, WriteKeys: []string{"wk_a"}})
	require.NoError(b, err)
	s := redistest.Start(b)
	for _, size := range []int{1, 100} {
		event := `{"type":"track","event":"Viewed","userId":"ann","messageId":"%d","properties":{"sku":"A-1","price":9.5}}`
		var events []string
		for i := range size {
			events = append(events, fmt.Sprintf(event, i))
		}
		body := []byte(`{"batch":[` + strings.Join(events, ",") + `]}`)
		for name, limiter := range map[string]ingest.Limiter{"buckets": tenant.NewBuckets(), "redis": patient(b, s, "")} {
			door, err := ingest.New(ingest.Config{Log: nowhere{}, Auth: keys, Limiter: limiter})
			require.NoError(b, err)
			send := func(ctx context.Context) {
				r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/batch", bytes.NewReader(body))
				r.SetBasicAuth("wk_a", "")
				w := httptest.NewRecorder()
				door.ServeHTTP(w, r)
				if w.Code != http.StatusOK || w.Header().Get("Ratelimit") == "" {
					b.Error(w.Code, w.Body)
				}
			}
			b.Run(fmt.Sprintf("%d/%s/one", size, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					send(b.Context())
				}
			})
			b.Run(fmt.Sprintf("%d/%s/many", size, name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(64)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						send(b.Context())
					}
				})
			})
		}
	}
}
