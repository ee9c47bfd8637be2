// Package chdbtest gives tests an embedded ClickHouse engine.
//
// A process has one engine, so the tests of a package share it, and each gets
// a database of its own:
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		db := chdbtest.Database(t)
//		conn := chdbtest.Conn(t, db)
//		…
//	}
//
// Where the library is missing the test skips, or fails when
// FOOTFALL_TEST_REQUIRE=1.
package chdbtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
)

// shared is opened by the first test that asks and closed by nobody: a test
// cannot know that it is the last one, and the end of the process frees all
// but the directory, which the next process that tests removes.
var shared struct {
	sync.Once
	engine *chdb.Engine
	err    error
}

// Engine returns the engine of the test process.
func Engine(tb testing.TB) *chdb.Engine {
	tb.Helper()
	shared.Do(func() {
		dir, err := directory()
		if err != nil {
			shared.err = err
			return
		}
		shared.engine, shared.err = chdb.Open(context.Background(), chdb.Config{Dir: dir})
	})
	if errors.Is(shared.err, chdb.ErrNoLibrary) {
		testenv.Missing(tb, shared.err.Error())
	}
	if shared.err != nil {
		tb.Fatalf("open the engine: %v", shared.err)
	}
	return shared.engine
}

const prefix = "footfall-chdbtest-"

// directory makes a directory named after this process and removes those of
// processes that are gone.
func directory() (string, error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, path := range left {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), "-")
		process, err := strconv.Atoi(number)
		if err == nil && errors.Is(syscall.Kill(process, 0), syscall.ESRCH) {
			_ = os.RemoveAll(path)
		}
	}
	return os.MkdirTemp("", fmt.Sprintf("%s%d-*", prefix, os.Getpid()))
}

var databases atomic.Uint64

// Database creates a database for one test and drops it at the test's end.
func Database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	conn := Conn(tb, "default")
	if err := conn.Exec(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	tb.Cleanup(func() {
		// The test's context has ended.
		if err := conn.Exec(context.Background(), "DROP DATABASE "+name+" SYNC"); err != nil {
			tb.Errorf("drop the database: %v", err)
		}
	})
	return name
}

// Conn returns a connection of clickhouse-go to a database. It is closed at
// the test's end, later than the database made before it is dropped.
func Conn(tb testing.TB, database string) driver.Conn {
	tb.Helper()
	conn, err := clickhouse.Open(Options(Engine(tb), database))
	if err != nil {
		tb.Fatalf("open a connection: %v", err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(); err != nil {
			tb.Errorf("close the connection: %v", err)
		}
	})
	return conn
}

// Options returns what clickhouse-go needs to work on an engine.
func Options(engine *chdb.Engine, database string) *clickhouse.Options {
	return &clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{"embedded"},
		Auth:     clickhouse.Auth{Database: database},
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return engine.Transport(), nil
		},
	}
}
