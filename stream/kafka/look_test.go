package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/footfall-go/footfall/stream"
)

// look asks from outside where all partitions are, again and again with clients
// that know nothing yet or whom they asked last, until the function it returns is
// called: whoever answers, it is never what was true long ago.
func look(t *testing.T, cfg Config, w *writers, r *processor) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	var answers, failures atomic.Int64
	for i := range 2 {
		asking.Go(func() {
			var l *Log
			for ctx.Err() == nil {
				if l == nil {
					var err error
					if l, err = New(cfg); !assert.NoError(t, err) {
						return
					}
				}
				ends, plans := w.ends(), r.plans()
				positions, err := l.Positions(ctx)
				switch {
				case ctx.Err() != nil:
				case err != nil:
					assert.ErrorIs(t, err, stream.ErrUnavailable)
					failures.Add(1)
				default:
					answers.Add(1)
				}
				for n, p := range positions {
					if err == nil {
						assert.GreaterOrEqual(t, p.End, ends[uint16(n)], "the end of partition %d", n)
						assert.GreaterOrEqual(t, p.Plan.From, plans[uint16(n)], "the plan of partition %d", n)
					}
				}
				if i == 0 || ctx.Err() != nil {
					assert.NoError(t, l.Close())
					l = nil
				}
			}
		})
	}
	return func() {
		cancel()
		asking.Wait()
		t.Logf("%d questions answered, %d not", answers.Load(), failures.Load())
		assert.Positive(t, answers.Load())
	}
}
