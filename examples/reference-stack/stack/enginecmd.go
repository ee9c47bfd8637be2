package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/footfall-go/footfall/store/chdb"
)

// engineFlags are the flags of the command engine.
type engineFlags struct {
	*flags
	listen, data, config, log, user, password, backups string
	drain                                              Duration
}

func newEngineFlags() *engineFlags {
	f := &engineFlags{flags: newFlags("engine", ""), drain: Duration(30 * time.Second)}
	f.StringVar(&f.listen, "listen", "127.0.0.1:8123", "`address` to listen on; port 0 takes any free one; beyond this machine only with --password")
	f.StringVar(&f.data, "data", "", "`folder` that keeps everything; one process owns it")
	f.StringVar(&f.config, "config", "", "YAML `file` with the same settings, under engine, and the tiers")
	f.StringVar(&f.log, "log", "text", "`form` of the log on standard error: text or json")
	f.StringVar(&f.backups, "backups", "", "`folder` that BACKUP … TO File and RESTORE may use (default: none, both are refused)")
	f.StringVar(&f.user, "user", "default", "`name` that goes with the password")
	f.StringVar(&f.password, "password", "", "`password` of whoever sends statements (default: none, for programs of this machine)")
	f.Var(&f.drain, "drain", "`time` for statements under way when stopping")
	return f
}

// read puts flags, environment and file together. What the engine needs of the
// file's tiers are the folders.
func (f *engineFlags) read(p *Process, args []string) (*Settings, error) {
	rest, err := f.parse(p, args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, usagef("unexpected argument %q", rest[0])
	}
	s := &Settings{}
	if f.config != "" {
		parsed, err := readFile(f.config)
		if err != nil {
			return nil, usagef("read the configuration: %w", err)
		}
		e := parsed.Engine
		if err := errors.Join(f.fallback("listen", e.Listen), f.fallback("user", e.User), f.fallback("password", e.Password), f.fallback("backups", e.Backups),
			f.fallback("data", parsed.Data), f.fallback("drain", parsed.Drain), f.fallback("log", parsed.Log)); err != nil {
			return nil, err
		}
		s.Tiers = parsed.Tiers
	}
	if f.log != "text" && f.log != "json" {
		return nil, usagef("--log is %q, neither text nor json", f.log)
	}
	if f.data == "" {
		return nil, usagef("--data is required: the folder that keeps everything")
	}
	s.Listen, s.Data, s.Drain, s.LogJSON = f.listen, f.data, time.Duration(f.drain), f.log == "json"
	return s, nil
}

// engine is the command engine.
func engine(ctx context.Context, p *Process, args []string) (err error) {
	f := newEngineFlags()
	settings, err := f.read(p, args)
	if err != nil {
		return err
	}
	e := &engineServer{drain: settings.Drain, log: settings.logger(p), login: chdb.Login{User: f.user, Password: f.password}}
	listen := net.ListenConfig{}
	listener, err := listen.Listen(ctx, "tcp", settings.Listen)
	if err != nil {
		return err
	}
	address := listener.Addr().(*net.TCPAddr)
	if f.password == "" && !address.IP.IsLoopback() {
		return errors.Join(usagef("--listen %s can be reached from other machines: that takes a --password, since SQL reads files", settings.Listen), listener.Close())
	}
	config, _ := settings.tiers()
	// Where `up` has it, so that its folder can be served.
	config.Dir, config.DrainTimeout = filepath.Join(settings.Data, "store"), settings.Drain
	if f.backups != "" {
		if config.Backups, err = filepath.Abs(f.backups); err != nil {
			return errors.Join(fmt.Errorf("find the backups: %w", err), listener.Close())
		}
	}
	if e.engine, err = chdb.Open(ctx, config); err != nil {
		return errors.Join(fmt.Errorf("open the store: %w", err), listener.Close())
	}
	defer func() { err = errors.Join(err, e.engine.Close()) }()
	if e.metrics, err = newMetrics(); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, e.metrics.close()) }()
	url := listenURL(listener)
	_, _ = fmt.Fprintln(p.Stdout, "footfall ready", url)
	e.log.Info("ready", "url", url, "data", settings.Data, "version", e.engine.Version())
	return e.serve(ctx, listener)
}

// engineServer is the engine behind a listener.
type engineServer struct {
	engine     *chdb.Engine
	login      chdb.Login
	metrics    *metrics
	log        *slog.Logger
	drain      time.Duration
	statements gate
}

func (e *engineServer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", e.login.Require(e.metrics.handler))
	// A ping is refused like a statement while the process stops: it is what
	// balancers go by.
	mux.Handle("/", e.statements.wrap(e.engine.Handler(e.login)))
	return mux
}

// serve answers until ctx ends, and then what is under way. There is no bound
// on the time of a whole request: a deletion may take long, and the handler sees
// to it that nobody holds a connection without using it.
func (e *engineServer) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           e.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 20, // statements travel in the address
		ConnState:         newConnections(maxConnections).track,
		ErrorLog:          slog.NewLogLogger(e.log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	e.log.Info("stopping", "drain", e.drain)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.drain)
	defer cancel()
	if err := e.statements.close(drain); err != nil {
		e.log.Warn("statements were still under way when time was up", "error", err)
	}
	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancelLast()
	if server.Shutdown(last) != nil {
		return server.Close()
	}
	return nil
}
