package stream

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/footfall-go/footfall/stream"

func newTracer(p trace.TracerProvider) trace.Tracer {
	return cmp.Or(p, otel.GetTracerProvider()).Tracer(scope)
}

// instruments are the metrics of a Runner; each carries the partition.
type instruments struct {
	meter            metric.Meter
	batches          metric.Int64Counter
	events           metric.Int64Counter
	duplicates       metric.Int64Counter
	insert           metric.Float64Histogram
	repairs          metric.Int64Counter
	quarantined      metric.Int64Counter
	evictions        metric.Int64Counter
	snapshotFailures metric.Int64Counter
	stopped          metric.Int64Counter
	tapEvents        metric.Int64Counter
	tapDropped       metric.Int64Counter
	tapRefused       metric.Int64Counter
	tapStopped       metric.Int64Counter
	lag              metric.Int64ObservableGauge
	tapLag           metric.Int64ObservableGauge
	age              metric.Float64ObservableGauge
	visitors         metric.Int64ObservableGauge
	ids              metric.Int64ObservableGauge
}

func newInstruments(p metric.MeterProvider) (*instruments, error) {
	i := &instruments{meter: cmp.Or(p, otel.GetMeterProvider()).Meter(scope)}
	var errs []error
	counter := func(name, unit, what string) metric.Int64Counter {
		c, err := i.meter.Int64Counter("footfall.stream."+name, metric.WithUnit(unit), metric.WithDescription(what))
		errs = append(errs, err)
		return c
	}
	gauge := func(name, unit, what string) metric.Int64ObservableGauge {
		g, err := i.meter.Int64ObservableGauge("footfall.stream."+name, metric.WithUnit(unit), metric.WithDescription(what))
		errs = append(errs, err)
		return g
	}
	i.batches = counter("batches", "{batch}", "Batches confirmed by the store.")
	i.events = counter("events", "{event}", "Events of confirmed batches, without duplicates.")
	i.duplicates = counter("duplicates", "{event}", "Events dropped as duplicates.")
	i.repairs = counter("repairs", "{event}", "Events inserted again because the store lacked them or did not answer.")
	i.quarantined = counter("quarantined", "{event}", "Events that the store refused for good.")
	i.evictions = counter("evictions", "{id}", "Message ids forgotten before their window ended.")
	i.snapshotFailures = counter("snapshot.failures", "{snapshot}", "Snapshots that were not saved.")
	i.stopped = counter("stopped", "{partition}", "Partitions stopped until an operator has looked at them.")
	i.tapEvents = counter("tap.events", "{event}", "Events that the sink of a tap has.")
	i.tapDropped = counter("tap.dropped", "{event}", "Events that a live tap was not given.")
	i.tapRefused = counter("tap.refused", "{event}", "Events that went to the dead letter of a durable tap.")
	i.tapStopped = counter("tap.stopped", "{tap}", "Durable taps stopped until an operator has looked at them.")
	i.tapLag = gauge("tap.lag", "{event}", "Events accepted and not given to a durable tap yet.")
	i.lag = gauge("lag", "{event}", "Events accepted and not yet visible.")
	i.visitors = gauge("visitors", "{visitor}", "Visitors in the state.")
	i.ids = gauge("ids", "{id}", "Message ids in the state.")
	var err error
	i.age, err = i.meter.Float64ObservableGauge("footfall.stream.lag.duration", metric.WithUnit("s"),
		metric.WithDescription("Age of the oldest event not yet visible."))
	errs = append(errs, err)
	i.insert, err = i.meter.Float64Histogram("footfall.stream.insert.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of one insert of events."),
		metric.WithExplicitBucketBoundaries(.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30))
	return i, errors.Join(append(errs, err)...)
}

// observe reports the gauges for as long as the Runner runs.
func (i *instruments) observe(r *Runner) (unregister func(), err error) {
	reg, err := i.meter.RegisterCallback(func(ctx context.Context, out metric.Observer) error {
		status, err := r.Status(ctx)
		for _, p := range status.Partitions {
			attrs := metric.WithAttributeSet(partitionAttrs(p.Partition))
			if p.LagEvents != Unknown {
				out.ObserveInt64(i.lag, p.LagEvents, attrs)
				out.ObserveFloat64(i.age, p.LagS, attrs)
			}
			out.ObserveInt64(i.visitors, int64(p.Visitors), attrs)
			out.ObserveInt64(i.ids, int64(p.IDs), attrs)
			for _, t := range p.Taps {
				if t.Durable && t.LagEvents != Unknown {
					out.ObserveInt64(i.tapLag, t.LagEvents, metric.WithAttributeSet(tapAttrs(t.Name, p.Partition)))
				}
			}
		}
		return err
	}, i.lag, i.age, i.visitors, i.ids, i.tapLag)
	if err != nil {
		return nil, err
	}
	return func() { _ = reg.Unregister() }, nil // it fails only for what was never registered
}

func partitionAttrs(partition uint16) attribute.Set {
	return attribute.NewSet(attribute.Int("partition", int(partition)))
}

func tapAttrs(name string, partition uint16) attribute.Set {
	return attribute.NewSet(attribute.String("tap", name), attribute.Int("partition", int(partition)))
}

// batch counts a confirmed batch.
func (i *instruments) batch(ctx context.Context, attrs metric.MeasurementOption, b *batch, evicted uint64) {
	i.batches.Add(ctx, 1, attrs)
	i.events.Add(ctx, int64(len(b.out.Events)-len(b.refused)), attrs)
	i.duplicates.Add(ctx, int64(b.events-len(b.out.Events)), attrs)
	i.evictions.Add(ctx, int64(evicted), attrs)
}

// span traces the delivery of one batch.
func (o *owned) span(ctx context.Context, b *batch) (context.Context, func(*delivery, error)) {
	ctx, span := o.r.tracer.Start(ctx, "footfall.stream.deliver", trace.WithAttributes(
		attribute.Int("footfall.partition", int(o.key.partition)),
		attribute.Int64("footfall.from", b.out.From), attribute.Int64("footfall.to", b.out.To),
		attribute.Int("footfall.rows", len(b.out.Events))))
	return ctx, func(d *delivery, err error) {
		span.SetAttributes(attribute.Int("footfall.refused", len(b.refused)))
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

func (i *instruments) inserted(ctx context.Context, attrs metric.MeasurementOption, took time.Duration) {
	i.insert.Record(ctx, took.Seconds(), attrs)
}
