package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/footfall-go/footfall/internal/servers"
)

// client speaks ClickHouse's HTTP interface to servers that hold the same.
type client struct {
	http           http.Client
	servers        []*servers.Server
	database       string
	user, password string
	compress       bool
	timeout        time.Duration
	attempts       int
	// replicated says that a server may lack what another has acknowledged, so
	// that whoever reads back makes it catch up first.
	replicated bool
	// quorum are the settings of INSERTs on a cluster.
	quorum map[string]string

	mu       sync.Mutex
	settings map[string]bool // of the optional ones, those the servers know
}

func newClient(c Config, all []*servers.Server) *client {
	made := &client{
		servers: all,
		// An INSERT that is led elsewhere would arrive there as a GET, and be
		// answered: an answer that is none of ours.
		http:     http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		database: c.tables(), user: c.User, password: c.Password, compress: c.Compress,
		timeout: c.Timeout, attempts: c.Attempts, replicated: c.Cluster != nil,
	}
	if c.Cluster != nil {
		made.quorum = c.Cluster.quorumSettings()
	}
	return made
}

// Bounds of what is read of an answer.
const (
	maxErrorText = 64 << 10
	drainLimit   = 256 << 10
)

// insert sends a block. It reports whether the block's memory is free again. A
// block under a token is not repeated here: its sender has to make sure first
// that he still may.
func (c *client) insert(ctx context.Context, b *block, settings map[string]string) (free bool, err error) {
	sql := "INSERT INTO " + b.table + " (" + strings.Join(b.names(), ", ") + ") FORMAT Native"
	pieces, length := b.encode()
	encoding := ""
	if c.compress {
		compressed, err := compress(pieces, length)
		if err != nil {
			return true, err
		}
		pieces, length, encoding = [][]byte{compressed}, len(compressed), "zstd"
	}
	body := &blockBodies{pieces: pieces}
	err = c.attempt(ctx, settings["insert_deduplication_token"] == "", func(ctx context.Context, s *servers.Server) error {
		r, cancel, err := c.request(ctx, s, sql, settings, c.database)
		if err != nil {
			return err
		}
		defer cancel()
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		r.Body, r.ContentLength = body.next(), int64(length)
		// For where nothing of the request was written: the connection was over.
		r.GetBody = func() (io.ReadCloser, error) { return body.next(), nil }
		response, err := c.do(r)
		if err == nil {
			drain(response)
		}
		return err
	})
	return encoding != "" || body.idle(), err
}

// exec runs a statement and forgets its result. It may run twice.
func (c *client) exec(ctx context.Context, sql string, settings map[string]string) error {
	_, err := c.query(ctx, sql, settings)
	return err
}

// query runs a statement and returns its whole result.
func (c *client) query(ctx context.Context, sql string, settings map[string]string) ([]byte, error) {
	return c.queryIn(ctx, c.database, sql, settings)
}

// queryIn is query in another database, or in none: before one is created, a
// request that names it would fail.
func (c *client) queryIn(ctx context.Context, database, sql string, settings map[string]string) (result []byte, err error) {
	err = c.attempt(ctx, true, func(ctx context.Context, s *servers.Server) error {
		result, err = c.queryAt(ctx, s, database, sql, settings)
		return err
	})
	return result, err
}

// queryAt asks one server, once.
func (c *client) queryAt(ctx context.Context, s *servers.Server, database, sql string, settings map[string]string) ([]byte, error) {
	response, cancel, err := c.send(ctx, s, database, sql, settings)
	if err != nil {
		return nil, err
	}
	defer cancel()
	defer drain(response)
	result, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return result, nil
}

// stream runs a statement and returns its result as it comes. What fails half-way
// ends it early, and may leave a message in it.
func (c *client) stream(ctx context.Context, sql string, settings map[string]string) (body io.ReadCloser, err error) {
	err = c.attempt(ctx, true, func(ctx context.Context, s *servers.Server) error {
		response, cancel, err := c.send(ctx, s, c.database, sql, settings)
		if err == nil {
			body = &streamBody{response.Body, cancel}
		}
		return err
	})
	return body, err
}

type streamBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *streamBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

func (c *client) send(ctx context.Context, s *servers.Server, database, sql string, settings map[string]string) (*http.Response, context.CancelFunc, error) {
	r, cancel, err := c.request(ctx, s, "", settings, database)
	if err != nil {
		return nil, nil, err
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(sql)), nil }
	r.Body, _ = r.GetBody()
	r.ContentLength = int64(len(sql))
	response, err := c.do(r)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return response, cancel, nil
}

// request makes a request that ends in time, which cancel gives back.
func (c *client) request(ctx context.Context, s *servers.Server, sql string, settings map[string]string, database string) (*http.Request, context.CancelFunc, error) {
	values := url.Values{}
	for name, value := range settings {
		values.Set(name, value)
	}
	if database != "" {
		values.Set("database", database)
	}
	if sql != "" {
		values.Set("query", sql)
	}
	address := *s.URL
	address.RawQuery = values.Encode()
	if address.Path == "" {
		address.Path = "/"
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), nil)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("make a request: %w", err)
	}
	if c.user != "" || c.password != "" {
		r.Header.Set("X-ClickHouse-User", c.user)
		r.Header.Set("X-ClickHouse-Key", c.password)
	}
	return r, cancel, nil
}

// do sends a request and returns the answer if it is a good one.
func (c *client) do(r *http.Request) (*http.Response, error) {
	response, err := c.http.Do(r)
	if err != nil {
		// Its text repeats the address, which is the whole statement.
		if wrapper, ok := errors.AsType[*url.Error](err); ok {
			err = wrapper.Err
		}
		return nil, err
	}
	// A server that fails after it has begun to answer cannot take back the
	// status; it says so in the header only if nothing was sent yet.
	code := response.Header.Get("X-ClickHouse-Exception-Code")
	if response.StatusCode == http.StatusOK && code == "" {
		if isClickHouse(response.Header) {
			return response, nil
		}
		drain(response)
		return nil, errStranger
	}
	defer drain(response)
	text, err := io.ReadAll(io.LimitReader(response.Body, maxErrorText))
	if err != nil {
		text = fmt.Appendf(text, " (the rest of the message was lost: %v)", err)
	}
	failed := &Error{Status: response.StatusCode, Message: strings.TrimSpace(string(text))}
	failed.Code, _ = strconv.Atoi(code)
	return nil, failed.mark()
}

// errStranger keeps the answer of something between from passing for the
// server's: what was written would be lost without a word.
var errStranger = errors.New("the answer is not ClickHouse's")

// isClickHouse looks for one of the headers that each of its answers has.
func isClickHouse(header http.Header) bool {
	for name := range header {
		if strings.HasPrefix(name, "X-Clickhouse-") {
			return true
		}
	}
	return false
}

// drain reads what is left of an answer, so that its connection can be used
// again, if that is not much.
func drain(r *http.Response) {
	_, _ = io.CopyN(io.Discard, r.Body, drainLimit)
	_ = r.Body.Close()
}
