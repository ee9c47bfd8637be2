package query

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

type metrics struct {
	duration metric.Float64Histogram
	rows     metric.Int64Counter
	clients  metric.Int64UpDownCounter
	missed   metric.Int64Counter
}

func newMetrics(provider metric.MeterProvider) (m metrics, err error) {
	meter := provider.Meter("github.com/footfall-go/footfall/query")
	m.duration, err = meter.Float64Histogram("footfall.query.duration", metric.WithUnit("s"),
		metric.WithDescription("How long questions took, by kind and outcome."),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30))
	if err != nil {
		return m, err
	}
	m.rows, err = meter.Int64Counter("footfall.query.rows", metric.WithUnit("{row}"),
		metric.WithDescription("Rows the store has read for answers."))
	if err != nil {
		return m, err
	}
	m.clients, err = meter.Int64UpDownCounter("footfall.query.live.clients", metric.WithUnit("{client}"),
		metric.WithDescription("Who looks at live events now."))
	if err != nil {
		return m, err
	}
	m.missed, err = meter.Int64Counter("footfall.query.live.missed", metric.WithUnit("{event}"),
		metric.WithDescription("Live events that a client did not read in time."))
	return m, err
}

func (m metrics) record(ctx context.Context, kind string, took time.Duration, stats Stats, err error) {
	ctx = context.WithoutCancel(ctx)
	kindOf := attribute.String("kind", kind)
	m.duration.Record(ctx, took.Seconds(), metric.WithAttributes(kindOf, attribute.String("outcome", outcome(err))))
	m.rows.Add(ctx, int64(stats.Rows), metric.WithAttributes(kindOf))
}

func outcome(err error) string {
	var invalid *InvalidError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &invalid):
		return "invalid"
	case errors.Is(err, ErrTimeout):
		return "timeout"
	case errors.Is(err, ErrLimit):
		return "limit"
	case errors.Is(err, ErrBusy):
		return "busy"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "error"
}
