package kafka

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/backlog"
)

// TestPendingBacklog counts a backlog most of which is counted in chunks, while
// it is read and by one who reads nothing.
func TestPendingBacklog(t *testing.T) {
	t.Parallel()
	const n = (backlog.Detailed + 3) * backlog.ChunkSize
	l := open(t, configOf(t, broker(t).Addrs()))
	batch := make([]footfall.Record, 4096)
	for at := 0; at < n; at += len(batch) {
		for i := range batch {
			batch[i] = footfall.Record{Events: uint32((at + i) % 3), Tenant: fmt.Sprint((at + i) % 5)}
		}
		require.NoError(t, l.Append(t.Context(), batch))
	}
	for _, read := range []bool{false, true} {
		_ = owned(t, l, func(p stream.Partition) struct{} {
			var reading sync.WaitGroup
			if read {
				reading.Go(func() {
					for at := int64(0); at < n; {
						some, err := p.Read(t.Context(), at, 1<<16)
						if !assert.NoError(t, err) {
							return
						}
						at = some[len(some)-1].Offset + 1
					}
				})
			}
			for _, from := range []int64{
				n - 3, 0, 1, backlog.ChunkSize - 1, backlog.ChunkSize, backlog.ChunkSize + 17, 2*backlog.ChunkSize + 5, n - 3, n,
			} {
				want := map[string]uint64{}
				for i := from; i < n; i++ {
					if i%3 > 0 {
						want[fmt.Sprint(i%5)] += uint64(i % 3)
					}
				}
				got, _, err := p.Pending(t.Context(), from)
				assert.NoError(t, err)
				assert.Equal(t, want, got, "from %d", from)
			}
			reading.Wait()
			assert.NoError(t, p.Commit(t.Context(), stream.Plan{From: n - 2, To: n}))
			got, oldest, err := p.Pending(t.Context(), n-2)
			assert.NoError(t, err)
			assert.Positive(t, oldest)
			assert.Len(t, got, 1)
			return struct{}{}
		})
	}
}
