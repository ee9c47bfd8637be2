package tenant

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOriginsOfAll(t *testing.T) {
	t.Parallel()
	reg := func(text string, origins ...string) Registration {
		id, err := ParseID(text)
		require.NoError(t, err)
		return Registration{Tenant: Tenant{ID: id, Settings: Settings{Origins: origins}}}
	}
	named, err := NewKeys(reg("a", "https://a.example"), reg("b", "https://b.example"))
	require.NoError(t, err)
	open, err := NewKeys(reg("a", "https://a.example"), reg("b"))
	require.NoError(t, err)
	for _, c := range []struct {
		keys           *Keys
		origin         string
		allowed, named bool
	}{
		{named, "https://a.example", true, true},
		{named, "https://b.example", true, true},
		{named, "https://c.example", false, false},
		{named, "*", false, false},
		{named, "", false, false},
		{open, "https://a.example", true, true},
		{open, "https://c.example", true, false},
		{open, "*", true, false},
	} {
		allowed, byName := c.keys.Origins(c.origin)
		require.Equal(t, []bool{c.allowed, c.named}, []bool{allowed, byName}, c.origin)
	}
}
