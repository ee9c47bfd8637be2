package referencestack

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

const reviews = 578805

// TestReviewsImported imports the reviews of a marketplace.
func TestReviewsImported(t *testing.T) {
	t.Parallel()
	file := testenv.Data(t, "elastic-reviews", "anonreviews.csv.gz")
	s := up(t, t.TempDir())
	began := time.Now()
	res := s.importFile(t, file, "--name", "reviews", "--map", "userId=r{reviewerId}", "--map", "event=review", "--map", "timestamp={date}")
	require.Equal(t, imported{Import: "reviews", Rows: reviews, Accepted: reviews, Position: reviews}, res)
	checkReviews(t, s, began)
}

// TestReviewsOverHTTP sends the same rows in batches over eight connections,
// each reviewer's on one of them and in order.
func TestReviewsOverHTTP(t *testing.T) {
	t.Parallel()
	const connections, size = 8, 1000
	in, err := os.Open(testenv.Data(t, "elastic-reviews", "anonreviews.csv.gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	unpacked, err := gzip.NewReader(in)
	require.NoError(t, err)
	rows := csv.NewReader(unpacked)
	rows.ReuseRecord = true
	_, err = rows.Read() // reviewerId,vendorId,rating,date
	require.NoError(t, err)

	s := up(t, t.TempDir())
	began := time.Now()
	var url atomic.Pointer[string]
	url.Store(&s.url)
	var sending sync.WaitGroup
	failures := make(chan error, connections)
	batches := make([]chan []message, connections)
	for i := range batches {
		batches[i] = make(chan []message, 1)
		sending.Go(func() {
			client := newSender(&url)
			var failure error
			for batch := range batches[i] {
				if failure != nil {
					continue // so that the reader does not wait for ever
				}
				n, err := client.send(t.Context(), batch)
				if err == nil && n != len(batch) {
					err = fmt.Errorf("%d of %d messages were accepted", n, len(batch))
				}
				failure = err
			}
			failures <- failure
		})
	}
	seed, open := maphash.MakeSeed(), make([][]message, connections)
	for n := 1; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		at, err := time.Parse("2006-01-02 15:04", row[3])
		require.NoError(t, err)
		rating, err := strconv.Atoi(row[2])
		require.NoError(t, err)
		to := int(maphash.String(seed, row[0]) % connections)
		open[to] = append(open[to], message{
			Type: "track", MessageID: strconv.Itoa(n), UserID: "r" + strings.Clone(row[0]), Event: "review", Timestamp: at,
			Properties: map[string]any{"vendorId": strings.Clone(row[1]), "rating": rating},
		})
		if len(open[to]) == size {
			batches[to] <- open[to]
			open[to] = nil
		}
	}
	for i, batch := range open {
		if len(batch) > 0 {
			batches[i] <- batch
		}
		close(batches[i])
	}
	sending.Wait()
	for range connections {
		require.NoError(t, <-failures)
	}
	checkReviews(t, s, began)
}

// checkReviews compares with what the publishers of the data computed.
func checkReviews(t *testing.T, s *server, began time.Time) {
	t.Helper()
	accepted := time.Since(began)
	st := s.settled(t)
	visible := time.Since(began)
	require.Equal(t, ledger{Accepted: reviews, Stored: reviews}, st.Ledger["shop"])
	require.Equal(t, int64(reviews), st.Store.Rows["events"])
	require.Equal(t, int64(reviews), s.count(t, "events"))
	require.Equal(t, int64(400141), s.count(t, "persons"))

	rating := query[trend](t, s, map[string]any{
		"kind": "trend", "range": always, "interval": "total",
		"series": []any{map[string]any{"event": "review", "measure": "avg", "of": "event.rating"}},
	})
	require.InDelta(t, 4.679671, *rating.Series[0].Total, 5e-7)
	histogram := query[trend](t, s, map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "review"}},
		"breakdown": map[string]any{"property": "event.rating", "limit": 10},
	})
	got := map[string]float64{}
	for _, series := range histogram.Series {
		got[fmt.Sprint(series.Breakdown)] = *series.Total
	}
	require.Equal(t, map[string]float64{"5": 466852, "4": 74205, "3": 14971, "2": 10377, "1": 11870, "0": 530}, got)
	t.Logf("%d events: accepted at %.0f/s, visible at %.0f/s; peak memory %s; %.1f bytes an event in the log, %.1f in the store",
		reviews, reviews/accepted.Seconds(), reviews/visible.Seconds(), peakMemory(s.cmd.Process.Pid),
		float64(st.Log.Bytes)/reviews, float64(st.Store.Bytes)/reviews)
}

// peakMemory returns the most memory a process ever had, as the kernel says.
func peakMemory(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
