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

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

// The environment of the process that TestStoreKilledAtRename kills.
const (
	renameChild   = "FOOTFALL_RENAME_CHILD" // its data folder
	renameBelieve = "FOOTFALL_RENAME_BELIEVE"
)

const (
	renameRecords = 300
	renameEvents  = 4 // in each record, two of them in another month
)

// TestStoreKilledAtRename kills the store after it has noted a part's token
// and before the part's rows can be seen: a retry with the token is then
// acknowledged and stores nothing. With the read-back every event is there
// once; the control without it must lose some, or the test proves nothing.
func TestStoreKilledAtRename(t *testing.T) {
	if dir := os.Getenv(renameChild); dir != "" {
		if err := processAll(t.Context(), dir, os.Getenv(renameBelieve) != ""); err != nil {
			fmt.Println("failed:", err)
			os.Exit(3)
		}
		return
	}
	t.Parallel()
	chdbtest.Engine(t) // skips where there is no library
	preload := testenv.RenameKiller(t)
	t.Run("read back", func(t *testing.T) {
		t.Parallel()
		rows, distinct, kills := runKilled(t, preload, 250, "")
		require.NotZero(t, kills)
		require.Equal(t, renameRecords*renameEvents, rows, "rows after %d kills", kills)
		require.Equal(t, rows, distinct)
	})
	t.Run("control", func(t *testing.T) {
		t.Parallel()
		rows, _, kills := runKilled(t, preload, 250, "yes")
		require.NotZero(t, kills)
		require.Less(t, rows, renameRecords*renameEvents, "nothing was lost in %d kills: the test cannot fail", kills)
	})
}

// runKilled fills a log and has it processed by processes that die now and
// then, until one comes through. It returns what the store then holds.
func runKilled(t *testing.T, preload string, chance int, believe string) (rows, distinct, kills int) {
	t.Helper()
	dir := t.TempDir()
	fillLog(t, dir)
	for kills < 40 {
		// After many deaths the last process is left alone.
		odds := chance
		if kills >= 6 {
			odds = 0
		}
		cmd := testenv.Tie(exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStoreKilledAtRename$", "-test.v"))
		cmd.Env = append(os.Environ(), "LD_PRELOAD="+preload, fmt.Sprintf("KILL_RENAME=%d", odds),
			renameChild+"="+dir, renameBelieve+"="+believe)
		text, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
			kills++
			continue
		}
		require.NoError(t, err, string(text))
		_, after, found := strings.Cut(string(text), "rows ")
		require.True(t, found, string(text))
		_, err = fmt.Sscan(after, &rows, &distinct)
		require.NoError(t, err)
		return rows, distinct, kills
	}
	require.Fail(t, "no process came through")
	return 0, 0, kills
}

func fillLog(t *testing.T, dir string) {
	t.Helper()
	log, err := local.Open(local.Config{Dir: filepath.Join(dir, "log")})
	require.NoError(t, err)
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	owner := &tenant.Tenant{ID: id, Settings: tenant.Settings{}.WithDefaults()}
	at := time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)
	for i := range renameRecords {
		var e record.Encoder
		e.Reset(record.HeaderOf(owner, record.Events, at))
		for k := range renameEvents {
			when := at.AddDate(0, k%2, 0)
			e.Add(&record.Event{
				Type: footfall.Track, Name: []byte("Order Completed"), MessageID: fmt.Appendf(nil, "m-%d-%d", i, k),
				Anonymous: fmt.Appendf(nil, "v-%d", i%17), Time: footfall.MillisOf(when), Original: footfall.MillisOf(when),
			})
		}
		require.NoError(t, log.Append(t.Context(), []footfall.Record{e.Record(0)}))
	}
	require.NoError(t, log.Close())
}

// processAll is the process that dies: it brings the whole log into the store
// in small batches and prints what the store holds then.
func processAll(ctx context.Context, dir string, believe bool) error {
	log, err := local.Open(local.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return err
	}
	engine, err := chdb.Open(ctx, chdb.Config{Dir: filepath.Join(dir, "store")})
	if err != nil {
		return err
	}
	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport(), Database: "footfall", Kind: "chdb"})
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	runner, err := stream.New(stream.Config{Log: log, Store: store, MaxRows: 24 * renameEvents, FlushAge: time.Millisecond})
	if err != nil {
		return err
	}
	if believe {
		runner.BelieveTheStore()
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- runner.Run(running) }()
	for {
		status, err := runner.Status(ctx)
		if err != nil {
			stop()
			return err
		}
		if status.Lag.Events == 0 {
			break
		}
		select {
		case err := <-done:
			stop()
			return fmt.Errorf("the runner ended: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	stop()
	if err := <-done; err != nil {
		return err
	}
	conn, err := ch.Open(chdbtest.Options(engine, "footfall"))
	if err != nil {
		return err
	}
	var rows, distinct uint64
	if err := conn.QueryRow(ctx, "SELECT count(), uniqExact(_o, _i) FROM events").Scan(&rows, &distinct); err != nil {
		return err
	}
	fmt.Println("rows", rows, distinct)
	return errors.Join(conn.Close(), engine.Close(), log.Close())
}
