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
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/query"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/tenant"
)

// Server is a process of Footfall: all of it, or one of its roles.
type Server struct {
	settings *Settings
	role     role
	log      *slog.Logger
	adminKey string
	keys     *tenant.Keys
	cookies  *tenant.Cookies
	started  time.Time
	metrics  *metrics

	records  records
	progress progress
	engine   *chdb.Engine // nil where the store is elsewhere
	store    *clickhouse.Store
	embedded driver.Conn           // to the engine, nil where the store is elsewhere
	conn     *queryclickhouse.Conn // of the answers
	keeper   *keep.Keeper
	runner   *stream.Runner  // of the processor
	door     *ingest.Handler // of the door, and what replays go through
	answers  *query.Handler  // of the answers
	redis    rueidis.Client  // nil for none
	live     live            // from the one to the other; nil for nowhere
	shared   query.Answers   // nil for none

	starting  starting
	stopping  atomic.Bool // /readyz says so
	writes    gate        // requests to the write side
	replaying sync.Mutex  // held by the replay under way
	checks    checks      // what /readyz tells
	announced bool        // run.json is ours

	listener net.Listener
	http     *http.Server
	served   chan error
}

// Open opens the parts of a role, in the direction data flows, and listens.
// Nothing is processed and no request answered but with 503 before Run.
func Open(ctx context.Context, role role, settings *Settings, logger *slog.Logger) (_ *Server, err error) {
	s := &Server{settings: settings, role: role, log: logger, started: time.Now(), adminKey: cmp.Or(settings.AdminKey, newAdminKey())}
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
	if role.beside() {
		err = s.openBeside(ctx)
	} else {
		err = s.openData(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := s.openProcessor(ctx); err != nil {
		return nil, err
	}
	if err := s.openDoors(); err != nil {
		return nil, err
	}
	return s, nil
}

// openData opens log and store in the data folder.
func (s *Server) openData(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.settings.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	// First, so that a second process on the folder is told that and not that
	// the address is in use.
	if s.records, err = openLocalLog(s.settings.Data, s.log); err != nil {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	return s.openEngine(ctx)
}

// openProcessor opens what folds the log, and the keeper. It comes before the
// doors, which refuse who was erased from their first request on.
func (s *Server) openProcessor(ctx context.Context) (err error) {
	if s.role.processor {
		config := stream.Config{
			Log: keptLog{s.records, s}, Store: s.store, Logger: s.log, DrainTimeout: s.settings.Drain, MeterProvider: s.metrics.provider,
		}
		if s.role.answers {
			if s.live, err = query.NewFeed(query.FeedConfig{}); err != nil {
				return err
			}
		}
		if s.live != nil {
			config.Taps = []stream.Tap{{Name: "live", Sink: s.live}}
		}
		if s.runner, err = stream.New(config); err != nil {
			return err
		}
	}
	switch p := s.progress.(type) {
	case nil:
		s.progress = ownProgress{s.runner}
	case *groupProgress:
		p.runner = s.runner
	}
	return s.openKeeper(ctx)
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
	if s.runner != nil {
		go func() { processed <- s.runner.Run(processing) }()
	}
	defer s.watch(processing)()

	s.starting.done(s.routes())
	var announcing sync.WaitGroup
	defer announcing.Wait()
	announcing.Go(func() { s.announce(processing, ready) })

	var failure error
	select {
	case <-ctx.Done():
		s.log.Info("stopping", "drain", s.settings.Drain)
	case err := <-s.served:
		failure = fmt.Errorf("serve: %w", err)
	case err := <-processed:
		processed <- err
		failure = fmt.Errorf("process: %w", err)
		if errors.Is(err, stream.ErrLogLacks) {
			failure = fmt.Errorf("%w; restore the log that belongs to the store, or read on `footfall recover --next-epoch` in docs/running.md", failure)
		}
		if errors.Is(err, stream.ErrPlanLost) || errors.Is(err, stream.ErrTrimmed) || errors.Is(err, stream.ErrStoreLacks) {
			help := "with the same flags"
			if !s.role.beside() {
				help = "--data " + s.settings.Data
			}
			failure = fmt.Errorf("%w; `footfall recover` %s does that", failure, help)
		}
	}
	return errors.Join(failure, s.stop(failure == nil, stopProcessing, processed))
}

// stop lets the write side finish, brings what is this process's into the
// store, answers reading requests to the last, and ends. Whoever sends requests
// here first has Settings.Notice to see that it is not ready any more.
func (s *Server) stop(well bool, stopProcessing context.CancelFunc, processed <-chan error) error {
	s.stopping.Store(true)
	if well {
		time.Sleep(s.settings.Notice)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.settings.Drain)
	defer cancel()
	if err := s.writes.close(ctx); err != nil {
		s.log.Warn("requests were still under way when time was up", "error", err)
	}
	stopProcessing()
	var err error
	if s.runner != nil {
		err = <-processed
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

// close gives back what Open took.
func (s *Server) close() error {
	var errs []error
	if s.announced {
		errs = append(errs, os.Remove(runPath(s.settings.Data)))
	}
	if s.http != nil {
		errs = append(errs, s.http.Close()) // ends what Shutdown left; there is nothing where it ran
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.embedded != nil {
		errs = append(errs, s.embedded.Close())
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.redis != nil {
		s.redis.Close()
	}
	if s.records != nil {
		left, err := s.records.close()
		if errs = append(errs, err); left > 0 {
			s.log.Warn("not all of the log is in the store; the next start goes on", "records", left)
		}
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
