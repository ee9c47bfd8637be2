package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall-go/footfall/stream"
)

// progress tells how far the log is processed, by whomever.
type progress interface {
	Status(ctx context.Context) (stream.Status, error)
	// taps returns the taps of all partitions.
	taps(ctx context.Context) ([]PartitionTap, error)
	// Settle returns when the store has all that is in the log now.
	Settle(ctx context.Context) error
	// watermark is the moment up to which every accepted event is visible to a
	// question asked now, the zero time if nobody can tell.
	watermark(ctx context.Context) time.Time
	// version tells what of the log a question asked now can see, "" if nobody
	// can tell.
	version(ctx context.Context) string
}

// ownProgress is that of a process that owns the whole log.
type ownProgress struct{ *stream.Runner }

func (p ownProgress) taps(ctx context.Context) ([]PartitionTap, error) {
	status, err := p.Status(ctx)
	return tapsOf(status.Partitions), err
}

func (p ownProgress) watermark(ctx context.Context) time.Time {
	now := time.Now()
	status, err := p.Status(ctx)
	if err != nil || status.Lag.Events == stream.Unknown {
		return time.Time{}
	}
	return now.Add(-time.Duration(status.Lag.Seconds * float64(time.Second)))
}

func (p ownProgress) version(ctx context.Context) string {
	status, err := p.Status(ctx)
	if err != nil || status.Lag.Events == stream.Unknown {
		return ""
	}
	return versionOf(status.Partitions)
}

// versionOf tells how far each partition's events are in the store, and all else
// that follows from them, erasures included.
func versionOf(partitions []stream.PartitionStatus) string {
	text := ""
	for _, p := range partitions {
		text += fmt.Sprintf("%d/%d:%d:%d ", p.Epoch, p.Partition, p.From, p.Written)
	}
	return text
}
