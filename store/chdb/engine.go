package chdb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall/store/chdb/internal/libchdb"
	"github.com/footfall-go/footfall/store/chdb/internal/library"
)

// Errors of Open and of requests.
var (
	// ErrNoLibrary says that libchdb is not on this machine; the text says how
	// to fetch it.
	ErrNoLibrary = library.ErrMissing
	// ErrInUse says that another process has the directory open, or that this
	// process has an engine open already.
	ErrInUse = errors.New("the engine is in use")
	// ErrClosed says that the engine was closed.
	ErrClosed = errors.New("the engine is closed")
)

// Engine is the running ClickHouse engine. It is safe for concurrent use.
type Engine struct {
	library  *libchdb.Library
	dir      string
	session  []string
	slots    chan struct{}
	sessions atomic.Uint64
	identity identity

	// control runs KILL QUERY. It is also the connection that stays: the engine
	// stops when its last one closes.
	control struct {
		sync.Mutex
		conn *libchdb.Conn
	}

	drainTimeout time.Duration
	requests     requests
}

// opened is the engine that this process has open. The library keeps its
// state in globals, so the truth of it is the process's as well.
var opened struct {
	sync.Mutex
	engine *Engine
}

// Open starts the engine over the directory of the Config. ctx bounds the
// waiting before the start, not the start itself nor the engine's life: the
// engine runs until Close. A process that exits without Close loses nothing
// that was stored.
func Open(ctx context.Context, config Config) (*Engine, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	path, err := library.Pinned.Find(config.Library)
	if err != nil {
		return nil, err
	}
	dir, err := config.makeDir()
	if err != nil {
		return nil, err
	}
	opened.Lock()
	defer opened.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if opened.engine != nil {
		return nil, fmt.Errorf("open %s: %w: this process has it open over %s, and there is one per process", dir, ErrInUse, opened.engine.dir)
	}
	// The engine itself tells nobody but standard error why it does not start.
	if err := checkUnlocked(dir); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	if err := config.writeVolumes(dir); err != nil {
		return nil, err
	}
	engine := &Engine{
		dir:     dir,
		session: append([]string{"--path=" + dir}, config.sessionArguments()...),
		slots:   make(chan struct{}, config.Connections),

		drainTimeout: config.DrainTimeout,
		requests:     requests{idle: make(chan struct{})},
	}
	if engine.library, err = libchdb.Load(path); err != nil {
		return nil, err
	}
	engine.control.conn, err = engine.library.Connect(append(config.serverArguments(), engine.session...)...)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w; standard error may say why", dir, err)
	}
	if engine.identity, err = readIdentity(engine.control.conn); err != nil {
		engine.control.conn.Close()
		return nil, fmt.Errorf("ask the engine who it is: %w", err)
	}
	opened.engine = engine
	return engine, nil
}

// Version returns the version of ClickHouse the engine is built from.
func (e *Engine) Version() string { return e.identity.version }

// Transport returns a RoundTripper that answers ClickHouse's HTTP interface.
// Scheme, host, path and credentials of a request mean nothing to it.
func (e *Engine) Transport() http.RoundTripper { return transport{e} }

// identity is what the engine says of itself.
type identity struct{ name, version, zone string }

func readIdentity(conn *libchdb.Conn) (identity, error) {
	result, err := conn.Query("SELECT displayName(), version(), timezone()", "TabSeparatedRaw")
	if err != nil {
		return identity{}, err
	}
	defer result.Close()
	fields := strings.Split(strings.TrimSuffix(string(result.Bytes()), "\n"), "\t")
	if len(fields) != 3 {
		return identity{}, fmt.Errorf("got %d fields, not 3", len(fields))
	}
	return identity{name: fields[0], version: fields[1], zone: fields[2]}, nil
}
