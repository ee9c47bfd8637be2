package local

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	plan := stream.Plan{From: 300, To: 1 << 40, Fold: 7}
	for name, want := range map[string]places{
		"Plan":    {plan: plan, planned: true},
		"Cursors": {cursors: map[string]int64{"": 0, "tap": 1 << 50}},
		"Both":    {plan: plan, planned: true, cursors: map[string]int64{"a": 1, "b": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded := want.encode()
			got, err := decodePlaces(encoded)
			require.NoError(t, err)
			require.Equal(t, want, got)
			for n := range encoded[:4] {
				_, err := decodePlaces(encoded[:n])
				require.ErrorIs(t, err, errCorrupt)
			}
		})
	}
	_, err := decodePlaces([]byte{3, 0, 0, 0})
	require.ErrorIs(t, err, errCorrupt)
}

func TestMoveLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	one := places{}.move("a", 1)
	two := one.move("b", 2)
	require.Equal(t, map[string]int64{"a": 1}, one.cursors)
	require.Equal(t, map[string]int64{"a": 1, "b": 2}, two.cursors)
}
