package ingest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

func TestRefusalsAreSampled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Empty(t, b.Refusals(shop(t)).Samples)
	b.post("/v1/batch", `{"batch":[
		{"type":"track","event":"A","messageId":"m1","userId":"u","properties":{"card":"4111111111111111"}},
		{"type":"track","event":"B","messageId":"m2","properties":{"password":"hunter2"},"context":{"ip":"192.0.2.7"}},
		{"type":"track","event":"Mail bob@example.com","messageId":"m3","userId":"null"},
		{"type":"purchase","userId":"someone@example.com"}]}`, "User-Agent", "analytics-node/2.0")
	b.post("/v1/track", `{"event":`)
	b.post("/v1/track", `{"userId":"u"}`)
	got := b.Refusals(shop(t))
	require.Equal(t, map[Code]uint64{MissingID: 1, IllegalID: 1, UnknownType: 1, MissingEvent: 1}, got.Codes)
	require.EqualValues(t, 5, got.Refused)
	for i := range got.Samples {
		require.WithinDuration(t, time.Now(), got.Samples[i].Time, time.Minute)
		got.Samples[i].Time = time.Time{}
		require.NotEmpty(t, got.Samples[i].Message)
		got.Samples[i].Message = ""
	}
	require.Equal(t, []RefusedSample{
		{Code: MissingEvent, Path: "/event"},
		{Status: http.StatusBadRequest, Code: InvalidJSON},
		{Code: UnknownType, Path: "/type", Agent: "analytics-node/2.0"},
		{Code: IllegalID, Path: "/userId", Agent: "analytics-node/2.0"}, // the name holds an address
		{Code: MissingID, MessageID: "m2", Event: "B", Agent: "analytics-node/2.0"},
	}, got.Samples)
	require.NotContains(t, fmt.Sprint(b.Refusals(shop(t))), "hunter2")
	other, err := tenant.ParseID("other")
	require.NoError(t, err)
	require.Empty(t, b.Refusals(other).Samples, "those of another tenant are its own")
}

// TestRequestsOverALimitAreOnlyCounted shows that a sender that is too fast
// does not push out the samples of the others.
func TestRequestsOverALimitAreOnlyCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *Config, r *tenant.Registration) { r.Limits.PerDay = 2 })
	b.post("/v1/batch", `{"batch":[{"type":"track","event":"A"}]}`)
	for range 200 {
		b.post("/v1/batch", `{"batch":[{"type":"track","event":"A","userId":"u"},{"type":"track","event":"A","userId":"u"}]}`)
	}
	got := b.Refusals(shop(t))
	require.NotZero(t, got.Limited)
	require.Len(t, got.Samples, 1)
	require.Equal(t, MissingID, got.Samples[0].Code)
}

// TestSamplesAreBounded floods the door with refusals no two of which are alike.
func TestSamplesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 300 {
		var items []string
		for j := range 30 {
			items = append(items, fmt.Sprintf(`{"type":"track","event":"%d%s","messageId":"%[1]d"}`, i*30+j, strings.Repeat("é", 200)))
		}
		b.post("/v1/batch", `{"batch":[`+strings.Join(items, ",")+`]}`, "User-Agent", strings.Repeat(fmt.Sprint(i), 1000))
	}
	got := b.Refusals(shop(t))
	require.EqualValues(t, 9000, got.Codes[MissingID])
	require.Len(t, got.Samples, keptSamples)
	require.Equal(t, fmt.Sprint(299*30+requestSamples-1), got.Samples[0].MessageID, "the newest first")
	for _, m := range got.Samples {
		require.LessOrEqual(t, len(m.Event), maxSampled+3)
		require.LessOrEqual(t, len(m.Agent), maxSampled)
	}
	size := 0
	for _, m := range b.countsOf(shop(t)).samples.ring {
		size += cap(m.texts)
	}
	require.Less(t, size, keptSamples*4*maxSampled)
}

// authenticatorFunc makes a function a [tenant.Authenticator].
type authenticatorFunc func(key string) (*tenant.Tenant, error)

func (f authenticatorFunc) Authenticate(_ *http.Request, key string, _ tenant.Access) (*tenant.Tenant, error) {
	return f(key)
}

// TestSamplesOfManyTenants shows that samples are kept of so many tenants, and
// that the oldest make room for others after a while.
func TestSamplesOfManyTenants(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(c *Config, _ *tenant.Registration) {
			c.Auth = authenticatorFunc(func(key string) (*tenant.Tenant, error) {
				id, err := tenant.ParseID(key)
				return &tenant.Tenant{ID: id}, err
			})
		})
		refuse := func(from, to int) (with int) {
			for i := from; i < to; i++ {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/track", strings.NewReader(`{"event":"A"}`))
				name := fmt.Sprint("t", i)
				r.SetBasicAuth(name, "")
				b.ServeHTTP(httptest.NewRecorder(), r)
				id, err := tenant.ParseID(name)
				require.NoError(t, err)
				got := b.Refusals(id)
				require.EqualValues(t, 1, got.Codes[MissingID])
				with += len(got.Samples)
			}
			return with
		}
		require.Equal(t, sampledTenants, refuse(0, sampledTenants+50))
		require.EqualValues(t, sampledTenants, b.sampled.Load())
		time.Sleep(2 * staleSamples) // of the bubble
		require.Equal(t, 50, refuse(1000, 1050))
		require.LessOrEqual(t, b.sampled.Load(), int32(sampledTenants))
	})
}

// BenchmarkRefused is a batch of a hundred messages none of which is usable,
// with samples of them and without.
func BenchmarkRefused(b *testing.B) {
	b.ReportAllocs()
	h := benchDoor(b, 1)
	items := make([]string, 100)
	for i := range items {
		items[i] = strings.Replace(benchEvent(i), `"type":"track"`, `"type":"tracks"`, 1)
	}
	body := `{"batch":[` + strings.Join(items, ",") + `]}`
	w := &nullWriter{header: http.Header{}}
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/batch", strings.NewReader(body))
		r.SetBasicAuth(writeKey, "")
		h.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(items)), "ns/event")
}

// BenchmarkSample is what keeping the samples of a request takes of that.
func BenchmarkSample(b *testing.B) {
	b.ReportAllocs()
	h := benchDoor(b, 1)
	id, err := tenant.ParseID("shop")
	require.NoError(b, err)
	s := newRequest(h)
	s.r = httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/batch", nil)
	s.r.Header.Set("User-Agent", strings.Repeat("agent ", 30))
	s.tenant = complete(&tenant.Tenant{ID: id})
	for i := range 100 {
		s.rejected = append(s.rejected, rejection{
			refusal: refuse(MissingID, 0, "userId or anonymousId is required"), index: i,
			messageID: fmt.Appendf(nil, "ajs-next-1795403745520-3f22199a-fded-4d69-%04d", i), event: []byte("Product Viewed"),
		})
	}
	for b.Loop() {
		s.sampleRejected()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.rejected)), "ns/event")
}
