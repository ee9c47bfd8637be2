package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
)

// fullChild names the folder of the process whose store runs out of space.
const fullChild = "FOOTFALL_FULL_CHILD"

// TestStoreFull fills the disk of the store alone. The log goes on taking
// events, the status says what is wrong, and when there is space again every
// event is in the store once.
func TestStoreFull(t *testing.T) {
	if dir := os.Getenv(fullChild); dir != "" {
		if err := fillStore(t.Context(), t, dir); err != nil {
			fmt.Println("failed:", err)
			os.Exit(3)
		}
		return
	}
	t.Parallel()
	chdbtest.Engine(t) // skips where there is no library
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "store"), 0o750))
	alone := []string{"--user", "--map-root-user", "--mount", "sh", "-c", `mount -t tmpfs -o size=256m tmpfs "$1/store" && shift && exec "$@"`, "sh", dir}
	if out, err := exec.CommandContext(t.Context(), "unshare", append(alone, "true")...).CombinedOutput(); err != nil {
		testenv.Missing(t, fmt.Sprintf("a file system of the test's own (unshare, mount): %v: %s", err, out))
	}
	cmd := exec.CommandContext(t.Context(), "unshare", append(alone, os.Args[0], "-test.run=^TestStoreFull$", "-test.v")...)
	cmd.Env = append(os.Environ(), fullChild+"="+dir)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	require.Contains(t, string(text), "rows 150 150")
}

func fillStore(ctx context.Context, t *testing.T, dir string) error {
	t.Helper()
	log, err := local.Open(local.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return err
	}
	engine, err := chdb.Open(ctx, chdb.Config{Dir: filepath.Join(dir, "store")})
	if err != nil {
		return err
	}
	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport()})
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	runner, err := stream.New(stream.Config{Log: log, Store: store})
	if err != nil {
		return err
	}
	runner.Hurry(50 * time.Millisecond)
	running, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- runner.Run(running) }()
	until := func(what string, f func(stream.Status) bool) {
		require.Eventually(t, func() bool {
			s, err := runner.Status(ctx)
			return err == nil && len(done) == 0 && f(s)
		}, time.Minute, 5*time.Millisecond, what)
	}
	sent := 0
	send := func(n int) {
		for range n {
			rec := encode(t, 0, "shop", message{visitor: "v", id: fmt.Sprint(sent)})
			require.NoError(t, log.Append(ctx, []footfall.Record{rec}))
			sent++
		}
	}
	settled := func(s stream.Status) bool { return s.Ready && s.Lag.Events == 0 }

	send(50)
	until("the first are visible", settled)
	filler := filepath.Join(dir, "store", "filler")
	if err := fillDisk(filler); err != nil {
		return err
	}
	send(50)
	until("the status tells", func(s stream.Status) bool {
		return !s.Ready && strings.Contains(strings.ToLower(s.Reason), "space") && s.Lag.Events == 50
	})
	send(50)
	until("the log takes more", func(s stream.Status) bool {
		l := s.Ledger["shop"]
		return s.Lag.Events == 100 && l == stream.Ledger{Accepted: 150, Stored: 50, Pending: 100}
	})
	if err := os.Remove(filler); err != nil {
		return err
	}
	until("all are visible", settled)
	stop()
	if err := <-done; err != nil {
		return err
	}
	present, err := store.Present(ctx, 0, 0, 0, int64(sent))
	if err != nil {
		return err
	}
	distinct := map[footfall.Coordinate]bool{}
	for _, c := range present {
		distinct[c] = true
	}
	fmt.Println("rows", len(present), len(distinct))
	return errors.Join(engine.Close(), log.Close())
}

// fillDisk takes all the space of a disk.
func fillDisk(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	block := make([]byte, 1<<20)
	for {
		_, err := file.Write(block)
		switch {
		case err == nil:
		case !errors.Is(err, syscall.ENOSPC):
			return err
		case len(block) == 1<<10:
			return nil
		default:
			block = block[:1<<10]
		}
	}
}
