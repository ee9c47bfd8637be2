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
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

// endless never ends by itself, in the ways a statement can be busy.
var endless = map[string]string{
	"streaming":    "SELECT number FROM system.numbers WHERE number % 1000000007 = 1000000006 FORMAT Native",
	"aggregating":  "SELECT max(sipHash64(number)) FROM system.numbers FORMAT Native",
	"materialized": "SELECT max(sipHash64(number)) FROM system.numbers FORMAT JSON",
	"inserting":    "INSERT INTO t SELECT number, now(), '' FROM system.numbers",
}

// processes counts the statements of a test that still run.
func (c client) processes() string {
	return c.ask("SELECT count() FROM system.processes WHERE current_database = '" + c.db + "' AND query NOT LIKE '%system.processes%'")
}

func TestContextEndsStatements(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t (id UInt64, time DateTime, s String) ENGINE = MergeTree ORDER BY id")
	for name, sql := range endless {
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost,
				c.base+"?database="+c.db+"&query="+url.QueryEscape(sql), nil)
			if err != nil {
				failed <- err
				return
			}
			response, err := c.http.Do(request)
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				err = errors.Join(err, response.Body.Close())
			}
			failed <- err
		}()
		require.Eventually(t, func() bool { return c.processes() == "1" }, 30*time.Second, time.Millisecond, name)
		cancel()
		cancelled := time.Now()
		require.ErrorIs(t, <-failed, context.Canceled, name)
		returned := time.Since(cancelled)
		require.Eventually(t, func() bool { return c.processes() == "0" }, 30*time.Second, time.Millisecond, name)
		t.Logf("%s: returned after %v, gone after %v", name, returned, time.Since(cancelled))
	}
}

// A caller may use his buffer again as soon as he has an error, so nothing of
// what he writes there afterwards may be stored.
func TestCancelledInsertLeavesTheBufferAlone(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t " + eventTable)
	whole := block(0, 50_000, 1, 100)
	buffer := make([]byte, len(whole))
	for i := range 20 {
		copy(buffer, whole)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*500*time.Microsecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost,
			c.base+"?query=INSERT+INTO+t+FORMAT+Native&deduplicate_insert=disable&database="+c.db, bytes.NewReader(buffer))
		require.NoError(t, err)
		response, err := c.http.Do(request)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		clear(buffer)
		cancel()
	}
	require.Eventually(t, func() bool { return c.processes() == "0" }, 30*time.Second, time.Millisecond)
	require.Equal(t, "0", c.ask("SELECT count() FROM t WHERE toUInt64OrZero(text) != id"))
	require.Equal(t, "0", c.ask("SELECT count() % 50000 FROM t"), "a cancelled insert is stored whole or not at all")
}

func TestClosingABodyEndsItsStatement(t *testing.T) {
	t.Parallel()
	c := setup(t)
	target := c.base + "?database=" + c.db + "&query=" + url.QueryEscape("SELECT number FROM system.numbers")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, nil)
	require.NoError(t, err)
	response, err := c.http.Do(request)
	require.NoError(t, err)
	line := make([]byte, 4)
	_, err = io.ReadFull(response.Body, line)
	require.NoError(t, err)
	require.Equal(t, "0\n1\n", string(line))
	require.Equal(t, "1", c.processes())
	require.NoError(t, response.Body.Close())
	require.NoError(t, response.Body.Close())
	require.Equal(t, "0", c.processes())
	_, err = response.Body.Read(line)
	require.Error(t, err)
}

// It does not run in parallel: it looks at the memory of the process, which
// is that of all tests.
func TestLargeResultsStream(t *testing.T) {
	c := setup(t)
	const rows = 20_000_000 // 338 MB.
	before := resident()
	target := c.base + "?query=" + url.QueryEscape("SELECT number, toString(number) FROM numbers("+strconv.Itoa(rows)+") FORMAT TSV")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, nil)
	require.NoError(t, err)
	response, err := c.http.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var bytes, most int64
	buffer := make([]byte, 1<<20)
	for {
		n, err := response.Body.Read(buffer)
		bytes += int64(n)
		most = max(most, resident())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
	require.EqualValues(t, 2*148_888_890+2*rows, bytes)
	t.Logf("%d MB passed, resident memory %d → %d MB", bytes>>20, before>>20, most>>20)
	require.Less(t, most-before, int64(200<<20))
}

// A result that breaks off in the middle says why, and then that it broke off.
func TestErrorInTheMiddleOfAResult(t *testing.T) {
	t.Parallel()
	chdbtest.Engine(t)
	c := setup(t)
	target := c.base + "?query=" + url.QueryEscape("SELECT throwIf(number = 3000000) FROM numbers(10000000)")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, nil)
	require.NoError(t, err)
	response, err := c.http.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	answer, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, said, found := strings.Cut(string(answer), "\r\n__exception__\r\n")
	require.True(t, found)
	require.Contains(t, said, "Code: 395.")
}

// resident returns the resident memory of this process, 0 where it cannot be
// told.
func resident() int64 {
	statm, _ := os.ReadFile("/proc/self/statm")
	var all, pages int64
	_, _ = fmt.Sscan(string(statm), &all, &pages)
	return pages * int64(os.Getpagesize())
}
