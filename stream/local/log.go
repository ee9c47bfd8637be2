package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/backlog"
)

// Log is a log in a folder. It is safe for concurrent use.
type Log struct {
	cfg  Config
	lock io.Closer
	turn chan struct{} // holds a token while the partition is owned

	background sync.WaitGroup // opening the database again
	saves      atomic.Int64   // numbers the files of snapshots

	mu      sync.Mutex
	engine  *engine
	closed  chan struct{}
	closing chan error // what keeps Close from closing

	// What is in the log.
	first, end int64
	clock      footfall.Millis
	places     places
	trimmed    time.Time // when retention was applied last
	snapshots  []snapshot
	tail       tail
	pending    backlog.Counter
	grown      chan struct{} // closed and replaced when end moves
	owner      *partition

	// What is on its way into it.
	queue   []*request
	writing []*request // what the writer of this engine has in hand, nil if none

	health health
}

var _ stream.Log = (*Log)(nil)

// partialDir holds snapshots that are being written.
const partialDir = "partial"

// lockFile is not Pebble's own, which a database closes with itself.
const lockFile = "footfall.lock"

// Open opens the log in a folder, and makes it if there is none. It fails with
// [ErrLocked] if another log has it open, and with an error that wraps
// [stream.ErrUnavailable] if the disk does not let it.
func Open(cfg Config) (*Log, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	dir, lock, err := lockDir(&cfg)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	l := &Log{
		cfg: cfg, lock: lock, turn: make(chan struct{}, 1),
		closed: make(chan struct{}), closing: make(chan error, 1), grown: make(chan struct{}),
	}
	l.tail.limit = cfg.TailBytes
	if err := l.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open log %s: %w", cfg.Dir, err), lock.Close())
	}
	return l, nil
}

// lockDir makes the folder and locks it under the one name it has.
func lockDir(cfg *Config) (string, io.Closer, error) {
	unavailable := func(err error) (string, io.Closer, error) {
		return "", nil, fmt.Errorf("open log %s: %w: %w", cfg.Dir, stream.ErrUnavailable, err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return unavailable(err)
	}
	dir, err := filepath.EvalSymlinks(cfg.Dir)
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return unavailable(err)
	}
	lock, err := cfg.disk.Lock(filepath.Join(dir, lockFile))
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return unavailable(err)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	return dir, lock, nil
}

// open opens the database and reads what the log must know of it. After a
// freeze it does so again; what was acknowledged must still be there.
func (l *Log) open() error {
	e, err := openEngine(&l.cfg, &engineWatch{log: l}, l.closed)
	if err != nil {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
	}
	if err := os.RemoveAll(filepath.Join(l.cfg.Dir, partialDir)); err != nil {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, errors.Join(err, e.db.Close()))
	}
	found, err := recoverState(e.db)
	if err != nil {
		return errors.Join(err, e.db.Close())
	}
	if err := l.adopt(e, &found); err != nil {
		e.disk.freeze(err)
		return err
	}
	return nil
}

// adopt makes an engine that of the log.
func (l *Log) adopt(e *engine, found *state) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return ErrClosed
	}
	if found.end < l.end {
		return fmt.Errorf("%w: it ends at %d, %d was acknowledged", errLost, found.end, l.end)
	}
	l.engine = e
	l.health.broken = nil
	l.first, l.end, l.clock = found.first, found.end, max(l.clock, found.clock)
	l.places, l.snapshots, l.pending = found.places, found.snapshots, found.pending
	l.tail.reset(l.end)
	l.wake()
	return nil
}

// errLost says that the disk does not hold what it acknowledged. Going on
// would give offsets out twice, which the store could not tell apart.
var errLost = errors.New("stream/local: the disk lost acknowledged records")

// wake tells those who wait in Read; l.mu is held.
func (l *Log) wake() {
	close(l.grown)
	l.grown = make(chan struct{})
}

// use returns the engine for a call, which must call done on its users.
func (l *Log) use() (*engine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return nil, ErrClosed
	}
	l.engine.users.Add(1)
	return l.engine, nil
}

func (l *Log) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Close closes the log after the appends in hand. It ends the calls of Own and
// Read. If the disk does not let it finish, it gives up and says so; what was
// acknowledged is safe all the same.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.isClosed() {
		l.mu.Unlock()
		return ErrClosed
	}
	close(l.closed)
	down := l.health.diskError()
	e := l.engine
	l.mu.Unlock()

	done := make(chan error, 1)
	if down == nil {
		go func() {
			e.users.Wait()
			done <- e.db.Close()
		}()
		select {
		case err := <-done:
			return errors.Join(err, l.lock.Close())
		case down = <-l.closing:
		}
	}
	e.disk.freeze(down)
	l.mu.Lock()
	l.fail(ErrClosed)
	l.mu.Unlock()
	l.background.Wait()
	return errors.Join(fmt.Errorf("close log %s: %w: %w", l.cfg.Dir, stream.ErrUnavailable, down), l.lock.Close())
}

// Stats describes a log.
type Stats struct {
	Bytes       int64 // that the folder takes on disk
	First, End  int64 // offsets held: [First, End)
	Plan        stream.Plan
	Snapshots   []int64 // offsets of the snapshots held, ascending
	Unavailable error   // why the log takes no records now, nil if it does
}

// Stats returns the state of the log.
func (l *Log) Stats() (Stats, error) {
	l.checkSpace()
	l.mu.Lock()
	s := Stats{First: l.first, End: l.end, Plan: l.places.plan, Unavailable: l.refusal(true)}
	for _, held := range l.snapshots {
		s.Snapshots = append(s.Snapshots, held.offset)
	}
	l.mu.Unlock()
	slices.Sort(s.Snapshots)
	err := filepath.WalkDir(l.cfg.Dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			s.Bytes += info.Size()
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil // compaction removes files meanwhile
		}
		return err
	})
	if err != nil {
		return s, fmt.Errorf("size of log %s: %w", l.cfg.Dir, err)
	}
	return s, nil
}
