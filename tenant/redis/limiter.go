package redis

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/redis/rueidis"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall/internal/outage"
	"github.com/footfall-go/footfall/tenant"
)

// Config is what a [Limiter] needs.
type Config struct {
	// Client reaches Redis; the Limiter does not close it. One made with
	// ForceSingleClient can be used although its first connection failed. It is
	// required.
	Client rueidis.Client
	// Prefix begins all keys. Defaults to "footfall:".
	Prefix string
	// Timeout is how long a request waits for Redis at most. Defaults to 50ms.
	Timeout time.Duration
	// Pause is how long Redis is left alone after it failed. Defaults to 1s.
	Pause time.Duration
	// Logger is told when Redis goes and when it is back. Defaults to silence.
	Logger *slog.Logger
	// MeterProvider counts what was decided without Redis. Defaults to
	// OpenTelemetry's global one.
	MeterProvider metric.MeterProvider
}

// Limiter keeps tenants to their limits, together with all others on the same
// Redis. It is safe for concurrent use and has nothing to close.
type Limiter struct {
	client rueidis.Client
	prefix string
	script *rueidis.Lua
	guard  *outage.Guard
	local  *tenant.Buckets
	seen   *sightings
}

//go:embed take.lua
var takeScript string

// New returns a Limiter. It sends nothing yet.
func New(config Config) (*Limiter, error) {
	config.Prefix = cmp.Or(config.Prefix, "footfall:")
	config.Timeout = cmp.Or(config.Timeout, 50*time.Millisecond)
	config.Pause = cmp.Or(config.Pause, time.Second)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.MeterProvider == nil {
		config.MeterProvider = otel.GetMeterProvider()
	}
	var errs []error
	if config.Client == nil {
		errs = append(errs, errors.New("redis: Config.Client is required"))
	}
	if min(config.Timeout, config.Pause) < 0 {
		errs = append(errs, errors.New("redis: Config.Timeout and Config.Pause are not negative"))
	}
	missed, err := config.MeterProvider.Meter("github.com/footfall-go/footfall/tenant/redis").Int64Counter("footfall.tenant.limits.local",
		metric.WithUnit("{call}"), metric.WithDescription("Limits that one process kept by itself because Redis did not answer."))
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return &Limiter{
		client: config.Client, prefix: config.Prefix, script: rueidis.NewLuaScript(takeScript),
		guard: outage.New(outage.Config{
			Name: "limits in Redis", Timeout: config.Timeout, Pause: config.Pause, Logger: config.Logger, Missed: missed,
		}),
		local: tenant.NewBuckets(), seen: newSightings(),
	}, nil
}

// Take counts n events of a tenant, if its limits allow all of them, and says
// where it stands. Zero events only ask whether a request of one would pass,
// which is answered from what was seen less than a second ago if there is any.
// There is no error: without Redis this process keeps the limits.
func (l *Limiter) Take(ctx context.Context, t *tenant.Tenant, n int) (tenant.Quota, error) {
	limits := t.Limits.WithDefaults()
	if limits.IsZero() {
		return tenant.Quota{}, nil
	}
	if n <= 0 {
		if standing, ok := l.seen.get(t.ID); ok {
			q, _ := limits.Take(standing, 0)
			return q, nil
		}
	}
	standing, err := outage.Call(ctx, l.guard, func(ctx context.Context) (tenant.Standing, error) {
		return l.take(ctx, t.ID, limits, int64(n))
	})
	if err != nil {
		return l.local.Take(ctx, t, n)
	}
	// The script has decided the same, by the same numbers.
	q, after := limits.Take(standing, int64(n))
	l.seen.put(t.ID, after)
	return q, nil
}

// Give takes events back that were taken and did not get into the log.
func (l *Limiter) Give(ctx context.Context, t *tenant.Tenant, n int) error {
	limits := t.Limits.WithDefaults()
	if limits.IsZero() || n <= 0 {
		return nil
	}
	_, err := outage.Call(ctx, l.guard, func(ctx context.Context) (struct{}, error) {
		err := l.exec(ctx, t.ID, limits, -int64(n)).Error()
		if rueidis.IsRedisNil(err) { // as every gift is answered
			err = nil
		}
		return struct{}{}, err
	})
	l.seen.forget(t.ID)
	if err != nil {
		return l.local.Give(ctx, t, n)
	}
	return nil
}

func (l *Limiter) take(ctx context.Context, id tenant.ID, limits tenant.Limits, n int64) (s tenant.Standing, err error) {
	numbers, err := l.exec(ctx, id, limits, n).AsIntSlice()
	if err != nil {
		return s, fmt.Errorf("count events: %w", err)
	}
	if len(numbers) != 5 {
		return s, fmt.Errorf("count events: %d numbers in place of 5", len(numbers))
	}
	return tenant.Standing{
		Clock: time.Unix(numbers[0], numbers[1]), Owed: time.Duration(numbers[2])*time.Second + time.Duration(numbers[3]), Used: numbers[4],
	}, nil
}

// exec runs the script; fewer than no events are given back.
func (l *Limiter) exec(ctx context.Context, id tenant.ID, limits tenant.Limits, n int64) rueidis.RedisResult {
	span, credit := limits.Span(max(n, -n)), limits.Credit(n)
	if limits.Rate <= 0 {
		credit = -time.Second
	}
	// The braces put all keys of a tenant on one node of a cluster.
	key := l.prefix + "{" + id.String() + "}:limit"
	return l.script.Exec(ctx, l.client, []string{key}, []string{
		number(span / time.Second), number(span % time.Second), number(credit / time.Second), number(credit % time.Second),
		number(n), number(limits.PerDay),
	})
}

func number[T ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }
