package chdb_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkInsert measures one INSERT of a Native block, the engine's work
// included.
func BenchmarkInsert(b *testing.B) {
	for _, rows := range []int{150, 1_000, 20_000, 100_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			c := setup(b)
			c.ask("CREATE TABLE t " + eventTable + " SETTINGS non_replicated_deduplication_window = 10000," +
				" fsync_after_insert = 1, fsync_part_directory = 1")
			body := block(0, rows, 1, 60)
			target := c.base + "?" + url.Values{
				"query": {"INSERT INTO t FORMAT Native"}, "database": {c.db},
				"async_insert": {"0"}, "deduplicate_insert": {"enable"},
			}.Encode()
			var times []time.Duration
			number := 0
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				started := time.Now()
				number++
				request, err := http.NewRequestWithContext(b.Context(), http.MethodPost,
					fmt.Sprintf("%s&insert_deduplication_token=%d", target, number), bytes.NewReader(body))
				require.NoError(b, err)
				response, err := c.http.Do(request)
				require.NoError(b, err)
				require.Equal(b, http.StatusOK, response.StatusCode)
				require.NoError(b, response.Body.Close())
				times = append(times, time.Since(started))
			}
			report(b, times)
		})
	}
}

// BenchmarkSelect1 is what a statement costs that does nothing.
func BenchmarkSelect1(b *testing.B) {
	c := setup(b)
	var times []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		started := time.Now()
		c.ask("SELECT 1 FORMAT Native")
		times = append(times, time.Since(started))
	}
	report(b, times)
}

func report(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "µs-p99")
}
