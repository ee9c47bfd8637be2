package analyticstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/footfall-go/footfall"
)

// memory is a log of one partition that forgets nothing until the test ends.
type memory struct {
	now func() time.Time

	mu      sync.Mutex
	records []footfall.Record
}

// Append implements [ingest.Log].
func (m *memory) Append(_ context.Context, records []footfall.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rec := range records {
		// The clock is read under the lock: the times of a log never go back.
		rec.Offset, rec.Time = int64(len(m.records)), footfall.MillisOf(m.now())
		m.records = append(m.records, rec)
	}
	return nil
}

func (m *memory) all() []footfall.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}
