package chdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/footfall-go/footfall/store/chdb/internal/libchdb"
)

// resultBody reads a result out of the engine's memory: one piece that is
// there already, or piece by piece as the statement goes on.
type resultBody struct {
	// ended gives back what the result holds, once.
	end func()
	// kill ends a statement that somebody else is reading.
	kill func()
	ctx  context.Context
	// trailer is the response's; the summary goes there when all is read.
	trailer http.Header

	mu     sync.Mutex
	stream *libchdb.Stream
	piece  *libchdb.Result
	rest   []byte
	// failure is what Read returns when the rest is read.
	failure error
}

func newResult(result *libchdb.Result, end func()) *resultBody {
	return &resultBody{piece: result, rest: result.Bytes(), end: sync.OnceFunc(end), kill: func() {}}
}

// stream starts a SELECT and waits for the first piece of its result: errors
// of analysis come no sooner, and want a status.
func (s *session) stream(ctx context.Context, q *request, end func()) (*resultBody, error) {
	stream, err := s.conn.Stream(q.sql, q.format, q.params...)
	if err != nil {
		return nil, err
	}
	b := &resultBody{
		ctx: ctx, stream: stream, end: sync.OnceFunc(end),
		kill: s.kill, trailer: http.Header{summaryHeader: nil},
	}
	if err := b.advance(); err != nil {
		stream.Close()
		return nil, err
	}
	return b, nil
}

// advance fetches the next piece.
func (b *resultBody) advance() error {
	b.drop()
	if b.stream == nil {
		b.failure = io.EOF
		return nil
	}
	piece, err := b.stream.Next()
	if err != nil {
		return err
	}
	if piece == nil {
		b.failure = io.EOF
		return nil
	}
	b.piece, b.rest = piece, piece.Bytes()
	return nil
}

func (b *resultBody) drop() {
	if b.piece != nil {
		b.piece.Close()
		b.piece, b.rest = nil, nil
	}
}

// Read implements io.Reader.
func (b *resultBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.rest) == 0 {
		if b.failure != nil {
			if b.stream != nil && errors.Is(b.failure, io.EOF) {
				b.trailer.Set(summaryHeader, readSummary(b.stream.Read()))
			}
			b.finish()
			return 0, b.failure
		}
		if err := b.advance(); err != nil {
			b.fail(err)
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// fail ends a result that has begun. Its status is long sent, so the reader
// is told in the result, in the way of a server, and then that it is torn:
// nobody can take what he got for the whole.
func (b *resultBody) fail(err error) {
	if b.ctx.Err() != nil {
		b.failure = context.Cause(b.ctx)
		return
	}
	b.failure = io.ErrUnexpectedEOF
	if said, ok := errors.AsType[*libchdb.Error](err); ok {
		b.rest = exceptionBlock(said.Message)
	}
}

// exceptionTag stands where a server puts a random text.
const exceptionTag = "footfallembedded"

func exceptionBlock(message string) []byte {
	return fmt.Appendf(nil, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n",
		exceptionTag, message, len(message)+1, exceptionTag)
}

// summaryHeader is where ClickHouse tells what a statement has read or written:
// in the head of a response, or in the trailer of one that streams.
const summaryHeader = "X-Clickhouse-Summary"

func readSummary(rows, bytes uint64) string {
	return fmt.Sprintf(`{"read_rows":"%d","read_bytes":"%d"}`, rows, bytes)
}

// finish gives back what the result holds in the engine.
func (b *resultBody) finish() {
	b.drop()
	if b.stream != nil {
		b.stream.Close()
		b.stream = nil
	}
	b.end()
}

// Close implements io.Closer. It may be called while another goroutine reads,
// which then learns that its result is torn.
func (b *resultBody) Close() error {
	if !b.mu.TryLock() {
		b.kill()
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	if b.failure == nil || len(b.rest) > 0 {
		b.failure, b.rest = http.ErrBodyReadAfterClose, nil
	}
	b.finish()
	return nil
}
