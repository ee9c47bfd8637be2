package schema

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnflattened(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]bool{"a": true, "b.\"c": true}, Unflattened(`{"$unflattened":["a","b.\"c"],"$os":"x"}`))
	for _, derived := range []string{"", "{}", `{"$os":"x","$unflattened":["a"]}`, `{"$unflattened":["a"`, `{"$unflattened":7}`, `{"$unflattened":[7]}`} {
		require.Empty(t, Unflattened(derived), derived)
	}
}
