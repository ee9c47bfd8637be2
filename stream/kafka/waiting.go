package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/footfall-go/footfall"
)

// ErrTooMany says that more records wait than are worth counting.
var ErrTooMany = errors.New("stream/kafka: too many records wait to be counted")

// mostCounted is how many records of a partition one question reads at most:
// each has the events of one request.
const mostCounted = 100_000

// Waiting counts events that wait in partitions, whoever owns them. It reads
// the records, each once. It is safe for concurrent use.
type Waiting struct {
	log *Log

	mu    sync.Mutex
	parts map[uint16]*partition
}

// NewWaiting returns a counter of what waits in a log. It must be closed.
func (l *Log) NewWaiting() *Waiting { return &Waiting{log: l, parts: map[uint16]*partition{}} }

// Since counts the events per tenant of a partition's records from an offset
// on, and returns when the first of them came, 0 if there is none. It fails
// with [ErrTooMany] where that would take long; end is where the log ends.
func (w *Waiting) Since(ctx context.Context, number uint16, from, end int64) (map[string]uint64, footfall.Millis, error) {
	p := w.part(number)
	p.backlog.mu.Lock()
	counted := p.backlog.end
	if from < p.backlog.begin || from > counted {
		counted = from // begins anew
	}
	p.backlog.mu.Unlock()
	if end-counted > mostCounted {
		return nil, 0, fmt.Errorf("%w: %d in partition %d", ErrTooMany, end-from, number)
	}
	counts, oldest, err := p.Pending(ctx, from)
	p.backlog.confirmed(from)
	return counts, oldest, err
}

// part returns the counter of a partition.
func (w *Waiting) part(number uint16) *partition {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.parts[number]
	if p == nil {
		p = w.log.newPartition(number, "", -1) // owns nothing, and only reads
		p.reader.ahead = false
		w.parts[number] = p
	}
	return p
}

// Close closes the connections.
func (w *Waiting) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.parts {
		p.lose()
	}
}
