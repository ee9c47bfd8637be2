package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
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
			"footfall.stream.ids {id}":            4,
		}, got)
		require.NoError(t, p.end())
	})
}

// TestTapMetrics counts what became of the events of two taps.
func TestTapMetrics(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		reader := metric.NewManualReader()
		broken, refusing, dead := &bucket{}, &bucket{}, &bucket{}
		broken.set(func(context.Context, []footfall.Event) error { return errSink })
		refusing.set(func(_ context.Context, events []footfall.Event) error {
			return &footfall.BatchError{Failed: []int{len(events) - 1}, Err: footfall.Permanent(errSink)}
		})
		cfg := w.config()
		cfg.MeterProvider = metric.NewMeterProvider(metric.WithReader(reader))
		cfg.Taps = []stream.Tap{
			{Name: "live", Sink: &bucket{}},
			{Name: "broken", Sink: broken},
			{Name: "dead", Sink: refusing, Durable: true, DeadLetter: dead},
			{Name: "halted", Sink: refusing, Durable: true},
		}
		p := w.begin(cfg, nil)
		w.append(0, "shop", w.clicks(5)...)
		time.Sleep(10 * time.Second)
		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &all))
		got := map[string]int64{}
		for _, m := range all.ScopeMetrics[0].Metrics {
			var points []metricdata.DataPoint[int64]
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = data.DataPoints
			case metricdata.Gauge[int64]:
				points = data.DataPoints
			}
			for _, point := range points {
				if tap, ok := point.Attributes.Value("tap"); ok {
					got[m.Name+" "+m.Unit+" "+tap.AsString()] = point.Value
				}
			}
		}
		require.Equal(t, map[string]int64{
			"footfall.stream.tap.events {event} live":    5,
			"footfall.stream.tap.events {event} dead":    4,
			"footfall.stream.tap.events {event} halted":  4,
			"footfall.stream.tap.dropped {event} broken": 5,
			"footfall.stream.tap.refused {event} dead":   1,
			"footfall.stream.tap.stopped {tap} halted":   1,
			"footfall.stream.tap.lag {event} dead":       0,
			"footfall.stream.tap.lag {event} halted":     5,
		}, got)
		require.NoError(t, p.end())
	})
}
