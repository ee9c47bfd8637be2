//go:build unix

package clickhouse

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

// BenchmarkEngine writes 200,000 events into the embedded engine, in blocks of
// 20,000, and merges them into one part. It reports processor time per event
// and bytes on disk, before and after.
func BenchmarkEngine(b *testing.B) {
	for name, events := range corpora(b, 200_000) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				measureEngine(b, createTable(nil, &schema.Tables[0], allOptional), events, 20_000)
			}
		})
	}
}

var allOptional = map[string]bool{"min_level_for_wide_part": true, "merge_selector_base": true, "auto_statistics_types": true}

func measureEngine(tb testing.TB, create string, events []footfall.Event, size int) map[string]float64 {
	tb.Helper()
	s, err := New(Config{Transport: chdbtest.Engine(tb).Transport(), Database: chdbtest.Database(tb)})
	require.NoError(tb, err)
	ctx := tb.Context()
	require.NoError(tb, s.shards[0].exec(ctx, create, nil))
	_ = s.shards[0].exec(ctx, "SYSTEM STOP MERGES events", nil)
	rows := float64(len(events))
	_, _ = s.shards[0].optionalSettings(ctx)
	start := processor(tb)
	for i := 0; i < len(events); i += size {
		require.NoError(tb, s.Insert(ctx, &footfall.Batch{From: int64(i), To: int64(i + size), Events: events[i:min(i+size, len(events))]}, 0))
	}
	inserted := processor(tb) - start
	before := s.bytes(tb)
	_ = s.shards[0].exec(ctx, "SYSTEM START MERGES events", nil)
	start = processor(tb)
	_ = s.shards[0].exec(ctx, "OPTIMIZE TABLE events FINAL", nil)
	merged := processor(tb) - start
	after := s.bytes(tb)
	tb.Log(s.sums(tb, "SELECT name, toFloat64(rows) FROM system.parts WHERE active AND database = currentDatabase() FORMAT RowBinary"))
	report := func(value float64, unit string) {
		if b, ok := tb.(*testing.B); ok {
			b.ReportMetric(value, unit)
		}
	}
	report(float64(inserted.Nanoseconds())/rows, "insert-ns/row")
	report(float64(merged.Nanoseconds())/rows, "merge-ns/row")
	report(before["events"]/rows, "inserted-B/row")
	report(after["events"]/rows, "merged-B/row")
	after["insert"], after["merge"], after["before"] = float64(inserted.Nanoseconds())/rows, float64(merged.Nanoseconds())/rows, before["events"]
	var columns strings.Builder
	for name, bytes := range s.columnBytes(tb) {
		fmt.Fprintf(&columns, " %s=%.1f", name, bytes/rows)
	}
	tb.Log(columns.String())
	return after
}

// bytes returns what each table of the database takes on disk.
func (s *Store) bytes(tb testing.TB) map[string]float64 {
	tb.Helper()
	return s.sums(tb, "SELECT table, toFloat64(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table FORMAT RowBinary")
}

func (s *Store) columnBytes(tb testing.TB) map[string]float64 {
	tb.Helper()
	return s.sums(tb, "SELECT column, toFloat64(sum(column_data_compressed_bytes)) AS b FROM system.parts_columns WHERE active AND database = currentDatabase() AND table = 'events' GROUP BY column "+
		"UNION ALL SELECT concat('index:', name), toFloat64(data_compressed_bytes) FROM system.data_skipping_indices WHERE database = currentDatabase() FORMAT RowBinary")
}

func (s *Store) sums(tb testing.TB, sql string) map[string]float64 {
	tb.Helper()
	result, err := s.shards[0].query(tb.Context(), sql, nil)
	require.NoError(tb, err)
	sums := map[string]float64{}
	for r := (rowBinary{rest: result}); r.more(); {
		name := r.text()
		sums[name] = math.Float64frombits(r.u64())
	}
	return sums
}

// BenchmarkInsert is the whole of an Insert into the embedded engine, synced.
func BenchmarkInsert(b *testing.B) {
	for _, size := range []int{1, 150, 20_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := openEngine(b)
			events := pack(newShop(b).scattered(size))
			before, n := processor(b), int64(0)
			for b.Loop() {
				n++
				if err := s.Insert(b.Context(), &footfall.Batch{From: n, To: n + 1, Events: events}, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(b.N), "cpu-µs/insert")
		})
	}
}

// aMillion are events of the records [0, 10_000).
func aMillion(b *testing.B) *Store {
	b.Helper()
	s := openEngine(b)
	shop := newShop(b)
	for at := range int64(10) {
		events := pack(shop.scattered(100_000))
		for i := range events {
			events[i].Position.Offset += at * 1000
		}
		require.NoError(b, s.Insert(b.Context(), &footfall.Batch{From: at * 1000, To: at*1000 + 1000, Events: events}, 0))
	}
	return s
}

// BenchmarkSurvey asks for the newest event, as each start of a partition does:
// where it is looked for first, and in all of a million.
func BenchmarkSurvey(b *testing.B) {
	s := aMillion(b)
	for name, from := range map[string]int64{"TheLastThousandRecords": 9000, "All": 0, "Beyond": 10_000} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				held, err := s.Survey(b.Context(), 0, 0, from, math.MaxInt64, 1)
				if err != nil || len(held) > 1 {
					b.Fatal(len(held), err)
				}
			}
		})
	}
}

// BenchmarkPresent reads back a claim of 20,000 events out of a million.
func BenchmarkPresent(b *testing.B) {
	s := aMillion(b)
	for b.Loop() {
		present, err := s.Present(b.Context(), 0, 0, 5000, 5200)
		if err != nil || len(present) != 20_000 {
			b.Fatal(len(present), err)
		}
	}
}

func openEngine(tb testing.TB) *Store {
	tb.Helper()
	s, err := New(Config{Transport: chdbtest.Engine(tb).Transport(), Database: chdbtest.Database(tb)})
	require.NoError(tb, err)
	require.NoError(tb, s.Migrate(tb.Context()))
	return s
}
