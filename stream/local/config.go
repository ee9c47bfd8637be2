package local

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Errors of [Open] and of calls after [Log.Close].
var (
	// ErrLocked says that the folder is open already, here or in another
	// process.
	ErrLocked = errors.New("stream/local: folder is in use by another log")
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("stream/local: log is closed")
)

// Config says where a [Log] lives and how much it keeps.
type Config struct {
	// Dir is the folder of the log, which is made if need be. Required.
	Dir string
	// Retention is how long records stay after they are processed and no
	// snapshot needs them. Defaults to 7 days.
	Retention time.Duration
	// MaxBytes bounds the records on disk, as far as they are processed and
	// no snapshot needs them. Defaults to no bound.
	MaxBytes int64
	// TailBytes bounds the recent records that are kept in memory. Defaults
	// to 64 MB.
	TailBytes int64
	// MinFree is the free space of the disk below which nothing is appended,
	// so that what was accepted can still be processed. Defaults to 64 MB.
	MinFree uint64
	// Logger is told when the disk fails and when it is back. Defaults to
	// silence.
	Logger *slog.Logger

	disk vfs.FS // tests let it fail
}

func (c Config) withDefaults() Config {
	c.Retention = cmp.Or(c.Retention, 7*24*time.Hour)
	c.TailBytes = cmp.Or(c.TailBytes, 64<<20)
	c.MinFree = cmp.Or(c.MinFree, 64<<20)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.disk == nil {
		c.disk = vfs.Default
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Dir == "" {
		errs = append(errs, errors.New("stream/local: Config.Dir is required"))
	}
	if c.Retention < 0 {
		errs = append(errs, fmt.Errorf("stream/local: Config.Retention: %v is negative", c.Retention))
	}
	if c.MaxBytes < 0 {
		errs = append(errs, fmt.Errorf("stream/local: Config.MaxBytes: %d is negative", c.MaxBytes))
	}
	if c.TailBytes < 0 {
		errs = append(errs, fmt.Errorf("stream/local: Config.TailBytes: %d is negative", c.TailBytes))
	}
	return errors.Join(errs...)
}
