package redis

import (
	"cmp"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/outage"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// Config is what a [Shared] needs.
type Config struct {
	// Client reaches Redis; Shared does not close it. One made with
	// ForceSingleClient can be used although its first connection failed. It is
	// required.
	Client rueidis.Client
	// Prefix begins all keys. Defaults to "footfall:".
	Prefix string
	// Timeout is how long a question waits for an answer of others at most.
	// Defaults to 50ms.
	Timeout time.Duration
	// LiveTimeout bounds each call that writes or reads live events. Defaults to
	// 1s.
	LiveTimeout time.Duration
	// Pause is how long Redis is left alone after it failed. Defaults to 1s.
	Pause time.Duration
	// MaxAnswer bounds an answer that is kept, in bytes of JSON. Defaults to 1 MiB.
	MaxAnswer int
	// Events is about how many events of a tenant are kept. Defaults to 1000.
	Events int
	// Keep is how long an event is kept, and events of a tenant are after somebody
	// looked at them. Defaults to 5m.
	Keep time.Duration
	// Logger is told when Redis goes and when it is back. Defaults to silence.
	Logger *slog.Logger
	// MeterProvider counts what had to do without Redis. Defaults to
	// OpenTelemetry's global one.
	MeterProvider metric.MeterProvider
}

// Shared is [query.Answers] and [query.Live], and the [footfall.Sink] and
// [footfall.Eraser] of a live tap that the latter has its events from. It is safe for concurrent use and has
// nothing to close.
type Shared struct {
	config        Config
	client        rueidis.Client
	answers, live *outage.Guard
	write, erase  *rueidis.Lua

	mu     sync.Mutex
	looked map[tenant.ID]time.Time // when it was last said that somebody looks
}

var (
	_ query.Answers   = (*Shared)(nil)
	_ query.Live      = (*Shared)(nil)
	_ footfall.Sink   = (*Shared)(nil)
	_ footfall.Eraser = (*Shared)(nil)
)

// New returns a Shared. It sends nothing yet.
func New(config Config) (*Shared, error) {
	config.Prefix = cmp.Or(config.Prefix, "footfall:")
	config.Timeout = cmp.Or(config.Timeout, 50*time.Millisecond)
	config.LiveTimeout, config.Pause = cmp.Or(config.LiveTimeout, time.Second), cmp.Or(config.Pause, time.Second)
	config.MaxAnswer, config.Events = cmp.Or(config.MaxAnswer, 1<<20), cmp.Or(config.Events, 1000)
	config.Keep = cmp.Or(config.Keep, 5*time.Minute)
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
	if min(config.Timeout, config.LiveTimeout, config.Pause, config.Keep) < 0 || min(config.MaxAnswer, config.Events) < 0 {
		errs = append(errs, errors.New("redis: limits in Config are not negative"))
	}
	meter := config.MeterProvider.Meter("github.com/footfall-go/footfall/query/redis")
	answers, err1 := meter.Int64Counter("footfall.query.answers.missed", metric.WithUnit("{call}"),
		metric.WithDescription("Answers that were not looked for or kept because Redis did not answer."))
	live, err2 := meter.Int64Counter("footfall.query.live.failed", metric.WithUnit("{call}"),
		metric.WithDescription("Live events that were not written or read because Redis did not answer."))
	if err := errors.Join(append(errs, err1, err2)...); err != nil {
		return nil, err
	}
	guard := func(name string, timeout time.Duration, missed metric.Int64Counter) *outage.Guard {
		return outage.New(outage.Config{Name: name, Timeout: timeout, Pause: config.Pause, Logger: config.Logger, Missed: missed})
	}
	return &Shared{
		config: config, client: config.Client,
		answers: guard("answers in Redis", config.Timeout, answers), live: guard("live events in Redis", config.LiveTimeout, live),
		write: rueidis.NewLuaScript(writeScript), erase: rueidis.NewLuaScript(eraseScript), looked: map[tenant.ID]time.Time{},
	}, nil
}

// key returns a key of a tenant. The braces put all of them on one node of a
// cluster.
func (s *Shared) key(id tenant.ID, name string) string {
	return s.config.Prefix + "{" + id.String() + "}:" + name
}
