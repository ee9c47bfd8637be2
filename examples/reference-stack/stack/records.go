package stack

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

// records is the log as the parts of a process use it.
type records interface {
	stream.Log
	ingest.Positions
	ForgetImports(ctx context.Context, id tenant.ID) error
	// Partitions returns how many partitions the log has.
	Partitions() uint16
	// trouble returns why the log takes no records now, nil if it does.
	trouble(ctx context.Context) error
	// joined reports whether this process is among those that partitions go to.
	joined() bool
	// describe says what kind of log it is and how many bytes it has, as far as
	// that is known.
	describe() (LogStatus, error)
	// forget makes it forget what stands before some positions. checkpoint
	// makes a snapshot of the partitions this process owns.
	forget(ctx context.Context, before []footfall.Position, checkpoint func(context.Context) error) error
	// close gives up the connections or files. left is how many records the
	// next start has to go on with, where that is this log's to say.
	close() (left int64, err error)
}

// localLog is the log in the data folder.
type localLog struct{ *local.Log }

func openLocalLog(dir string, logger *slog.Logger) (records, error) {
	log, err := local.Open(local.Config{Dir: filepath.Join(dir, "log"), Logger: logger})
	if errors.Is(err, local.ErrLocked) {
		return nil, inUse(dir)
	}
	if err != nil {
		return nil, err
	}
	return localLog{log}, nil
}

func (l localLog) Partitions() uint16 { return 1 }

func (l localLog) trouble(context.Context) error {
	stats, err := l.Stats()
	return errors.Join(err, stats.Unavailable)
}

// joined reports false: the one partition is this process's or none is.
func (l localLog) joined() bool { return false }

func (l localLog) describe() (LogStatus, error) {
	stats, err := l.Stats()
	return LogStatus{Kind: "local", Bytes: stats.Bytes}, err
}

func (l localLog) forget(ctx context.Context, positions []footfall.Position, checkpoint func(context.Context) error) error {
	if err := checkpoint(ctx); err != nil {
		return err
	}
	before := int64(0)
	for _, at := range positions {
		before = max(before, at.Offset)
	}
	return l.Forget(ctx, before)
}

func (l localLog) close() (left int64, err error) {
	if stats, err := l.Stats(); err == nil {
		left = stats.End - stats.Plan.From
	}
	return left, l.Close()
}
