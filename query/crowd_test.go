package query

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

func TestPageOfIDs(t *testing.T) {
	t.Parallel()
	ids := []footfall.ID{{15: 1}, {0: 2}, {0: 1, 15: 1}, {0: 1}}
	all := []footfall.ID{{0: 1}, {0: 2}, {15: 1}, {0: 1, 15: 1}} // as numbers whose last byte is the highest
	require.Equal(t, all, pageOf(ids, 4, nil))
	require.Equal(t, all[:3], pageOf(ids, 2, nil), "one more than the page, to tell that there is another")
	require.Equal(t, all[2:], pageOf(ids, 2, &all[1]))
	require.Equal(t, all[2:], pageOf(ids, 2, &footfall.ID{0: 3}), "behind one that is gone")
	require.Empty(t, pageOf(ids, 2, &all[3]))
	require.Empty(t, pageOf(nil, 2, nil))
	require.Equal(t, footfall.ID{15: 1}, ids[0], "the ids are as they were")
}
