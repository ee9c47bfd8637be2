package tenant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedactValidate(t *testing.T) {
	t.Parallel()
	s := Settings{Redact: Redact{Names: []string{"seat no", "ключ", "2"}, Allow: []string{"email"}}}.WithDefaults()
	require.NoError(t, s.Validate())
	for _, names := range [][]string{{""}, {"_-"}, {strings.Repeat("n", 65)}, make([]string, 201)} {
		s.Redact = Redact{Names: names}
		require.ErrorContains(t, s.Validate(), "redact.names")
		s.Redact = Redact{Allow: names}
		require.ErrorContains(t, s.Validate(), "redact.allow")
	}
}
