package clickhouse_test

import (
	"testing"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/querytest"
)

func TestEngineIsRight(t *testing.T) {
	t.Parallel()
	querytest.Run(t, func(tb testing.TB) (querytest.Store, query.Conn) {
		w := setup(tb)
		return w.store, w.conn
	})
}
