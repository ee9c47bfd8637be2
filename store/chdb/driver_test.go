package chdb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
)

// useDriver does with clickhouse-go what the packages above do with it.
func useDriver(t *testing.T, conn driver.Conn) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, conn.Ping(ctx))
	require.NoError(t, conn.Exec(ctx, `CREATE TABLE t (id UInt64, time DateTime64(3, 'UTC'), name LowCardinality(String),
		maybe Nullable(Float64), tags Array(String), props Map(String, String), hash UInt128, uuid UUID)
		ENGINE = MergeTree ORDER BY id`))
	when := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO t (id, time, name, maybe, tags, props)")
	require.NoError(t, err)
	for i := range 1000 {
		value := float64(i)
		require.NoError(t, batch.Append(uint64(i), when.Add(time.Duration(i)*time.Second), fmt.Sprint("name ", i%3), &value,
			[]string{"a", "b\n"}, map[string]string{"k": fmt.Sprint(i)}))
	}
	require.NoError(t, batch.Append(uint64(1000), when, "none", nil, []string{}, map[string]string{}))
	require.NoError(t, batch.Send())

	rows, err := conn.Query(ctx, "SELECT time, name, maybe, tags, props FROM t WHERE id = {id:UInt64} OR id = ? ORDER BY id",
		clickhouse.Named("id", "7"))
	require.Error(t, err, "named and positional do not mix")
	require.Nil(t, rows)
	rows, err = conn.Query(clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"id": "7", "name": `na'me`})),
		"SELECT time, name, maybe, tags, props, {name:String} FROM t WHERE id >= {id:UInt64} ORDER BY id LIMIT 2")
	require.NoError(t, err)
	require.True(t, rows.Next())
	var got struct {
		time  time.Time
		name  string
		maybe *float64
		tags  []string
		props map[string]string
		param string
	}
	require.NoError(t, rows.Scan(&got.time, &got.name, &got.maybe, &got.tags, &got.props, &got.param))
	require.Equal(t, when.Add(7*time.Second), got.time.UTC())
	require.Equal(t, "name 1", got.name)
	require.InDelta(t, 7.0, *got.maybe, 0)
	require.Equal(t, []string{"a", "b\n"}, got.tags)
	require.Equal(t, map[string]string{"k": "7"}, got.props)
	require.True(t, rows.Next())
	require.False(t, rows.Next())
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())

	var threads uint64
	settings := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_threads": 1}))
	require.NoError(t, conn.QueryRow(settings, "SELECT toUInt64(getSetting('max_threads'))").Scan(&threads))
	require.EqualValues(t, 1, threads)

	var failure *clickhouse.Exception
	require.ErrorAs(t, conn.Exec(ctx, "SELECT * FROM nope"), &failure)
	require.EqualValues(t, 60, failure.Code)

	var count uint64
	require.NoError(t, conn.QueryRow(ctx, "SELECT count() FROM t").Scan(&count))
	require.EqualValues(t, 1001, count)

	rows, err = conn.Query(ctx, "SELECT number, throwIf(number = 3000000) FROM numbers(10000000)")
	require.NoError(t, err)
	for rows.Next() {
		continue
	}
	require.ErrorAs(t, rows.Err(), &failure, "an error in the middle of a result")
	require.EqualValues(t, 395, failure.Code)
	require.Error(t, rows.Close(), "Close says it again")
}
