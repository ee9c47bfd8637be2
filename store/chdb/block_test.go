package chdb_test

import (
	"bytes"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The writer's promise of exactly once rests on this: a body of one Native
// block is one part per partition, whatever the settings, so that it is stored
// whole or not at all, and its token stands for the whole of it.
func TestOneBlockIsOnePartPerPartition(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t " + eventTable + " SETTINGS non_replicated_deduplication_window = 100")
	c.ask("SYSTEM STOP MERGES t")
	hostile := []string{
		"max_insert_block_size=1000", "max_insert_block_size_bytes=1000", "min_insert_block_size_rows=0",
		"min_insert_block_size_bytes=0", "max_block_size=1000", "max_threads=4", "max_insert_threads=4", "async_insert=1",
	}
	for _, test := range []struct {
		rows, partitions, width int
		settings                []string
		want                    string
	}{
		{rows: 1, partitions: 1, width: 8, settings: hostile, want: "1\t1"},
		{rows: 100_000, partitions: 1, width: 8, want: "1\t100000"},
		{rows: 100_000, partitions: 3, width: 8, settings: hostile, want: "3\t100000"},
		{rows: 100_000, partitions: 64, width: 640, settings: hostile, want: "64\t100000"}, // 65 MB.
	} {
		c.ask("TRUNCATE TABLE t")
		c.insert("t", block(0, test.rows, test.partitions, test.width), test.settings...)
		require.Equal(t, test.want,
			c.ask("SELECT count(), sum(rows) FROM system.parts WHERE database = currentDatabase() AND active"))
	}
}

func TestDeduplicationTokens(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t " + eventTable + " SETTINGS non_replicated_deduplication_window = 100")
	first, other := block(0, 100, 3, 8), block(1000, 100, 3, 8)
	rows := func(settings ...string) string {
		c.ask("TRUNCATE TABLE t")
		c.insert("t", first, settings...)
		c.insert("t", first, settings...)
		twice := c.ask("SELECT count() FROM t")
		c.insert("t", other, settings...)
		return twice + ", then " + c.ask("SELECT count() FROM t")
	}
	require.Equal(t, "100, then 100", rows("deduplicate_insert=enable", "insert_deduplication_token=a"),
		"the token decides, not the content")
	require.Equal(t, "100, then 200", rows("deduplicate_insert=enable"), "without a token the content decides")
	require.Equal(t, "200, then 300", rows("deduplicate_insert=disable"))
	require.Equal(t, "200, then 300", rows("deduplicate_insert=disable", "insert_deduplication_token=a"))

	// The same token at the same time: one of them counts.
	c.ask("TRUNCATE TABLE t")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			response, _ := c.send(bytes.NewReader(first), "query=INSERT INTO t FORMAT Native",
				"deduplicate_insert=enable", "insert_deduplication_token=b")
			if response.StatusCode != http.StatusOK {
				t.Errorf("status %d", response.StatusCode)
			}
		})
	}
	all.Wait()
	require.Equal(t, "100", c.ask("SELECT count() FROM t"))
}
