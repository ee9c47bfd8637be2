package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/footfall-go/footfall"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		reader := metric.NewManualReader()
		cfg := w.config()
		cfg.MeterProvider = metric.NewMeterProvider(metric.WithReader(reader))
		first := once()
		w.store.insert = func(*footfall.Batch, int) fate {
			if first() {
				return unheard
			}
			return fine
		}
		w.store.refuses = func(ev *footfall.Event) bool { return ev.Name == "poison" }
		p := w.begin(cfg, nil)
		w.append(0, "shop", message{visitor: "v", id: "1"}, message{visitor: "v", id: "1"}, message{visitor: "v", id: "2"})
		p.visible()
		w.append(0, "shop", message{visitor: "v", id: "3"}, message{visitor: "v", id: "4", name: "poison"})
		p.visible()
		w.append(0, "shop", w.clicks(7)...)
		time.Sleep(time.Millisecond)

		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &all))
		require.Len(t, all.ScopeMetrics, 1)
		require.Equal(t, "github.com/footfall-go/footfall/stream", all.ScopeMetrics[0].Scope.Name)
		got := map[string]int64{}
		for _, m := range all.ScopeMetrics[0].Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				got[m.Name+" "+m.Unit] = data.DataPoints[0].Value
			case metricdata.Gauge[int64]:
				got[m.Name+" "+m.Unit] = data.DataPoints[0].Value
			case metricdata.Gauge[float64]:
				got[m.Name+" "+m.Unit] = int64(data.DataPoints[0].Value)
			case metricdata.Histogram[float64]:
				got[m.Name+" "+m.Unit] = int64(data.DataPoints[0].Count)
			}
		}
		require.Equal(t, map[string]int64{
			"footfall.stream.batches {batch}":     2,
			"footfall.stream.events {event}":      3,
			"footfall.stream.duplicates {event}":  1,
			"footfall.stream.evictions {id}":      0,
			"footfall.stream.quarantined {event}": 1,
			"footfall.stream.repairs {event}":     3,
			"footfall.stream.insert.duration s":   5,
			"footfall.stream.lag {event}":         7,
			"footfall.stream.lag.duration s":      0,
			"footfall.stream.visitors {visitor}":  1,
		}, got)
		require.NoError(t, p.end())
	})
}
