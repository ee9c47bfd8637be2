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
		"Neither": {cursors: map[string]int64{}},
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
	one := places{}.move(&cursor{name: "a", offset: 1})
	two := one.move(&cursor{name: "b", offset: 2})
	require.Equal(t, map[string]int64{"a": 1}, one.cursors)
	require.Equal(t, map[string]int64{"a": 1, "b": 2}, two.cursors)
	require.Equal(t, map[string]int64{"b": 2}, two.move(&cursor{name: "a", dropped: true}).cursors)
	require.Equal(t, map[string]int64{"a": 1, "b": 2}, two.cursors)
}
