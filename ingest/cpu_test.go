//go:build unix

package ingest

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// cpuTime is the processor time of this process in nanoseconds, collector and
// kernel included: on a busy machine it says more than the clock.
func cpuTime(tb testing.TB) int64 {
	tb.Helper()
	var u syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u.Utime.Nano() + u.Stime.Nano()
}
