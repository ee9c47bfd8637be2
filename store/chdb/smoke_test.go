package chdb_test

import (
	"testing"

	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/stretchr/testify/require"
)

func TestClickHouseGo(t *testing.T) {
	t.Parallel()
	db := chdbtest.Database(t)
	conn := chdbtest.Conn(t, db)
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE t (id UInt64, s String) ENGINE = MergeTree ORDER BY id"))
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
	require.NoError(t, err)
	require.NoError(t, batch.Append(uint64(1), "one"))
	require.NoError(t, batch.Append(uint64(2), "two\n\tlines"))
	require.NoError(t, batch.Send())

	rows, err := conn.Query(t.Context(), "SELECT id, s FROM t ORDER BY id")
	require.NoError(t, err)
	var got []string
	for rows.Next() {
		var id uint64
		var s string
		require.NoError(t, rows.Scan(&id, &s))
		got = append(got, s)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	require.Equal(t, []string{"one", "two\n\tlines"}, got)
}
