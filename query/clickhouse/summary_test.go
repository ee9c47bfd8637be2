package clickhouse

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCountReads takes the summary from the head, and from the trailer of a
// response whose head came too early to know it.
func TestCountReads(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const summary = `{"read_rows":"12","read_bytes":"345","written_rows":"0","elapsed_ns":"9"}`
		if r.URL.Path == "/head" {
			w.Header().Set("X-ClickHouse-Summary", summary)
			_, _ = io.WriteString(w, "x")
			return
		}
		w.Header().Set("Trailer", "X-ClickHouse-Summary")
		_, _ = io.WriteString(w, "x")
		w.Header().Set("X-ClickHouse-Summary", summary)
	}))
	defer server.Close()
	for path, want := range map[string]uint64{"/head": 12, "/trailer": 12} {
		read := new(counter)
		ctx := context.WithValue(t.Context(), counterKey{}, read)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+path, http.NoBody)
		require.NoError(t, err)
		response, err := CountReads(http.DefaultTransport).RoundTrip(r)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, read.rows.Load(), path)
		require.Equal(t, uint64(345), read.bytes.Load(), path)
	}
}
