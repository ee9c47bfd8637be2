package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
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
	// Version returns a text that changes whenever statements that begin now may
	// see something else than before, such as how far the log is in the store.
	// With it, equal questions share one answer while it is on its way, and as
	// long as the text is the same, for a minute at most. Defaults to none: each
	// question is answered by itself.
	Version func(context.Context) string
	// Answers keeps answers for other processes, whose Version must be the same text
	// whenever they see the same. Defaults to none: each process answers by itself.
	Answers Answers
	// CacheBytes bounds the answers that are kept. Defaults to 64 MiB.
	CacheBytes int64
	// AtOnce is how many questions are answered at once, over all tenants; others
	// wait for their turn. Defaults to two for each core.
	AtOnce int
	// Waiting is how many questions of one tenant may wait. Defaults to 100.
	Waiting int
	// Now is the clock by which a range like the last 30 days ends and a bucket is
	// over. Defaults to [time.Now].
	Now func() time.Time
	// Segments keeps what is stored under an id. Defaults to nowhere: the routes
	// are not there, and every id is unknown.
	Segments SegmentStore
	// Live has the events that become visible. Defaults to nowhere: the route is
	// not there.
	Live Live
	// LiveClients is how many may look at a tenant's events at the same time.
	// Defaults to 100.
	LiveClients int
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
	c.CacheBytes = cmp.Or(c.CacheBytes, 64<<20)
	c.AtOnce, c.Waiting = cmp.Or(c.AtOnce, 2*runtime.GOMAXPROCS(0)), cmp.Or(c.Waiting, 100)
	c.LiveClients = cmp.Or(c.LiveClients, 100)
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
	if min(c.MaxMemory, c.MaxRows, c.MaxBody, c.CacheBytes, int64(c.AtOnce), int64(c.Waiting), int64(c.LiveClients)) < 0 {
		errs = append(errs, errors.New("query: limits in Config are not negative"))
	}
	return c, errors.Join(errs...)
}

// Engine answers questions. It is safe for concurrent use and owns nothing
// that has to be closed.
type Engine struct {
	config  Config
	metrics metrics
	turns   *turns
	shared  *shared
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
	return &Engine{
		config: config, metrics: m,
		turns: newTurns(config.AtOnce, config.Waiting), shared: newShared(config.CacheBytes, config.Answers),
	}, nil
}

// Run answers a question of a tenant, whose Settings must have their defaults.
// The error is an [*InvalidError], wraps [ErrTimeout], [ErrLimit], [ErrBusy] or
// [ErrUnavailable], is that of ctx, or is an outage. The tenant's QueryTime
// bounds the whole of it, the wait for a turn included. Others may have the same
// answer, so that nobody may change its Result.
func (e *Engine) Run(ctx context.Context, t *tenant.Tenant, q Query) (*Answer, error) {
	began := time.Now()
	answer, err := e.run(ctx, t, q, began)
	var stats Stats
	if answer != nil {
		stats = answer.Stats
	}
	e.metrics.record(ctx, q.Kind(), time.Since(began), stats, err)
	return answer, err
}

func (e *Engine) run(ctx context.Context, t *tenant.Tenant, q Query, began time.Time) (*Answer, error) {
	named, err := checked(q)
	if err != nil {
		return nil, err
	}
	r, err := e.begin(t, *scopeOf(q), began)
	if err != nil {
		return nil, err
	}
	r.settle(q)
	if r.ranged && !r.from.Before(r.to) {
		return nil, mistaken(q)
	}
	if err := r.resolve(ctx, named); err != nil {
		return nil, err
	}
	// A segment that was stored anew makes another question of the same words.
	question := func() []byte { return append(Canonical(q), r.versions()...) }
	value, own, err := r.share(ctx, q.Kind(), question, maxAgeOf(q), func(ctx context.Context) (any, error) { return r.answer(ctx, q) })
	if err != nil {
		return nil, err
	}
	answer := *value.(*Answer)
	if !own {
		// The same was asked in other words, and nothing was read for it.
		answer.Text = describe(q, r.cal, r.from, r.to)
		answer.Stats = Stats{Cached: true, Milliseconds: time.Since(began).Milliseconds()}
	}
	return &answer, nil
}

// begin starts to answer something about a scope.
func (e *Engine) begin(t *tenant.Tenant, scope Scope, began time.Time) (*run, error) {
	if t == nil || t.ID.IsZero() {
		return nil, errors.New("query: a tenant is required")
	}
	home := cmp.Or(t.Zone, "UTC")
	loc, err := loadZone(cmp.Or(scope.Zone, home))
	if err != nil {
		return nil, fmt.Errorf("load the zone of tenant %s: %w", t.ID, err)
	}
	r := &run{
		engine: e, tenant: t, cal: newCalendar(loc, t.WeekStart),
		now: e.config.Now(), began: began, deadline: began.Add(cmp.Or(t.QueryTime, 10*time.Second)),
	}
	r.at, r.home, r.ranged = r.now, r.cal, true
	if at, err := loadZone(home); err == nil {
		r.home = newCalendar(at, t.WeekStart)
	}
	r.from, r.to = scope.Range.resolve(r.now, r.cal)
	return r, nil
}

// share computes something, or has it from somebody who asks or asked the same;
// own is false then. An answer that is as old as maxAge will do.
func (r *run) share(asked context.Context, kind string, question func() []byte, maxAge time.Duration, compute func(context.Context) (any, error)) (value any, own bool, err error) {
	ctx, cancel := context.WithDeadlineCause(asked, r.deadline, ErrTimeout)
	defer cancel()
	e := r.engine
	version := ""
	if e.config.Version != nil {
		version = e.config.Version(ctx)
	}
	if version == "" {
		own = true
		value, err = r.inTurn(ctx, compute)
	} else {
		a := asking{key: r.key(kind, question()), seen: newSight(version, r.now), until: r.deadline}
		if maxAge > 0 {
			a.since = r.now.Add(-maxAge)
		}
		c := computing{
			turn: r.turn,
			look: func(ctx context.Context) (string, time.Time) { return e.config.Version(ctx), e.config.Now() },
			answer: func(ctx context.Context, until time.Time) (any, error) {
				r.deadline = until // of all who wait
				return compute(ctx)
			},
		}
		if e.config.Answers != nil {
			c.find = func(ctx context.Context, key answerKey) (any, bool) { return r.find(ctx, kind, key) }
		}
		value, own, err = e.shared.get(ctx, a, c)
	}
	if err != nil {
		return nil, own, r.explain(asked, ctx, err)
	}
	return value, own, nil
}

// inTurn computes something when its turn has come.
func (r *run) inTurn(ctx context.Context, compute func(context.Context) (any, error)) (any, error) {
	done, err := r.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return compute(ctx)
}

// turn waits until the question may be answered, and returns what ends that.
func (r *run) turn(ctx context.Context) (done func(), err error) {
	return r.engine.turns.take(ctx, r.tenant.ID.String(), r.tenant.Queries)
}

// answer computes the answer to a sound question.
func (r *run) answer(ctx context.Context, q Query) (*Answer, error) {
	answer := &Answer{
		Kind: q.Kind(), Zone: r.cal.loc.String(), Exact: !estimated(q),
		Range: Window{r.from.In(r.cal.loc), r.to.In(r.cal.loc)},
		Text:  describe(q, r.cal, r.from, r.to),
	}
	if r.engine.config.Watermark != nil {
		answer.Watermark = r.engine.config.Watermark(ctx).UTC().Truncate(time.Millisecond)
	}
	var err error
	if ofPersons(q) || len(r.stored) > 0 {
		// From here on every plan knows the identity edges.
		if _, err = r.planWithPeople(ctx); err != nil {
			return nil, err
		}
	}
	switch q := q.(type) {
	case *Trend:
		answer.Result, err = r.trend(ctx, q)
	case *Funnel:
		answer.Result, err = r.funnel(ctx, q)
	case *Retention:
		answer.Result, err = r.retention(ctx, q)
	case *SegmentSize:
		answer.Result, err = r.segment(ctx, q)
	case *Sessions:
		answer.Result, err = r.sessions(ctx, q)
	case *Events:
		answer.Result, err = r.events(ctx, q)
	case *Persons:
		answer.Result, err = r.persons(ctx, q)
	}
	answer.Stats = r.stats()
	return answer, err
}
