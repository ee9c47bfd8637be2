package query_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// broken panics at the first statement and has no rows for those after it.
type broken struct{ asked atomic.Int64 }

func (b *broken) Query(context.Context, query.Statement) (query.Rows, error) {
	if b.asked.Add(1) == 1 {
		panic("a mistake of ours")
	}
	return &fakeRows{}, nil
}

// TestAPanicIsTheEndOfItsQuestion shows that a panic in an answer that others may
// share, which nobody outside could recover, is an error of those who ask, and
// that the turn it had is free again.
func TestAPanicIsTheEndOfItsQuestion(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	shop := &tenant.Tenant{ID: id, Settings: tenant.Settings{}.WithDefaults()}
	engine, err := query.NewEngine(query.Config{
		Conn: new(broken), AtOnce: 1,
		Version: func(context.Context) string { return "1" },
	})
	require.NoError(t, err)
	q, err := query.Parse([]byte(`{"kind":"trend","range":{"last":"1d"},"series":[{"event":"A"}]}`))
	require.NoError(t, err)
	_, err = engine.Run(t.Context(), shop, q)
	require.ErrorContains(t, err, "panic while answering: a mistake of ours")
	require.ErrorContains(t, err, "panic_test.go", "where it was")
	answer, err := engine.Run(t.Context(), shop, q)
	require.NoError(t, err)
	require.False(t, answer.Stats.Cached)
}
