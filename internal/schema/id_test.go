package schema

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

func TestKindsDiffer(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	require.NotEqual(t, VisitorID(id, "a"), UserID(id, "a"))
	require.NotEqual(t, UserID(id, "company\x00a"), GroupID(id, "company", "a"))
	require.NotEqual(t, GroupID(id, "compan", "ya"), GroupID(id, "company", "a"))
}

func BenchmarkVisitorID(b *testing.B) {
	b.ReportAllocs()
	id, _ := tenant.ParseID("shop")
	for b.Loop() {
		VisitorID(id, "2f6c1a8e-3b0d-4f6e-9a53-0c8f1f0e7d11")
	}
}
