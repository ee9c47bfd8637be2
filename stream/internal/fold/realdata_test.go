package fold_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestShopSessions folds half a year of a shop whose data names its own
// sessions. Ours must be the same ones, boundary for boundary, whether the
// visitors come one after the other as in the file or at the same time.
func TestShopSessions(t *testing.T) {
	t.Parallel()
	rows := shop(t)
	require.Len(t, rows, 31_106)
	for name, order := range map[string]func() []int{
		"in the order of the file":       func() []int { return inOrder(len(rows)) },
		"visitors mixed with each other": func() []int { return mixed(rows) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			theirs, ours := map[string]uint64{}, map[uint64]string{}
			var events []record.Event
			var sessions []string
			put := func(at footfall.Millis) {
				out := l.put(at, events...)
				require.Len(t, out, len(events))
				for i, ev := range out {
					if known, ok := theirs[sessions[i]]; ok {
						require.Equal(t, known, ev.Session, "%s was cut", sessions[i])
					} else {
						require.Empty(t, ours[ev.Session], "%s was joined to another", sessions[i])
						theirs[sessions[i]], ours[ev.Session] = ev.Session, sessions[i]
					}
				}
				events, sessions = events[:0], sessions[:0]
			}
			for n, i := range order() {
				row := rows[i]
				at, err := time.Parse(time.DateTime, row[3])
				require.NoError(t, err)
				ev := l.event(footfall.Track, footfall.MillisOf(at)-start, row[0], row[0])
				ev.Name, ev.MessageID = []byte(row[2]), fmt.Append(nil, "ecom:", i)
				events, sessions = append(events, ev), append(sessions, row[1])
				if len(events) == 100 {
					put(footfall.Millis(n))
				}
			}
			put(minute)
			l.flush()
			require.Len(t, theirs, 3605)
			require.Len(t, l.rows.Sessions, 3605)
			require.Len(t, l.rows.Links, 600)
			require.Len(t, l.rows.IDs, 1200)
			require.EqualValues(t, 31_106, l.state.Totals()[0].Stored)
		})
	}
}

func shop(t *testing.T) [][]string {
	t.Helper()
	file, err := os.Open(testenv.Data(t, "retentioneering-ecom", "ecom.csv.gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	r := csv.NewReader(unzipped)
	_, err = r.Read()
	require.NoError(t, err)
	var rows [][]string
	for {
		row, err := r.Read()
		if err == io.EOF {
			return rows
		}
		require.NoError(t, err)
		rows = append(rows, row)
	}
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// mixed keeps each visitor's order and nothing else.
func mixed(rows [][]string) []int {
	queues := map[string][]int{}
	var visitors []string
	for i, row := range rows {
		if queues[row[0]] == nil {
			visitors = append(visitors, row[0])
		}
		queues[row[0]] = append(queues[row[0]], i)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var order []int
	for len(visitors) > 0 {
		k := r.IntN(len(visitors))
		v := visitors[k]
		order = append(order, queues[v][0])
		if queues[v] = queues[v][1:]; len(queues[v]) == 0 {
			visitors[k] = visitors[len(visitors)-1]
			visitors = visitors[:len(visitors)-1]
		}
	}
	return order
}

// TestGoldenSessions runs the session cases taken from public test suites.
func TestGoldenSessions(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(testenv.Data(t, "golden-cases.json"))
	require.NoError(t, err)
	var file struct {
		Cases []struct {
			ID, Kind string
			Events   []struct {
				Visitor string    `json:"distinct_id"`
				Time    time.Time `json:"timestamp"`
			}
			Query struct {
				Gap footfall.Millis `json:"inactivity_seconds"`
			}
			Expected struct {
				Sessions int `json:"session_count"`
			}
		}
	}
	// Other kinds have fields of other types; only what is named here is read.
	require.NoError(t, json.Unmarshal(data, &file))
	ran := 0
	for _, c := range file.Cases {
		if c.Kind != "sessions" {
			continue
		}
		ran++
		l := newLog(t, fold.Limits{})
		l.header.Gap = c.Query.Gap * second
		for _, ev := range c.Events {
			l.put(0, l.track(footfall.MillisOf(ev.Time)-start, ev.Visitor))
		}
		l.flush()
		require.Len(t, l.rows.Sessions, c.Expected.Sessions, c.ID)
	}
	require.NotZero(t, ran)
}
