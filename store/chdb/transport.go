package chdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/footfall-go/footfall/store/chdb/internal/libchdb"
)

// transport is the engine as an http.RoundTripper.
type transport struct{ engine *Engine }

// RoundTrip answers a request of ClickHouse's HTTP interface. What the engine
// refuses is a response with a status; an error is what a transport calls an
// error: the context ended, the body could not be read, the engine is closed.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	// The caller may use his buffer again as soon as he has an answer, so the
	// body is done with before that, even where the engine is still busy.
	body := &bodyGuard{body: r.Body}
	defer body.release()
	if err := r.Context().Err(); err != nil {
		return nil, context.Cause(r.Context())
	}
	inner := r.WithContext(r.Context())
	inner.Body = body.reader()

	if r.Context().Done() == nil {
		return t.answer(inner)
	}
	type outcome struct {
		response *http.Response
		err      error
	}
	answered := make(chan outcome, 1)
	go func() {
		response, err := t.answer(inner)
		answered <- outcome{response, err}
	}()
	select {
	case out := <-answered:
		return out.response, out.err
	case <-r.Context().Done():
		// The statement is being killed, which takes some milliseconds, or longer
		// where the engine does not look up from its work.
		go func() {
			if out := <-answered; out.response != nil {
				_ = out.response.Body.Close()
			}
		}()
		return nil, context.Cause(r.Context())
	}
}

func (t transport) answer(r *http.Request) (*http.Response, error) {
	parsed, err := parseRequest(r)
	if err != nil {
		return failed(r, err)
	}
	if parsed.isHello() {
		return respond(r, parsed, io.NopCloser(bytes.NewReader(t.engine.identity.hello(parsed.protocol))), -1), nil
	}
	session, err := t.engine.open(r.Context())
	if err != nil {
		return nil, err
	}
	release := session.killedBy(r.Context())
	end := func() {
		release()
		session.close()
	}
	response, err := session.execute(r, parsed, end)
	if err != nil {
		end()
		return failed(r, err)
	}
	return response, nil
}

// execute runs the request and leaves it to the response's body to end the
// session, unless it returns an error.
func (s *session) execute(r *http.Request, q *request, end func()) (*http.Response, error) {
	if err := s.prepare(q.database, q.settings); err != nil {
		return nil, err
	}
	if q.data != nil {
		written, err := s.insert(r.Context(), q)
		if err != nil {
			return nil, err
		}
		end()
		response := respond(r, q, http.NoBody, 0)
		response.Header.Set(summaryHeader, fmt.Sprintf(`{"written_rows":"%d"}`, written))
		return response, nil
	}
	seen := inspect(q.sql)
	switch {
	case seen.first == "":
		return nil, refusal(62, "SYNTAX_ERROR", "Empty query")
	case seen.several:
		return nil, refusal(62, "SYNTAX_ERROR", "Multi-statements are not allowed")
	}
	if seen.format != "" {
		q.format = seen.format
	}
	if seen.streams(q.format) {
		body, err := s.stream(r.Context(), q, end)
		if err == nil {
			response := respond(r, q, body, -1)
			response.Trailer = body.trailer
			return response, nil
		}
		// WITH … INSERT is no SELECT; the engine notices before it does anything.
		if !strings.Contains(err.Error(), "Streaming query is not supported") {
			return nil, err
		}
	}
	result, err := s.conn.Query(q.sql, q.format, q.params...)
	if err != nil {
		return nil, err
	}
	body := newResult(result, end)
	response := respond(r, q, body, int64(len(body.rest)))
	response.Header.Set(summaryHeader, readSummary(result.Read()))
	return response, nil
}

func (s *session) insert(ctx context.Context, q *request) (uint64, error) {
	insert, err := s.conn.Insert(q.sql, q.format, q.params...)
	if err != nil {
		return 0, err
	}
	// Close cancels what did not get as far as Done.
	defer insert.Close()
	if err := copyData(insert, q.data); err != nil {
		return 0, fmt.Errorf("read the data: %w", err)
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return insert.Done()
}

// copyData hands the data of a request to the engine, which copies them.
func copyData(to *libchdb.Insert, from io.Reader) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	_, err := io.CopyBuffer(appender{to}, from, *buffer)
	if errors.Is(err, errInsertEnded) {
		return nil
	}
	return err
}

// buffers are for data that come from somewhere else than memory.
var buffers = sync.Pool{New: func() any {
	buffer := make([]byte, 256<<10)
	return &buffer
}}

// errInsertEnded says that the engine wants no more data; Done tells why.
var errInsertEnded = errors.New("the INSERT has ended")

type appender struct{ insert *libchdb.Insert }

func (a appender) Write(data []byte) (int, error) {
	if !a.insert.Append(data) {
		return 0, errInsertEnded
	}
	return len(data), nil
}

func respond(r *http.Request, q *request, body io.ReadCloser, length int64) *http.Response {
	header := http.Header{"Content-Type": {contentType(q.format)}, "X-Clickhouse-Format": {q.format}}
	if q.queryID != "" {
		header.Set("X-Clickhouse-Query-Id", q.queryID)
	}
	return response(r, http.StatusOK, header, body, length)
}

func response(r *http.Request, status int, header http.Header, body io.ReadCloser, length int64) *http.Response {
	if length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: length, Request: r,
	}
}

// failed turns what the engine said into a response, and passes on the rest.
func failed(r *http.Request, err error) (*http.Response, error) {
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	var refused *libchdb.Error
	if !errors.As(err, &refused) {
		return nil, err
	}
	header := http.Header{"Content-Type": {"text/plain; charset=UTF-8"}}
	header.Set("X-Clickhouse-Exception-Code", strconv.Itoa(refused.Code))
	if refused.Name != "" {
		header.Set("X-Clickhouse-Exception-Name", refused.Name)
	}
	message := refused.Message + "\n"
	return response(r, status(refused.Name), header, io.NopCloser(strings.NewReader(message)), int64(len(message))), nil
}
