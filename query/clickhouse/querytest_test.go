package clickhouse_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/querytest"
)

// TestEngineIsRight holds the whole suite against the embedded engine. It makes
// machine code of expressions that it meets often, which pays where rows are
// many; here it would take a tenth of the time. TestRemoteEngineIsRight leaves it
// on.
func TestEngineIsRight(t *testing.T) {
	t.Parallel()
	querytest.Run(t, func(tb testing.TB) (querytest.Store, query.Conn) {
		return embedded(tb, clickhouse.Settings{"compile_expressions": 0, "compile_aggregate_expressions": 0, "compile_sort_description": 0})
	})
}
