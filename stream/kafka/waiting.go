package kafka

import (
	"context"
	"sync"

	"github.com/footfall-go/footfall"
)

// mostCounted is how many records of a partition one question reads at most to
// give a number that is exact: each has the events of one request.
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

// Backlog is what waits in a partition.
type Backlog struct {
	Events map[string]uint64 // of each tenant
	Oldest footfall.Millis   // when the first of its records came, 0 if there is none
	// Estimated says that not all records were read: the others are taken to be
	// like those that were.
	Estimated bool
}

// Since counts the events of a partition's records from an offset on; end is
// where the log ends. Where reading all of them would take long it reads some,
// each time the next ones, and estimates the rest.
func (w *Waiting) Since(ctx context.Context, number uint16, from, end int64) (Backlog, error) {
	p := w.part(number)
	p.backlog.mu.Lock()
	counted := p.backlog.end
	if from < p.backlog.begin || from > counted {
		counted = from // begins anew
	}
	p.backlog.mu.Unlock()
	defer p.backlog.confirmed(from)
	if end-counted > mostCounted {
		return p.backlog.estimate(ctx, from, end)
	}
	counts, oldest, err := p.Pending(ctx, from)
	return Backlog{Events: counts, Oldest: oldest}, err
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
