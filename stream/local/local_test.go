package local

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/backlog"
	"github.com/footfall-go/footfall/stream/streamtest"
	"github.com/footfall-go/footfall/tenant"
)

func open(tb testing.TB, cfg Config) *Log {
	tb.Helper()
	if cfg.Dir == "" {
		cfg.Dir = tb.TempDir()
	}
	log, err := Open(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		if err := log.Close(); err != nil {
			require.ErrorIs(tb, err, ErrClosed)
		}
	})
	return log
}

func TestLog(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"Memory": {},
		"Disk":   {TailBytes: 1}, // every read is one of the database
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			streamtest.Run(t,
				func(tb testing.TB) stream.Log { return open(tb, cfg) },
				streamtest.Reopen(func(tb testing.TB, log stream.Log) stream.Log { return reopen(tb, log.(*Log)) }),
				streamtest.Second(func(tb testing.TB, log stream.Log) (stream.Log, error) {
					_, err := Open(Config{Dir: log.(*Log).cfg.Dir})
					require.ErrorIs(tb, err, ErrLocked)
					return nil, err
				}),
				streamtest.Trim(func(tb testing.TB, log stream.Log, _ int64) {
					log.(*Log).retain(tb.Context(), time.Now().Add(8*24*time.Hour))
				}),
			)
		})
	}
}

func reopen(tb testing.TB, log *Log) *Log {
	tb.Helper()
	require.NoError(tb, log.Close())
	return open(tb, log.cfg)
}

func records(values ...string) []footfall.Record {
	var out []footfall.Record
	for _, v := range values {
		out = append(out, footfall.Record{Events: 1, Tenant: "shop", Header: []byte("h"), Value: []byte(v)})
	}
	return out
}

// whole reads everything a log holds.
func whole(tb testing.TB, log *Log) []footfall.Record {
	tb.Helper()
	p := &partition{log: log}
	from, end, err := p.Bounds(tb.Context())
	require.NoError(tb, err)
	var all []footfall.Record
	for from < end {
		some, err := p.Read(tb.Context(), from, math.MaxInt32)
		require.NoError(tb, err)
		all = append(all, some...)
		from = all[len(all)-1].Offset + 1
	}
	return all
}

func values(recs []footfall.Record) []string {
	var out []string
	for _, r := range recs {
		out = append(out, string(r.Value))
	}
	return out
}

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	_, err := Open(Config{Retention: -1, MaxBytes: -1, TailBytes: -1})
	for _, field := range []string{"Dir", "Retention", "MaxBytes", "TailBytes"} {
		require.ErrorContains(t, err, "Config."+field)
	}
}

func TestLockedByPath(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(log.cfg.Dir, link))
	_, err := Open(Config{Dir: link})
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, log.cfg.Dir)
	require.NoError(t, log.Close())
	second, err := Open(Config{Dir: link})
	require.NoError(t, err)
	require.NoError(t, second.Close())
}

func TestLockedByProcess(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	out, err := child(t, "lock", log.cfg.Dir).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), ErrLocked.Error())
	require.Contains(t, string(out), log.cfg.Dir)
	require.NoError(t, log.Append(t.Context(), records("still mine")))
}

// child prepares this test binary to run as another process; see TestMain.
func child(tb testing.TB, job string, args ...string) *exec.Cmd {
	tb.Helper()
	cmd := testenv.Tie(exec.CommandContext(tb.Context(), os.Args[0], args...))
	cmd.Env = append(os.Environ(), "LOCAL_TEST_CHILD="+job)
	return cmd
}

func TestMain(m *testing.M) {
	switch os.Getenv("LOCAL_TEST_CHILD") {
	case "":
		os.Exit(m.Run())
	case "lock":
		_, err := Open(Config{Dir: os.Args[1]})
		fmt.Println(err)
	case "append":
		appendUntilKilled(os.Args[1])
	}
}

func TestClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	future := footfall.MillisOf(time.Now().Add(time.Hour))
	log.clock = future // as if the machine's clock had been ahead
	require.NoError(t, log.Append(t.Context(), records("1")))
	log = reopen(t, log)
	require.NoError(t, log.Append(t.Context(), records("2")))
	for _, r := range whole(t, log) {
		require.Equal(t, future, r.Time)
	}
}

func TestImportPosition(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	shop, err := tenant.ParseID("shop")
	require.NoError(t, err)
	other, err := tenant.ParseID("shop2")
	require.NoError(t, err)
	at := func(id tenant.ID, name string) int64 {
		position, err := log.ImportPosition(t.Context(), id, name)
		require.NoError(t, err)
		return position
	}
	require.Zero(t, at(shop, "file"))
	require.NoError(t, log.SetImportPosition(t.Context(), shop, "file", 100))
	require.NoError(t, log.SetImportPosition(t.Context(), shop, "file", 60))
	require.NoError(t, log.SetImportPosition(t.Context(), other, "file", 7))
	require.NoError(t, log.SetImportPosition(t.Context(), shop, "", math.MaxInt64))
	require.Error(t, log.SetImportPosition(t.Context(), shop, "file", -1))
	log = reopen(t, log)
	require.Equal(t, int64(100), at(shop, "file"))
	require.Equal(t, int64(7), at(other, "file"))
	require.Equal(t, int64(math.MaxInt64), at(shop, ""))
}

func TestClosed(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	owned := make(chan stream.Partition)
	ended := make(chan error)
	go func() {
		ended <- log.Own(t.Context(), func(ctx context.Context, p stream.Partition) error {
			owned <- p
			_, err := p.Read(ctx, 0, 1)
			return err
		})
	}()
	p := <-owned
	require.NoError(t, log.Close())
	require.ErrorIs(t, <-ended, ErrClosed)
	require.ErrorIs(t, log.Append(t.Context(), records("1")), ErrClosed)
	require.ErrorIs(t, p.Snapshots().Save(t.Context(), 1, 1, strings.NewReader("")), ErrClosed)
	_, err := p.Read(t.Context(), 0, 1)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, log.Close(), ErrClosed)
}

func TestStats(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	require.NoError(t, log.Append(t.Context(), records("1", "2")))
	s, err := log.Stats()
	require.NoError(t, err)
	require.NoError(t, s.Unavailable)
	require.Positive(t, s.Bytes)
	require.Equal(t, int64(2), s.End)
}

// TestPendingBacklog counts a backlog in which most chunks have lost their
// entries, before and after the log is opened again.
func TestPendingBacklog(t *testing.T) {
	t.Parallel()
	log := open(t, Config{TailBytes: 1})
	const n = (backlog.Detailed + 3) * backlog.ChunkSize
	batch := make([]footfall.Record, 512)
	for at := 0; at < n; at += len(batch) {
		for i := range batch {
			batch[i] = footfall.Record{Events: uint32((at + i) % 3), Tenant: fmt.Sprint((at + i) % 5)}
		}
		require.NoError(t, log.Append(t.Context(), batch))
	}
	for range 2 {
		p := &partition{log: log}
		for _, from := range []int64{0, 1, backlog.ChunkSize - 1, backlog.ChunkSize, backlog.ChunkSize + 17, 2*backlog.ChunkSize + 5, n - 3, n} {
			want := map[string]uint64{}
			for i := from; i < n; i++ {
				if i%3 > 0 {
					want[fmt.Sprint(i%5)] += uint64(i % 3)
				}
			}
			got, _, err := p.Pending(t.Context(), from)
			require.NoError(t, err)
			require.Equal(t, want, got, "from %d", from)
		}
		log = reopen(t, log)
	}
}

func plan(at int64) stream.Plan { return stream.Plan{From: at, To: at} }
