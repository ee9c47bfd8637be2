package local

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall-go/footfall/stream"
)

// engine is a database and the disk it writes to. A log has one at a time; an
// engine whose disk froze is abandoned, not closed.
type engine struct {
	db    *pebble.DB
	disk  *disk
	users sync.WaitGroup // calls that use db

	tables sstable.WriterOptions // for tables made outside of db
}

// run calls fn, which may block for as long as the disk does, and waits for it
// no longer than ctx and the engine live. The caller is one of the users.
func (e *engine) run(ctx context.Context, fn func() error) error {
	done := make(chan error, 1)
	e.users.Go(func() { done <- fn() })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-e.disk.frozen:
		return stream.ErrUnavailable
	}
}

// formatVersion fixes what older releases can still read.
const formatVersion = pebble.FormatTableFormatV6

// memTable is the size of a table in memory, and so about that of one on disk.
const memTable = 16 << 20

func engineOptions(fs vfs.FS, logger pebble.Logger, corrupt func(error)) *pebble.Options {
	opts := &pebble.Options{
		FS:                 fs,
		Logger:             logger,
		FormatMajorVersion: formatVersion,
		MemTableSize:       memTable,
		// The processor reads from memory and whoever catches up reads each
		// table once: a cache would only cost memory.
		CacheSize: 8 << 20,
		// Tables of the log never overlap, so that their number in level 0
		// says nothing about how much work a read is.
		L0CompactionFileThreshold: 1 << 10,
		L0StopWritesThreshold:     1 << 10,
		MaxManifestFileSize:       16 << 20,
		DisableTableStats:         true,
		EventListener: &pebble.EventListener{
			BackgroundError: func(error) {},
			DataCorruption:  func(info pebble.DataCorruptionInfo) { corrupt(info.Details) },
		},
	}
	opts.TargetFileSizes[0] = memTable
	for i := 1; i < len(opts.TargetFileSizes); i++ {
		opts.TargetFileSizes[i] = 4 * memTable
	}
	// Large values come compressed, which this notices soon and cheaply; for
	// small ones it is what takes out their repetitions.
	opts.ApplyCompressionSettings(func() pebble.DBCompressionSettings {
		return pebble.UniformDBCompressionSettings(block.FastestCompression)
	})
	return opts
}

// openEngine opens the database, or freezes its disk and gives up if the disk
// fails meanwhile or stop is closed.
func openEngine(cfg *Config, w watcher, stop <-chan struct{}) (*engine, error) {
	type result struct {
		db  *pebble.DB
		err error
	}
	opening := &openWatcher{watcher: w, failed: make(chan error, 1)}
	d := newDisk(cfg.disk, opening)
	opts := engineOptions(d, &pebbleLogger{disk: d, log: cfg.Logger}, func(err error) {
		cfg.Logger.Error("log is damaged", "dir", cfg.Dir, "error", err)
	})
	opts.EnsureDefaults()
	tables := opts.MakeWriterOptions(0, formatVersion.MaxTableFormat())
	done := make(chan result, 1)
	go func() {
		db, err := pebble.Open(cfg.Dir, opts)
		done <- result{db, err}
	}()
	var err error
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		return &engine{db: r.db, disk: d, tables: tables}, nil
	case err = <-opening.failed:
	case <-stop:
		err = ErrClosed
	}
	d.freeze(err)
	return nil, err
}

// openWatcher passes the first failure to who waits for the database.
type openWatcher struct {
	watcher
	failed chan error
}

func (w *openWatcher) stuck(err error) {
	w.tell(err)
	w.watcher.stuck(err)
}

func (w *openWatcher) broken(err error) {
	w.tell(err)
	w.watcher.broken(err)
}

func (w *openWatcher) tell(err error) {
	select {
	case w.failed <- err:
	default:
	}
}

// pebbleLogger keeps Pebble from ending the process: what it calls fatal
// freezes the disk and stops the goroutine where it is.
type pebbleLogger struct {
	disk *disk
	log  *slog.Logger
}

func (l *pebbleLogger) Infof(string, ...any) {}

func (l *pebbleLogger) Errorf(format string, args ...any) {
	l.log.Debug("pebble", "message", fmt.Sprintf(format, args...))
}

func (l *pebbleLogger) Fatalf(format string, args ...any) {
	l.disk.freeze(fmt.Errorf("pebble: "+format, args...))
	select {}
}
