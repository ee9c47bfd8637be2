package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall/tenant"
)

// Config is what an [Engine] and a [Handler] need.
type Config struct {
	// Conn runs the statements. It is required.
	Conn Conn
	// Watermark returns the moment up to which every accepted event is
	// visible to statements that begin now. Defaults to no watermark in
	// answers.
	Watermark func(context.Context) time.Time
	// Now is the clock by which a range like the last 30 days ends and a bucket is
	// over. Defaults to [time.Now].
	Now func() time.Time
	// MaxMemory bounds the bytes one statement may use. Defaults to 2 GiB.
	MaxMemory int64
	// MaxRows bounds the rows one statement may read. Defaults to 2 billion.
	MaxRows int64

	// Auth tells the tenant of a request. The Handler requires it or Cookies.
	Auth tenant.Authenticator
	// Cookies log browsers in with a read key and stand in front of the
	// Authenticator they were made with. Defaults to no such route.
	Cookies *tenant.Cookies
	// MaxBody bounds the bytes of a request. Defaults to 256 KiB.
	MaxBody int64
	// Logger is told of questions that failed through no fault of the asker.
	// Defaults to silence.
	Logger *slog.Logger
	// MeterProvider measures questions. Defaults to OpenTelemetry's global one.
	MeterProvider metric.MeterProvider
}

func (c Config) withDefaults() (Config, error) {
	c.MaxMemory = cmp.Or(c.MaxMemory, 2<<30)
	c.MaxRows = cmp.Or(c.MaxRows, 2_000_000_000)
	c.MaxBody = cmp.Or(c.MaxBody, 256<<10)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MeterProvider == nil {
		c.MeterProvider = otel.GetMeterProvider()
	}
	var errs []error
	if c.Conn == nil {
		errs = append(errs, errors.New("query: Config.Conn is required"))
	}
	if c.MaxMemory < 0 || c.MaxRows < 0 || c.MaxBody < 0 {
		errs = append(errs, errors.New("query: limits in Config are not negative"))
	}
	return c, errors.Join(errs...)
}

// Engine answers questions. It is safe for concurrent use and owns nothing
// that has to be closed.
type Engine struct {
	config  Config
	metrics metrics
}

// NewEngine returns an engine over Config.Conn.
func NewEngine(config Config) (*Engine, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(config.MeterProvider)
	if err != nil {
		return nil, fmt.Errorf("create the instruments of query: %w", err)
	}
	return &Engine{config: config, metrics: m}, nil
}

// Run answers a question of a tenant, whose Settings must have their defaults.
// The error is an [*InvalidError], wraps [ErrTimeout], [ErrLimit] or
// [ErrUnavailable], is that of ctx, or is an outage. The tenant's QueryTime
// bounds the whole of it.
func (e *Engine) Run(ctx context.Context, t *tenant.Tenant, q Query) (*Answer, error) {
	began := time.Now()
	answer, err := e.run(ctx, t, q, began)
	e.metrics.record(ctx, q.Kind(), time.Since(began), answer, err)
	return answer, err
}

func (e *Engine) run(ctx context.Context, t *tenant.Tenant, q Query, began time.Time) (*Answer, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if t == nil || t.ID.IsZero() {
		return nil, errors.New("query: a tenant is required")
	}
	scope := scopeOf(q)
	zone := cmp.Or(scope.Zone, t.Zone, "UTC")
	loc, err := loadZone(zone)
	if err != nil {
		return nil, fmt.Errorf("load the zone of tenant %s: %w", t.ID, err)
	}
	now := e.config.Now()
	limit := cmp.Or(t.QueryTime, 10*time.Second)
	bounded, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
	defer cancel()
	r := &run{
		engine: e, tenant: t, cal: newCalendar(loc, t.WeekStart), now: now, deadline: began.Add(limit),
	}
	r.from, r.to = scope.Range.resolve(now, r.cal)
	answer := &Answer{
		Kind: q.Kind(), Zone: zone, Exact: true,
		Range: Window{r.from.In(loc), r.to.In(loc)},
		Text:  describe(q, r.cal, r.from, r.to),
	}
	if e.config.Watermark != nil {
		answer.Watermark = e.config.Watermark(bounded).UTC().Truncate(time.Millisecond)
	}
	if ofPersons(q) {
		// From here on every plan knows the identity edges.
		if _, err := r.planWithPeople(bounded); err != nil {
			return nil, r.explain(ctx, bounded, err)
		}
	}
	switch q := q.(type) {
	case *Trend:
		answer.Result, err = r.trend(bounded, q)
	case *Funnel:
		answer.Result, err = r.funnel(bounded, q)
	case *Sessions:
		answer.Result, err = r.sessions(bounded, q)
	case *Events:
		answer.Result, err = r.events(bounded, q)
	case *Persons:
		answer.Result, err = r.persons(bounded, q)
	}
	if err != nil {
		return nil, r.explain(ctx, bounded, err)
	}
	answer.Stats = Stats{Rows: r.read.rows, Bytes: r.read.bytes, Milliseconds: time.Since(began).Milliseconds()}
	return answer, nil
}
