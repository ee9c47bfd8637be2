package ingest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics counts per request, never per tenant: there may be many.
type metrics struct {
	requests metric.Int64Counter
	accepted metric.Int64Counter
	rejected metric.Int64Counter
	duration metric.Float64Histogram

	// Options made once: making them costs more than counting.
	byStatus map[int][]metric.AddOption
	timed    map[int][]metric.RecordOption
	byCode   map[Code][]metric.AddOption
}

func meterOf(provider metric.MeterProvider) metric.Meter {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	return provider.Meter("github.com/footfall-go/footfall/ingest")
}

func newMetrics(provider metric.MeterProvider) (*metrics, error) {
	meter := meterOf(provider)
	m := &metrics{byStatus: map[int][]metric.AddOption{}, timed: map[int][]metric.RecordOption{}, byCode: map[Code][]metric.AddOption{}}
	var errs [4]error
	m.requests, errs[0] = meter.Int64Counter("footfall.ingest.requests", metric.WithUnit("{request}"), metric.WithDescription("Requests answered, by HTTP status."))
	m.accepted, errs[1] = meter.Int64Counter("footfall.ingest.events", metric.WithUnit("{event}"), metric.WithDescription("Events that are durably in the log."))
	m.rejected, errs[2] = meter.Int64Counter("footfall.ingest.refused", metric.WithUnit("{event}"), metric.WithDescription("Events refused at the door, by code."))
	m.duration, errs[3] = meter.Float64Histogram("footfall.ingest.duration", metric.WithUnit("s"), metric.WithDescription("From the request's header to its answer."),
		metric.WithExplicitBucketBoundaries(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	for _, status := range []int{
		http.StatusOK, http.StatusNoContent, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		set := metric.WithAttributeSet(attribute.NewSet(attribute.Int("http.response.status_code", status)))
		m.byStatus[status] = []metric.AddOption{set}
		m.timed[status] = []metric.RecordOption{set}
	}
	for _, code := range codes {
		m.byCode[code] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("code", string(code))))}
	}
	return m, errors.Join(errs[:]...)
}

func (m *metrics) request(ctx context.Context, status int, took time.Duration) {
	m.requests.Add(ctx, 1, m.byStatus[status]...)
	m.duration.Record(ctx, took.Seconds(), m.timed[status]...)
}

func (m *metrics) events(ctx context.Context, n int) {
	if n > 0 {
		m.accepted.Add(ctx, int64(n))
	}
}

func (m *metrics) refused(ctx context.Context, rejected []rejection) {
	for i := range rejected {
		m.rejected.Add(ctx, 1, m.byCode[rejected[i].code]...)
	}
}
