//go:build unix

package clickhouse

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// processor returns the time this process has kept processors busy: on a
// machine that does other things as well, clocks say little.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// corpora are events of two kinds; see shop.
func corpora(tb testing.TB, n int) map[string][]footfall.Event {
	tb.Helper()
	s := newShop(tb)
	return map[string][]footfall.Event{"visits": s.events(n), "scattered": s.scattered(n)}
}

// BenchmarkBlock builds the Native block of 20,000 events.
func BenchmarkBlock(b *testing.B) {
	for name, events := range corpora(b, 20_000) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			block := newEventBlock()
			require.NoError(b, block.fill(events))
			var length int
			before := processor(b)
			for b.Loop() {
				if err := block.fill(events); err != nil {
					b.Fatal(err)
				}
				_, length = block.encode()
			}
			rows := float64(len(events))
			b.ReportMetric(float64(processor(b)-before)/float64(b.N)/rows, "cpu-ns/row")
			b.ReportMetric(float64(length)/rows, "B/row")
		})
	}
}
