package clickhouse

import (
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// blockBodies are the bodies of requests with one block.
type blockBodies struct {
	pieces [][]byte
	mu     sync.Mutex
	made   []*blockBody
}

// next returns a body for one more request.
func (b *blockBodies) next() *blockBody {
	b.mu.Lock()
	defer b.mu.Unlock()
	made := &blockBody{pieces: b.pieces}
	b.made = append(b.made, made)
	return made
}

// idle reports whether nobody reads the block or will.
func (b *blockBodies) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !slices.ContainsFunc(b.made, func(made *blockBody) bool { return !made.idle() })
}

// blockBody is a block as the body of a request. A transport may go on reading
// after it has returned an answer or an error, so it tells when it is done.
type blockBody struct {
	mu     sync.Mutex
	pieces [][]byte
	at     int // in the first piece
	closed bool
}

// Read implements io.Reader.
func (b *blockBody) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	for len(b.pieces) > 0 && n < len(p) {
		copied := copy(p[n:], b.pieces[0][b.at:])
		n, b.at = n+copied, b.at+copied
		if b.at == len(b.pieces[0]) {
			b.pieces, b.at = b.pieces[1:], 0
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteTo spares the engine's transport a copy.
func (b *blockBody) WriteTo(w io.Writer) (n int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	for len(b.pieces) > 0 {
		written, err := w.Write(b.pieces[0][b.at:])
		n += int64(written)
		if err != nil {
			return n, err
		}
		b.pieces, b.at = b.pieces[1:], 0
	}
	return n, nil
}

// Close implements io.Closer. It does not wait for a Read.
func (b *blockBody) Close() error {
	if b.mu.TryLock() {
		b.closed = true
		b.mu.Unlock()
	}
	return nil
}

// idle reports whether nobody reads the body or will.
func (b *blockBody) idle() bool {
	if !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	return b.closed || len(b.pieces) == 0
}

// compress returns the pieces as one zstd frame.
func compress(pieces [][]byte, length int) ([]byte, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	var out buffer
	out.bytes = make([]byte, 0, length/4)
	encoder.Reset(&out)
	for _, piece := range pieces {
		if _, err := encoder.Write(piece); err != nil {
			return nil, err
		}
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.bytes, nil
}

type buffer struct{ bytes []byte }

func (b *buffer) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}
