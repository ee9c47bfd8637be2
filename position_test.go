package footfall_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

func TestPositionText(t *testing.T) {
	t.Parallel()
	for text, p := range map[string]footfall.Position{
		"0/0/0/0": {},
		"1/2/3/4": {Epoch: 1, Partition: 2, Offset: 3, Index: 4},
		"65535/65535/9223372036854775807/4294967295": {Epoch: math.MaxUint16, Partition: math.MaxUint16, Offset: math.MaxInt64, Index: math.MaxUint32},
	} {
		require.Equal(t, text, p.String())
		got, err := footfall.ParsePosition(text)
		require.NoError(t, err)
		require.Equal(t, p, got)
	}
	for _, text := range []string{"", "1/2/3", "1/2/3/4/5", "-1/0/0/0", "65536/0/0/0", "0/0/9223372036854775808/0", "a/0/0/0"} {
		_, err := footfall.ParsePosition(text)
		require.Error(t, err, text)
	}
}
