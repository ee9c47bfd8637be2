package clickhouse_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// row runs a statement of one row.
func row(tb testing.TB, w *world, s query.Statement, dest ...any) {
	tb.Helper()
	rows, err := w.conn.Query(tb.Context(), s)
	require.NoError(tb, err)
	require.True(tb, rows.Next(), "%v", rows.Err())
	require.NoError(tb, rows.Scan(dest...))
	require.False(tb, rows.Next())
	require.NoError(tb, rows.Err())
	require.NoError(tb, rows.Close())
}

// TestParametersArriveAsTheyAre sends what tends to be mangled on the way.
func TestParametersArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	w := setup(t)
	texts := []string{
		"", "a", "'", `"`, `\`, `\\`, `\'`, "\\N", "NULL", "a\tb\nc\rd\be\ff", "\x00", "a\x00b", "{p:String}", "'; DROP TABLE events; --",
		"Ünïcödé 🦊", "$1 ? @x %s", "]", "['x']", "a,b", " leading and trailing ", strings.Repeat("x'\\", 3000),
	}
	for _, text := range texts {
		var got string
		var list []string
		row(t, w, query.Statement{SQL: "SELECT {p:String}, {l:Array(String)}", Params: map[string]any{"p": text, "l": []string{text, "z", text}}}, &got, &list)
		require.Equal(t, text, got)
		require.Equal(t, []string{text, "z", text}, list)
	}
	var numbers []float64
	for range 2000 {
		f := math.Float64frombits(rand.Uint64())
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			numbers = append(numbers, f)
		}
	}
	numbers = append(numbers, 0, 0.1, -0.1, 1e21, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64, 9007199254740993)
	for len(numbers) > 0 {
		part := numbers[:min(300, len(numbers))]
		numbers = numbers[len(part):]
		var one float64
		rows, err := w.conn.Query(t.Context(), query.Statement{SQL: "SELECT {f:Float64}, arrayJoin({l:Array(Float64)})", Params: map[string]any{"f": part[0], "l": part}})
		require.NoError(t, err)
		for _, f := range part {
			var got float64
			require.True(t, rows.Next())
			require.NoError(t, rows.Scan(&one, &got))
			require.Equal(t, f, got)
			require.Equal(t, part[0], one)
		}
		require.False(t, rows.Next())
		require.NoError(t, rows.Err())
	}
	var i int64
	row(t, w, query.Statement{SQL: "SELECT arraySum({l:Array(Int64)}) + {i:Int64}", Params: map[string]any{"i": int64(-5), "l": []int64{1, -2, math.MaxInt32}}}, &i)
	require.Equal(t, int64(math.MaxInt32-6), i)
	id, ids := footfall.ID{0xde, 0xad, 15: 0xef}, []footfall.ID{{}, {1}, {15: 1}}
	var one string
	var many []string
	row(t, w, query.Statement{
		SQL:    "SELECT lower(hex(reinterpretAsFixedString({i:UInt128}))), arrayMap(x -> lower(hex(reinterpretAsFixedString(x))), {l:Array(UInt128)})",
		Params: map[string]any{"i": id, "l": ids},
	}, &one, &many)
	require.Equal(t, id.String(), one)
	require.Equal(t, []string{ids[0].String(), ids[1].String(), ids[2].String()}, many)
	_, err := w.conn.Query(t.Context(), query.Statement{SQL: "SELECT {p:String}", Params: map[string]any{"p": 1}})
	require.Error(t, err)
}

func TestErrorsAreClassified(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ask := func(ctx context.Context, sql string) error {
		rows, err := w.conn.Query(ctx, query.Statement{SQL: sql})
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return rows.Err()
	}
	const slow = "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash128(number))"
	require.ErrorIs(t, ask(t.Context(), slow+" SETTINGS max_execution_time = 0.1"), query.ErrTimeout)
	require.ErrorIs(t, ask(t.Context(), "SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 10000000"), query.ErrLimit)
	require.ErrorIs(t, ask(t.Context(), "SELECT count() FROM numbers(100000) WHERE NOT ignore(number) SETTINGS max_rows_to_read = 10"), query.ErrLimit)
	require.ErrorIs(t, ask(t.Context(), "SELECT number FROM numbers(100000) SETTINGS max_result_rows = 10"), query.ErrLimit)

	err := ask(t.Context(), "SELECT nothing")
	require.ErrorContains(t, err, "nothing")
	for _, sentinel := range []error{query.ErrTimeout, query.ErrLimit, query.ErrUnavailable} {
		require.NotErrorIs(t, err, sentinel)
	}

	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() { asked <- ask(ctx, slow) }()
	cancel()
	require.ErrorIs(t, <-asked, context.Canceled)
}
