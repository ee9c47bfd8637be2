package stack

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/ingest/geoip"
	"github.com/footfall-go/footfall/ingest/useragent"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/query"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

// database is where the tables are, in the embedded engine.
const database = "footfall"

// Server is the whole of Footfall in one process.
type Server struct {
	settings *Settings
	log      *slog.Logger
	adminKey string
	keys     *tenant.Keys
	cookies  *tenant.Cookies
	started  time.Time

	records *local.Log
	engine  *chdb.Engine
	conn    driver.Conn
	store   *clickhouse.Store
	runner  *stream.Runner
	keeper  *keep.Keeper
	door    *ingest.Handler
	answers *query.Handler
	live    *query.Feed
	metrics *metrics

	writes    gate       // requests to the write side
	replaying sync.Mutex // held by the replay under way
	checks    checks     // what /readyz tells
	announced bool       // run.json is ours

	listener net.Listener
	http     *http.Server
}

// Open opens everything below the data folder, in the direction data flows,
// and listens. Nothing is answered and processed before Run.
func Open(ctx context.Context, settings *Settings, logger *slog.Logger) (_ *Server, err error) {
	s := &Server{settings: settings, log: logger, started: time.Now(), adminKey: cmp.Or(settings.AdminKey, newAdminKey())}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.keys, err = tenant.NewKeys(settings.Tenants...); err != nil {
		return nil, usagef("%w", err)
	}
	s.cookies = tenant.NewCookies(s.keys, s.keys.Tenant)
	if s.metrics, err = newMetrics(); err != nil {
		return nil, fmt.Errorf("make instruments: %w", err)
	}
	if err := os.MkdirAll(settings.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	s.records, err = local.Open(local.Config{Dir: filepath.Join(settings.Data, "log"), Logger: logger})
	if errors.Is(err, local.ErrLocked) {
		return nil, inUse(settings.Data)
	}
	if err != nil {
		return nil, err
	}
	if err := s.openStore(ctx); err != nil {
		return nil, err
	}
	if s.live, err = query.NewFeed(query.FeedConfig{}); err != nil {
		return nil, err
	}
	if s.runner, err = stream.New(stream.Config{
		Log: s.records, Store: s.store, Logger: logger, DrainTimeout: settings.Drain, MeterProvider: s.metrics.provider,
		Taps: []stream.Tap{{Name: "live", Sink: s.live}},
	}); err != nil {
		return nil, err
	}
	if err := s.openKeeper(ctx); err != nil {
		return nil, err
	}
	if err := s.openDoors(); err != nil {
		return nil, err
	}
	listen := net.ListenConfig{}
	if s.listener, err = listen.Listen(ctx, "tcp", settings.Listen); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) openStore(ctx context.Context) (err error) {
	volumes, tables := s.settings.tiers()
	volumes.Dir = filepath.Join(s.settings.Data, "store")
	if s.engine, err = chdb.Open(ctx, volumes); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	tables.Transport, tables.Database, tables.Kind = s.engine.Transport(), database, "chdb"
	if s.store, err = clickhouse.New(tables); err != nil {
		return err
	}
	if err := s.store.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate the store: %w", err)
	}
	s.conn, err = ch.Open(&ch.Options{
		Protocol: ch.HTTP, Addr: []string{"embedded"}, Auth: ch.Auth{Database: database},
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return queryclickhouse.CountReads(s.engine.Transport()), nil
		},
	})
	return err
}

func (s *Server) openDoors() (err error) {
	config := ingest.Config{
		Log: outspoken{s.records, s.log}, Auth: s.keys, Positions: s.records, AdminKey: s.adminKey, Tenants: s.keys.Tenant, Origins: s.keys.Origins,
		Unavailable: unavailable, Bans: s.keeper, MeterProvider: s.metrics.provider,
		UserAgent: useragent.New(), TrustedProxies: s.settings.Proxies,
	}
	if s.settings.GeoIP != "" {
		if config.Geo, err = geoip.Load(s.settings.GeoIP); err != nil {
			return usagef("%w", err)
		}
	}
	if s.door, err = ingest.New(config); err != nil {
		return err
	}
	s.answers, err = query.New(query.Config{
		Conn: queryclickhouse.New(s.conn), Cookies: s.cookies, Watermark: s.watermark, Version: s.version, Segments: s.store, Live: s.live,
		Logger: s.log, MeterProvider: s.metrics.provider,
	})
	return err
}

func unavailable(err error) bool { return errors.Is(err, stream.ErrUnavailable) }

// outspoken logs what no log should say. That it is unavailable the local log
// has logged itself, once; so the door is given no logger.
type outspoken struct {
	*local.Log
	log *slog.Logger
}

func (l outspoken) Append(ctx context.Context, records []footfall.Record) error {
	err := l.Log.Append(ctx, records)
	if err != nil && !unavailable(err) && ctx.Err() == nil {
		l.log.Error("append to the log", "error", err)
	}
	return err
}

// Run answers requests and processes the log until ctx ends; then it stops in
// the direction data flows, within Settings.Drain, and returns nil. Ready is
// called with the server's address once everything works.
func (s *Server) Run(ctx context.Context, ready func(url string)) error {
	defer func() {
		if err := s.close(); err != nil {
			s.log.Error("closing", "error", err)
		}
	}()
	processing, stopProcessing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopProcessing()
	processed := make(chan error, 1)
	go func() { processed <- s.runner.Run(processing) }()
	defer s.keep(processing)()

	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute, // a body of the largest size over a slow line
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         newConnections(maxConnections).track,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.http.RegisterOnShutdown(s.answers.EndLive)
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	var announcing sync.WaitGroup
	defer announcing.Wait()
	announcing.Go(func() { s.announce(processing, ready) })

	var failure error
	select {
	case <-ctx.Done():
		s.log.Info("stopping", "drain", s.settings.Drain)
	case err := <-served:
		failure = fmt.Errorf("serve: %w", err)
	case err := <-processed:
		processed <- err
		failure = fmt.Errorf("process: %w", err)
	}
	return errors.Join(failure, s.stop(stopProcessing, processed))
}

// stop lets the write side finish, brings the log into the store, answers
// reading requests to the last, and ends.
func (s *Server) stop(stopProcessing context.CancelFunc, processed <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.settings.Drain)
	defer cancel()
	if err := s.writes.close(ctx); err != nil {
		s.log.Warn("requests were still under way when time was up", "error", err)
	}
	stopProcessing()
	err := <-processed
	if stats, statsErr := s.records.Stats(); statsErr == nil && stats.Plan.From < stats.End {
		s.log.Warn("not all of the log is in the store; the next start goes on", "records", stats.End-stats.Plan.From)
	}
	last, cancelLast := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelLast()
	if s.http.Shutdown(last) != nil {
		// A browser opens connections ahead of need, and a connection without
		// a request counts as busy for a while; nobody waits for an answer.
		s.log.Warn("connections were still open and are closed")
		err = errors.Join(err, s.http.Close())
	}
	return err
}

// announce waits until the server is ready, leaves word in the data folder,
// and tells.
func (s *Server) announce(ctx context.Context, ready func(url string)) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, _ := s.ready(ctx); ok {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	run := &runFile{URL: s.url(), PID: os.Getpid(), AdminKey: s.adminKey}
	if err := run.write(s.settings.Data); err != nil {
		s.log.Error("import and status will not find this process", "error", err)
	}
	s.announced = true
	ready(s.url())
}

func (s *Server) url() string { return listenURL(s.listener) }

// listenURL is the address a program on this machine reaches a listener at.
func listenURL(listener net.Listener) string {
	addr := listener.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// close gives back what Open took.
func (s *Server) close() error {
	var errs []error
	if s.announced {
		errs = append(errs, os.Remove(runPath(s.settings.Data)))
	}
	if s.listener != nil && s.http == nil {
		errs = append(errs, s.listener.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.records != nil {
		errs = append(errs, s.records.Close())
	}
	if s.metrics != nil {
		errs = append(errs, s.metrics.close())
	}
	return errors.Join(errs...)
}

func newAdminKey() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return "ak_" + hex.EncodeToString(b[:])
}
