package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSoakFindsLeaks gives a process that grows, for one reason or another, to
// what a soak makes of its memory.
func TestSoakFindsLeaks(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	for name, test := range map[string]struct {
		at    func(second int64) sample
		times float64
	}{
		"flat":          {func(int64) sample { return sample{20 * mb, 0} }, 1},
		"window fills":  {func(s int64) sample { return sample{20*mb + s*mb, s * mb} }, 1},
		"window is old": {func(s int64) sample { return sample{200*mb - s*mb, 150*mb - s*mb} }, 1},
		"leak":          {func(s int64) sample { return sample{20*mb + s*mb/10, 0} }, 1.3},
		"leak beside":   {func(s int64) sample { return sample{20*mb + s*mb + s*mb/10, s * mb} }, 1.3},
		"comes and goes": {func(s int64) sample {
			if s%20 > 0 {
				return sample{20*mb + s*mb, 0}
			}
			return sample{20 * mb, 0}
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &watched{name: name, s: &server{}}
			for s := range int64(90) {
				w.samples = append(w.samples, test.at(s))
			}
			_, _, _, times := w.growth()
			require.InDelta(t, test.times, times, 0.01)
		})
	}
}

// TestHotVisitorMustNotCost lets others wait for a visitor.
func TestHotVisitorMustNotCost(t *testing.T) {
	t.Parallel()
	times, err := besideHot(100*time.Millisecond, 200*time.Millisecond)
	require.NoError(t, err)
	require.InDelta(t, 2, times, 0.001)
	_, err = besideHot(100*time.Millisecond, 201*time.Millisecond)
	require.ErrorContains(t, err, "201.00 ms beside")
	_, err = besideHot(0, 0)
	require.Error(t, err, "nobody waited at all")
}
