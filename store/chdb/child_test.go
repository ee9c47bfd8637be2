package chdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall-go/footfall/store/chdb"
)

// A test that opens, closes or leaves an engine needs a process of its own:
// the test binary, started with these variables.
const (
	childRole = "FOOTFALL_CHDB_CHILD"
	childDir  = "FOOTFALL_CHDB_CHILD_DIR"
)

func runChild(role string) int {
	roles := map[string]func(dir string) error{
		"reopen": childReopen, "hold": childHold, "count": childCount, "forget": childForget,
		"drain": childDrain,
	}
	if err := roles[role](os.Getenv(childDir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func query(engine *chdb.Engine, sql string) (string, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://embedded/?query="+url.QueryEscape(sql), nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: engine.Transport()}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(string(answer))
	}
	return strings.TrimSpace(string(answer)), err
}

func openWithTable(dir string) (*chdb.Engine, error) {
	engine, err := chdb.Open(context.Background(), chdb.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	_, err = query(engine, "CREATE TABLE IF NOT EXISTS t (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS fsync_after_insert = 1")
	if err != nil {
		return nil, err
	}
	_, err = query(engine, "INSERT INTO t SELECT 1")
	return engine, err
}

func childReopen(dir string) error {
	// What the working directory holds is no configuration of ours.
	if err := os.Chdir(dir); err != nil {
		return err
	}
	if err := os.WriteFile("config.xml", []byte("<clickhouse><path>/nowhere</path></clickhouse>"), 0o600); err != nil {
		return err
	}
	for i := 1; i <= 4; i++ {
		engine, err := openWithTable(filepath.Join(dir, "data"))
		if err != nil {
			return err
		}
		if err := survivesNil(); err != nil {
			return err
		}
		if _, err := chdb.Open(context.Background(), chdb.Config{Dir: filepath.Join(dir, "data")}); !errors.Is(err, chdb.ErrInUse) {
			return fmt.Errorf("a second engine: %w", err)
		}
		if rows, err := query(engine, "SELECT count() FROM t"); err != nil || rows != fmt.Sprint(i) {
			return fmt.Errorf("%s rows, not %d: %w", rows, i, err)
		}
		if err := errors.Join(engine.Close(), engine.Close()); err != nil {
			return err
		}
		if _, err := query(engine, "SELECT 1"); !errors.Is(err, chdb.ErrClosed) {
			return fmt.Errorf("a closed engine: %w", err)
		}
	}
	engine, err := chdb.Open(context.Background(), chdb.Config{Dir: filepath.Join(dir, "other"), MaxMemory: 3 << 30, MaxThreads: 16, Connections: 1})
	if err != nil {
		return err
	}
	limit, err := query(engine, "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'")
	if err != nil || limit != fmt.Sprint(3<<30) {
		return fmt.Errorf("a memory limit of %s: %w", limit, err)
	}
	if threads, err := query(engine, "SELECT getSetting('max_threads')"); err != nil || threads != "16" {
		return fmt.Errorf("%s threads: %w", threads, err)
	}
	return engine.Close()
}

// survivesNil checks that the Go runtime still catches its own faults.
func survivesNil() (err error) {
	defer func() {
		if recover() == nil {
			err = errors.New("no panic")
		}
	}()
	var nothing *bytes.Buffer
	_ = *nothing
	return nil
}

func childHold(dir string) error {
	if _, err := openWithTable(dir); err != nil {
		return err
	}
	fmt.Println("ready")
	select {}
}

func childCount(dir string) error {
	engine, err := chdb.Open(context.Background(), chdb.Config{Dir: dir})
	if err != nil {
		return err
	}
	rows, err := query(engine, "SELECT count() FROM t")
	fmt.Println(rows)
	return errors.Join(err, engine.Close())
}

func childForget(dir string) error {
	engine, err := openWithTable(dir)
	if err != nil {
		return err
	}
	started := make(chan struct{})
	go func() {
		close(started)
		_, _ = query(engine, "SELECT count() FROM system.numbers WHERE number % 3 = 5")
	}()
	<-started
	return nil
}

// childDrain closes an engine under a statement that never ends, and under a
// result that nobody reads.
func childDrain(dir string) error {
	engine, err := chdb.Open(context.Background(), chdb.Config{Dir: dir, DrainTimeout: 100 * time.Millisecond})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := query(engine, "SELECT count() FROM system.numbers WHERE number % 3 = 5")
		ended <- err
	}()
	for rows := ""; rows != "2"; {
		if rows, err = query(engine, "SELECT count() FROM system.processes"); err != nil {
			return err
		}
	}
	if err := engine.Close(); err != nil {
		return err
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "QUERY_WAS_CANCELLED") {
		return fmt.Errorf("a killed statement: %w", err)
	}

	if engine, err = chdb.Open(context.Background(), chdb.Config{Dir: dir, DrainTimeout: time.Millisecond}); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		"http://embedded/?query="+url.QueryEscape("SELECT number FROM system.numbers"), nil)
	if err != nil {
		return err
	}
	response, err := engine.Transport().RoundTrip(request)
	if err != nil {
		return err
	}
	if err := engine.Close(); err == nil || !strings.Contains(err.Error(), "1 requests or results are still open") {
		return fmt.Errorf("closing under a result: %w", err)
	}
	return errors.Join(response.Body.Close(), engine.Close())
}
