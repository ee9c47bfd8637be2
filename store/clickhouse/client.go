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
)

// client speaks ClickHouse's HTTP interface.
type client struct {
	http           http.Client
	address        *url.URL
	database       string
	user, password string
	compress       bool
}

// Bounds of what is read of an answer.
const (
	maxErrorText = 64 << 10
	drainLimit   = 256 << 10
)

// insert sends a block. It reports whether the block's memory is free again.
func (c *client) insert(ctx context.Context, b *block, settings map[string]string) (free bool, err error) {
	sql := "INSERT INTO " + b.table + " (" + strings.Join(b.names(), ", ") + ") FORMAT Native"
	pieces, length := b.encode()
	body := &blockBody{pieces: pieces}
	r, err := c.request(ctx, sql, settings, true)
	if err != nil {
		return true, err
	}
	if c.compress {
		compressed, err := compress(pieces, length)
		if err != nil {
			return true, err
		}
		body, length = &blockBody{pieces: [][]byte{compressed}}, len(compressed)
		r.Header.Set("Content-Encoding", "zstd")
	}
	r.Body, r.ContentLength = body, int64(length)
	response, err := c.do(r)
	if err != nil {
		return body.idle(), err
	}
	drain(response)
	return body.idle(), nil
}

// exec runs a statement and forgets its result.
func (c *client) exec(ctx context.Context, sql string, settings map[string]string) error {
	_, err := c.query(ctx, sql, settings)
	return err
}

// query runs a statement and returns its whole result.
func (c *client) query(ctx context.Context, sql string, settings map[string]string) ([]byte, error) {
	return c.queryIn(ctx, sql, settings, true)
}

// queryIn is query that selects the database only on demand: before it is
// created, a request that names it would fail.
func (c *client) queryIn(ctx context.Context, sql string, settings map[string]string, database bool) ([]byte, error) {
	response, err := c.send(ctx, sql, settings, database)
	if err != nil {
		return nil, err
	}
	defer drain(response)
	result, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return result, nil
}

// stream runs a statement and returns its result as it comes. What fails half-way
// ends it early, and may leave a message in it.
func (c *client) stream(ctx context.Context, sql string, settings map[string]string) (io.ReadCloser, error) {
	response, err := c.send(ctx, sql, settings, true)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

func (c *client) send(ctx context.Context, sql string, settings map[string]string, database bool) (*http.Response, error) {
	r, err := c.request(ctx, "", settings, database)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(sql)), int64(len(sql))
	return c.do(r)
}

func (c *client) request(ctx context.Context, sql string, settings map[string]string, database bool) (*http.Request, error) {
	values := url.Values{}
	for name, value := range settings {
		values.Set(name, value)
	}
	if database {
		values.Set("database", c.database)
	}
	if sql != "" {
		values.Set("query", sql)
	}
	address := *c.address
	address.RawQuery = values.Encode()
	if address.Path == "" {
		address.Path = "/"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	if c.user != "" {
		r.Header.Set("X-ClickHouse-User", c.user)
		r.Header.Set("X-ClickHouse-Key", c.password)
	}
	return r, nil
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
		return response, nil
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

// drain reads what is left of an answer, so that its connection can be used
// again, if that is not much.
func drain(r *http.Response) {
	_, _ = io.CopyN(io.Discard, r.Body, drainLimit)
	_ = r.Body.Close()
}
