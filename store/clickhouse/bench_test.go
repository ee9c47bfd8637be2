//go:build unix

package clickhouse

import (
	"math/big"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

// processor returns the time this process has kept processors busy: on a
// machine that does other things as well, clocks say little.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// corpora are events of two kinds; see shop.
func corpora(tb testing.TB, n int) map[string][]footfall.Event {
	tb.Helper()
	s := newShop(tb)
	return map[string][]footfall.Event{"visits": pack(s.events(n)), "scattered": pack(s.scattered(n))}
}

// BenchmarkBlock builds the Native block of 20,000 events.
func BenchmarkBlock(b *testing.B) {
	for name, events := range corpora(b, 20_000) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			block := newEventBlock()
			require.NoError(b, block.fill(events))
			var length int
			before := processor(b)
			for b.Loop() {
				if err := block.fill(events); err != nil {
					b.Fatal(err)
				}
				_, length = block.encode()
			}
			rows := float64(len(events))
			b.ReportMetric(float64(processor(b)-before)/float64(b.N)/rows, "cpu-ns/row")
			b.ReportMetric(float64(length)/rows, "B/row")
		})
	}
}

// Building a block takes memory only where a batch is larger than any before.
func TestBlockAllocatesNothingPerRow(t *testing.T) {
	for name, events := range corpora(t, 5000) {
		block := newEventBlock()
		require.NoError(t, block.fill(events))
		block.encode()
		allocated := testing.AllocsPerRun(10, func() {
			if block.fill(events) == nil {
				block.encode()
			}
		})
		require.Less(t, allocated, 20.0, name)
	}
}

// BenchmarkClient builds the same blocks with clickhouse-go, column by column,
// from maps that are made beforehand: reading the JSON is not even in it.
func BenchmarkClient(b *testing.B) {
	for name, events := range corpora(b, 20_000) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			s, err := New(Config{Transport: chdbtest.Engine(b).Transport(), Database: chdbtest.Database(b)})
			require.NoError(b, err)
			require.NoError(b, s.Migrate(b.Context()))
			conn := chdbtest.Conn(b, s.config.Database)
			block := newEventBlock()
			require.NoError(b, block.fill(events))
			maps := decodeMaps(b, block, len(events))
			names := make([]string, len(block.columns))
			for i := range block.columns {
				names[i] = block.columns[i].name
			}
			insert := "INSERT INTO events (" + strings.Join(names, ", ") + ")"
			before := processor(b)
			for b.Loop() {
				batch, err := conn.PrepareBatch(b.Context(), insert)
				require.NoError(b, err)
				for i, values := range rowsToColumns(events, maps) {
					require.NoError(b, batch.Column(i).Append(values))
				}
				require.NoError(b, batch.Abort())
			}
			b.ReportMetric(float64(processor(b)-before)/float64(b.N)/float64(len(events)), "cpu-ns/row")
		})
	}
}

// rowsToColumns turns events into what clickhouse-go's columnar interface wants.
func rowsToColumns(events []footfall.Event, maps []flat) []any {
	n := len(events)
	tenants, silos, names, kinds := make([]string, n), make([]string, n), make([]string, n), make([]int8, n)
	times, visitors, users, sessions := make([]time.Time, n), make([]*big.Int, n), make([]*big.Int, n), make([]uint64, n)
	ids, original, sent, received := make([]string, n), make([]int64, n), make([]int64, n), make([]int64, n)
	properties, contexts := make([]string, n), make([]string, n)
	texts, numbers := make([]map[string]string, n), make([]map[string]float64, n)
	epochs, partitions, firsts, indexes := make([]uint16, n), make([]uint16, n), make([]uint64, n), make([]uint32, n)
	for i := range events {
		e := &events[i]
		tenants[i], silos[i], names[i], kinds[i] = e.Tenant.String(), e.Silo, e.Name, int8(e.Type)
		times[i], sessions[i], ids[i] = e.Time.Time(), e.Session, e.MessageID
		visitors[i], users[i] = new(big.Int).SetBytes(e.Visitor[:]), new(big.Int).SetBytes(e.User[:])
		original[i], sent[i], received[i] = int64(e.Time-e.Original), int64(e.Received-e.Sent), int64(e.Received-e.Time)
		properties[i], contexts[i], texts[i], numbers[i] = e.Properties, e.Context, maps[i].texts, maps[i].numbers
		epochs[i], partitions[i], firsts[i], indexes[i] = e.Position.Epoch, e.Position.Partition, ^uint64(e.Position.Offset), e.Position.Index
	}
	return []any{
		tenants, silos, names, kinds, times, visitors, users, sessions, ids, original, sent, received,
		properties, contexts, texts, numbers, epochs, partitions, firsts, indexes,
	}
}
