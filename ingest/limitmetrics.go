package ingest

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// limitMetrics counts what limits and plans kept out, never per tenant: that
// is [Handler.Counts].
type limitMetrics struct {
	limited metric.Int64Counter
	dropped metric.Int64Counter
	parked  metric.Int64Counter
	byLimit map[string][]metric.AddOption
}

func newLimitMetrics(provider metric.MeterProvider) (*limitMetrics, error) {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	meter := provider.Meter("github.com/footfall-go/footfall/ingest")
	m := &limitMetrics{byLimit: map[string][]metric.AddOption{}}
	var errs [3]error
	m.limited, errs[0] = meter.Int64Counter("footfall.ingest.limited", metric.WithUnit("{request}"), metric.WithDescription("Requests turned away, by the limit they met."))
	m.dropped, errs[1] = meter.Int64Counter("footfall.ingest.dropped", metric.WithUnit("{event}"), metric.WithDescription("Events that a plan's sample left out."))
	m.parked, errs[2] = meter.Int64Counter("footfall.ingest.parked", metric.WithUnit("{event}"), metric.WithDescription("Events that a plan set aside."))
	for _, limit := range []string{"rate", "day", "plan", "memory"} {
		m.byLimit[limit] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("limit", limit)))}
	}
	return m, errors.Join(errs[:]...)
}

func (m *limitMetrics) away(ctx context.Context, limit string) {
	m.limited.Add(ctx, 1, m.byLimit[limit]...)
}
