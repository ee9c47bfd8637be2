package chdb_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSummary asks, of a result that streams and of one that is made whole,
// what was read for it: in the process and through the handler.
func TestSummary(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]client{"transport": setup(t), "handler": serve(t)} {
		c.ask("CREATE TABLE read_me (n UInt64) ENGINE = MergeTree ORDER BY n")
		c.ask("INSERT INTO read_me SELECT number FROM numbers(1000000)")
		for _, format := range []string{"TSV", "JSON"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
				c.base+"?database="+c.db+"&query="+url.QueryEscape("SELECT * FROM read_me FORMAT "+format), nil)
			require.NoError(t, err)
			response, err := c.http.Do(request)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			summary := response.Header.Get("X-ClickHouse-Summary") + response.Trailer.Get("X-ClickHouse-Summary")
			if format == "JSON" {
				require.JSONEq(t, `{"read_rows":"1000000","read_bytes":"8000000"}`, summary, name)
				continue
			}
			// The engine's threads lose a block of the count now and then.
			var read struct {
				Rows  int `json:"read_rows,string"`
				Bytes int `json:"read_bytes,string"`
			}
			require.NoError(t, json.Unmarshal([]byte(summary), &read), name)
			require.Equal(t, 8*read.Rows, read.Bytes, name)
			require.LessOrEqual(t, read.Rows, 1_000_000, name)
			require.Greater(t, read.Rows, 500_000, name)
		}
	}
}
