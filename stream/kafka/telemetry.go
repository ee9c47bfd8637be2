package kafka

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "github.com/footfall-go/footfall/stream/kafka"

type instruments struct {
	duration metric.Float64Histogram
	retries  metric.Int64Counter
	claims   metric.Int64Counter
}

func newInstruments(p metric.MeterProvider) (*instruments, error) {
	meter := cmp.Or(p, otel.GetMeterProvider()).Meter(scope)
	duration, err1 := meter.Float64Histogram("footfall.kafka.append.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of one append."),
		metric.WithExplicitBucketBoundaries(.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10))
	retries, err2 := meter.Int64Counter("footfall.kafka.append.retries", metric.WithUnit("{batch}"),
		metric.WithDescription("Batches sent again because no broker had acknowledged them."))
	claims, err3 := meter.Int64Counter("footfall.kafka.claims", metric.WithUnit("{partition}"),
		metric.WithDescription("Partitions that the group gave to this process."))
	return &instruments{duration, retries, claims}, errors.Join(err1, err2, err3)
}

var (
	succeeded = metric.WithAttributeSet(attribute.NewSet(attribute.Bool("ok", true)))
	failed    = metric.WithAttributeSet(attribute.NewSet(attribute.Bool("ok", false)))
)

func (i *instruments) appended(ctx context.Context, started time.Time, err error) {
	ok := succeeded
	if err != nil {
		ok = failed
	}
	i.duration.Record(ctx, time.Since(started).Seconds(), ok)
}

func (i *instruments) retry(ctx context.Context)   { i.retries.Add(ctx, 1) }
func (i *instruments) claimed(ctx context.Context) { i.claims.Add(ctx, 1) }
