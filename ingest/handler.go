package ingest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// Log is where events go. Append returns nil only when the records are
// durable; their slices belong to the log from the call on. It is called
// concurrently. A sender that goes away does not end ctx: the log bounds how
// long a call takes.
type Log interface {
	Append(ctx context.Context, records []footfall.Record) error
}

// Positions remembers how far each named import of a tenant has come.
type Positions interface {
	// ImportPosition returns 0 for an import it has never heard of.
	ImportPosition(ctx context.Context, id tenant.ID, name string) (int64, error)
	// SetImportPosition is called after the rows before position are durable.
	SetImportPosition(ctx context.Context, id tenant.ID, name string, position int64) error
}

// Config says what a [Handler] works with.
type Config struct {
	// Log takes the events. Required.
	Log Log
	// Auth turns write keys into tenants. Required.
	Auth tenant.Authenticator
	// Origins tells of a web origin whether any tenant lets its pages send,
	// and whether one does so by name and not by "*"; [tenant.Keys.Origins]
	// is such a function. A preflight carries no key, so that it is answered
	// for the origins of all; a request is held to those of its own tenant.
	// Defaults to: every origin may, none by name.
	Origins func(origin string) (allowed, named bool)
	// Partitions is how many partitions the log has. Defaults to 1.
	Partitions uint16

	// UserAgent takes user agents apart, for the derived names $browser, $os,
	// $device and $bot. Defaults to none: they are not derived.
	UserAgent UserAgents
	// Geo finds places of addresses, for the derived names $country, $region
	// and $city. Defaults to none: they are not derived.
	Geo Geo
	// TrustedProxies are the networks of proxies that tell the truth in
	// X-Forwarded-For. Defaults to none: the peer is who sends.
	TrustedProxies []netip.Prefix

	// AdminKey opens /v1/import, together with Tenants and Positions.
	// Defaults to none: the route is not there.
	AdminKey string
	// Tenants looks up whom an import is for; it returns nil for an unknown
	// id. Defaults to none.
	Tenants func(tenant.ID) *tenant.Tenant
	// Positions keeps the progress of imports. Defaults to none.
	Positions Positions

	// Bans tells who was erased and is refused. Defaults to nobody.
	Bans Bans

	// Limiter keeps tenants to their limits. Defaults to new
	// [tenant.Buckets], which count what comes in by this handler.
	Limiter Limiter
	// Plan has the host's own say in what a tenant may send. Defaults to
	// none.
	Plan Plan

	// MaxInFlight bounds the bytes of requests that are in memory at one time;
	// what they become on their way takes a few times as much. A quarter of it
	// is the most that one tenant may use. What is over it gets 503. Defaults
	// to 128 MiB; never under 64 MiB.
	MaxInFlight int64
	// BodyTimeout is how long a body may take to come, where the server has
	// no ReadTimeout. Defaults to 30s.
	BodyTimeout time.Duration

	// Now is the clock by which an event comes in, which happened then if it does
	// not say when, and may not be far ahead of it. What a request may take and
	// what limits allow go by the real one. Defaults to [time.Now].
	Now func() time.Time

	// Unavailable tells errors of Log that pass, answered with 503, from
	// those that do not, answered with 500. Defaults to: all pass.
	Unavailable func(error) bool
	// RetryAfter is what a 503 tells the sender to wait. Defaults to 2s.
	RetryAfter time.Duration

	// Logger hears when the log starts and stops failing. Defaults to none.
	Logger *slog.Logger
	// MeterProvider makes the metrics. Defaults to the global one.
	MeterProvider metric.MeterProvider
}

// Handler answers everything below /v1/. It is safe for concurrent use.
type Handler struct {
	config        Config
	metrics       *metrics
	limits        *limitMetrics
	secrecy       *secrecy
	vocabulary    *vocabulary
	budget        *budget
	counts        sync.Map     // tenant.ID → *counts
	sampled       atomic.Int32 // tenants with samples of refusals
	lookedForRoom atomic.Int64
	failing       atomic.Bool // the log
	// unlimited is set while the limiter fails.
	unlimited atomic.Bool
	pool      sync.Pool // *request
	agents    *recent[*agentNames]
	unzstd    unzstd
}

// New checks the configuration and returns a handler.
func New(config Config) (*Handler, error) {
	var errs []error
	if config.Log == nil {
		errs = append(errs, errors.New("ingest: Config.Log is required"))
	}
	if config.Auth == nil {
		errs = append(errs, errors.New("ingest: Config.Auth is required"))
	}
	config.Partitions = cmp.Or(config.Partitions, 1)
	config.BodyTimeout = cmp.Or(config.BodyTimeout, 30*time.Second)
	if config.MaxInFlight = cmp.Or(config.MaxInFlight, defaultInFlight); config.MaxInFlight < leastInFlight {
		errs = append(errs, errors.New("ingest: Config.MaxInFlight is under 64 MiB"))
	}
	config.RetryAfter = cmp.Or(config.RetryAfter, 2*time.Second)
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Unavailable == nil {
		config.Unavailable = func(error) bool { return true }
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Limiter == nil {
		config.Limiter = tenant.NewBuckets()
	}
	metrics, err := newMetrics(config.MeterProvider)
	errs = append(errs, err)
	limits, err := newLimitMetrics(config.MeterProvider)
	errs = append(errs, err)
	secrecy, err := newSecrecy(config.MeterProvider)
	errs = append(errs, err)
	vocabulary, err := newVocabulary(config.MeterProvider)
	errs = append(errs, err)
	unzstd, err := newUnzstd()
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	h := &Handler{
		config: config, metrics: metrics, limits: limits, secrecy: secrecy, vocabulary: vocabulary, budget: newBudget(config.MaxInFlight),
		agents: newRecent[*agentNames](keptAgents), unzstd: unzstd,
	}
	h.pool.New = func() any { return newRequest(h) }
	return h, nil
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	status := h.serve(w, r, h.config.Now())
	h.metrics.request(r.Context(), status, time.Since(start))
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, now time.Time) (status int) {
	allowed := h.cross(w, r)
	route := routeOf(r.URL.Path)
	if route.kind == unknown || route.kind == importing && !h.imports() {
		return h.fail(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "no such route"})
	}
	if r.Method == http.MethodOptions {
		return h.preflight(w, r, route.methods, allowed)
	}
	if r.Method != route.methods[0] && r.Method != route.methods[len(route.methods)-1] {
		w.Header()["Allow"] = []string{allow(route.methods)}
		return h.fail(w, r, problem.Problem{Status: http.StatusMethodNotAllowed, Detail: "use " + allow(route.methods)})
	}
	switch route.kind {
	case settings:
		return h.settings(w, r, route.key)
	case sourceConfig:
		return h.sourceConfig(w, r)
	case flags:
		return serveJSON(w, noFlags)
	case screenplay:
		return serveJSON(w, justOk)
	case remoteConfig:
		return h.remoteConfig(w, r, route.key)
	case importing:
		if r.Method == http.MethodGet {
			return h.position(w, r)
		}
	}
	s := h.pool.Get().(*request)
	defer s.release()
	s.begin(w, r, now)
	s.hurry()
	switch route.kind {
	case batch:
		return s.batch()
	case capturing:
		return s.capture()
	case importing:
		return s.importing()
	case unlink:
		return s.unlink()
	default:
		return s.single(route.message)
	}
}

// fail answers with a problem.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, p problem.Problem) int {
	if p.Status == http.StatusUnauthorized {
		// Not Basic, for which browsers would ask their user.
		w.Header()["Www-Authenticate"] = []string{"Bearer"}
	}
	problem.Write(w, r, p)
	return p.Status
}
