package ingest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/footfall-go/footfall/tenant"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	reader := sdk.NewManualReader()
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.MeterProvider = sdk.NewMeterProvider(sdk.WithReader(reader))
	})
	b.post("/v1/batch", `{"batch":[{"type":"track","event":"A","userId":"u"},{"type":"track","event":"A"},{"type":"track","event":"A"},{"type":"x"}]}`)
	b.one("/v1/track", event)
	b.refused("/v1/track", `{"event":"A"}`)
	b.do(http.MethodPost, "/v1/track", event)

	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &got))
	require.Len(t, got.ScopeMetrics, 1)
	counts := map[string]int64{}
	for _, m := range got.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				key := m.Name
				for _, kv := range p.Attributes.ToSlice() {
					key += " " + kv.Value.String()
				}
				counts[key] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				counts[m.Name] += int64(p.Count)
			}
		}
	}
	require.Equal(t, map[string]int64{
		"footfall.ingest.requests 200": 2, "footfall.ingest.requests 400": 1, "footfall.ingest.requests 401": 1,
		"footfall.ingest.events":             2,
		"footfall.ingest.refused missing_id": 3, "footfall.ingest.refused unknown_type": 1,
		"footfall.ingest.duration": 4,
	}, counts)
}
