package chdb_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	stressBlock = 5_000
	// stressKept is how many blocks a writer keeps; older partitions are
	// dropped, so that a long run has no more data than a short one.
	stressKept    = 100
	stressWriters = 2
)

// stress is a table that is written, read, merged, deleted from and
// shortened, all at the same time.
type stress struct {
	client
	written [stressWriters]atomic.Int64
	queries atomic.Int64
}

func newStress(t testing.TB) *stress {
	s := &stress{client: setup(t)}
	s.ask("CREATE TABLE t (id UInt64, time DateTime, text String) ENGINE = ReplacingMergeTree ORDER BY id" +
		" PARTITION BY intDiv(id, 250000) SETTINGS non_replicated_deduplication_window = 100, old_parts_lifetime = 5")
	return s
}

// do sends one statement; other goroutines than the test's may call it.
func (s *stress) do(ctx context.Context, body []byte, sql string, settings ...string) (string, error) {
	values := url.Values{"database": {s.db}, "query": {sql}}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		values.Set(name, value)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"?"+values.Encode(), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", sql, answer)
	}
	return strings.TrimSpace(string(answer)), err
}

// first is the first id of a writer's block: a writer has ids of its own.
func (s *stress) first(writer int, block int64) int64 {
	return int64(writer)<<40 + block*stressBlock
}

// write inserts the writer's next block, now and then twice, and drops what
// is too old.
func (s *stress) write(ctx context.Context, writer int) error {
	number := s.written[writer].Load()
	id := s.first(writer, number)
	body := block(int(id), stressBlock, 1, 60)
	token := fmt.Sprintf("insert_deduplication_token=%d/%d", writer, number)
	for range 1 + number%5/4 {
		if _, err := s.do(ctx, body, "INSERT INTO t FORMAT Native", "deduplicate_insert=enable", token); err != nil {
			return err
		}
	}
	s.written[writer].Add(1)
	if old := id - stressKept*stressBlock; number%50 == 49 && number >= stressKept {
		_, err := s.do(ctx, nil, fmt.Sprintf("ALTER TABLE t DROP PARTITION ID '%d'", old/250_000-1))
		return err
	}
	return nil
}

// read runs one of several kinds of statements.
func (s *stress) read(ctx context.Context, kind int64) error {
	defer s.queries.Add(1)
	switch kind % 6 {
	case 0:
		_, err := s.do(ctx, nil, "SELECT count(), uniq(text), max(time) FROM t FINAL")
		return err
	case 1:
		_, err := s.do(ctx, nil, "SELECT id, text FROM t ORDER BY id DESC LIMIT 1000 FORMAT Native")
		return err
	case 2:
		_, err := s.do(ctx, nil, "SELECT time, count() FROM t GROUP BY time FORMAT JSON", "max_threads=1")
		return err
	case 3:
		if _, err := s.do(ctx, nil, "SELECT * FROM nope"); err == nil || !strings.Contains(err.Error(), "UNKNOWN_TABLE") {
			return fmt.Errorf("a table that is not there: %w", err)
		}
		return nil
	case 4:
		_, err := s.do(ctx, nil, "OPTIMIZE TABLE t")
		if err != nil && strings.Contains(err.Error(), "ABORTED") {
			return nil // The partition was dropped meanwhile.
		}
		return err
	default:
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_, err := s.do(short, nil, "SELECT max(sipHash64(number)) FROM system.numbers")
		if short.Err() != nil {
			return nil
		}
		return fmt.Errorf("a statement without end: %w", err)
	}
}

// run keeps writers and readers busy while ctx lasts. Each writer writes
// stressKept blocks at the least.
func (s *stress) run(ctx context.Context) error {
	failed := make(chan error, stressWriters+3)
	var all sync.WaitGroup
	work := context.WithoutCancel(ctx) // The end of the run cancels no statement.
	for writer := range stressWriters {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := s.write(work, writer); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for reader := range 3 {
		all.Go(func() {
			for kind := int64(2 * reader); ctx.Err() == nil; kind++ {
				if err := s.read(work, kind); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

// check compares the rows that are there with those that were written.
func (s *stress) check() {
	for writer := range stressWriters {
		last := s.first(writer, s.written[writer].Load())
		first := max(s.first(writer, 0), last-stressKept*stressBlock)
		require.Equal(s.t, fmt.Sprintf("%d\t%d\t0", last-first, last-first),
			s.ask(fmt.Sprintf("SELECT count(), uniqExact(id), countIf(toUInt64(text) != id) FROM t WHERE id >= %d AND id < %d", first, last)))
	}
}

// memory samples the resident memory until stop is called, which returns the
// samples.
func memory() (stop func() []int64) {
	var samples []int64
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				samples = append(samples, resident())
			}
		}
	}()
	return func() []int64 {
		close(done)
		<-gone
		return samples
	}
}

// stressTime names the variable that says how long TestStress runs: three
// seconds by default, ten minutes where figures are made.
const stressTime = "FOOTFALL_STRESS"

// TestStress holds that nothing fails, nothing is lost or doubled, and
// resident memory stays in its band: after the first tenth, which warms up,
// the last third needs at most 1.3 times what the first third needed.
func TestStress(t *testing.T) {
	t.Parallel()
	duration, err := time.ParseDuration(cmp.Or(os.Getenv(stressTime), "3s"))
	require.NoError(t, err)
	s := newStress(t)
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	stop := memory()
	require.NoError(t, s.run(ctx))
	samples := stop()
	s.check()

	rows := (s.written[0].Load() + s.written[1].Load()) * stressBlock
	warm := samples[len(samples)/10:]
	third := len(warm) / 3
	first, last := slices.Max(warm[:third]), slices.Max(warm[2*third:])
	t.Logf("%v: %d rows, %d queries, resident memory at most %d MB in the first third, %d MB in the last",
		duration, rows, s.queries.Load(), first>>20, last>>20)
	if duration >= 30*time.Second { // Less says nothing about a band.
		require.LessOrEqual(t, float64(last), 1.3*float64(first), "resident memory grows")
	}
}
