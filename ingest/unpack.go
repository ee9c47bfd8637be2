package ingest

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// encoding is how a body is compressed.
type encoding uint8

const (
	plain encoding = iota
	gzipBody
	zstdBody
)

// acceptEncoding tells a sender what it may use instead.
var acceptEncoding = []string{"gzip, zstd"}

// encodingOf reads a Content-Encoding.
func encodingOf(header string) (e encoding, ok bool) {
	switch strings.ToLower(strings.TrimSpace(header)) {
	case "", "identity":
		return plain, true
	case "gzip", "x-gzip":
		return gzipBody, true
	case "zstd":
		return zstdBody, true
	}
	return plain, false
}

// sniff finds out how a body is compressed that does not say: no JSON starts
// like either.
func sniff(body []byte) encoding {
	switch {
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		return gzipBody
	case bytes.HasPrefix(body, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstdBody
	}
	return plain
}

// unzstd decodes zstd for all requests of a handler. It decodes whole bodies
// into memory of its caller and never past it, so that no window is allocated,
// whatever a frame claims to need. It keeps some 200 KB for each processor, which
// requests wait for.
type unzstd struct{ decoder *zstd.Decoder }

// The decoder copies in steps, and a frame decodes block by block.
const (
	zstdStep  = 16
	zstdBlock = 128 << 10
)

func newUnzstd() (unzstd, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
	return unzstd{d}, err
}

// decode returns what a body holds, in the memory of b if that is enough.
func (u unzstd) decode(b, packed []byte, limit int) ([]byte, error) {
	var header zstd.Header
	size := 4096 + 8*len(packed) // events shrink to a quarter or so
	if err := header.Decode(packed); err == nil && header.HasFCS {
		if header.FrameContentSize > uint64(limit) {
			return b, errTooLarge
		}
		size = int(header.FrameContentSize)
	}
	if size < limit {
		// The room that is most likely enough. Where it is not, because the size
		// was a guess or there are more frames, the error does not tell.
		out, grown, err := u.into(b, packed, size+zstdStep)
		if b = grown; err == nil {
			return out, fits(out, limit)
		}
	}
	// With room for a block more than is allowed, what ends for lack of room has
	// passed the limit before.
	out, b, err := u.into(b, packed, limit+zstdBlock+zstdStep)
	if tooLarge := fits(out, limit); tooLarge != nil || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return b, errTooLarge
	}
	return out, err
}

// into decodes into the memory of b, grown to hold size bytes, and returns that
// memory too.
func (u unzstd) into(b, packed []byte, size int) (out, grown []byte, err error) {
	b = slices.Grow(b[:0], size+envelope.Padding)
	out, err = u.decoder.DecodeAll(packed, b[:0:size])
	if err == nil {
		out = b[:len(out)] // with the room behind it
	}
	return out, b, err
}

func fits(b []byte, limit int) error {
	if len(b) > limit {
		return errTooLarge
	}
	return nil
}

// unpack decompresses s.body.
func (s *request) unpack(e encoding, limit int) (err error) {
	s.packed, s.body = s.body, s.packed
	if e == zstdBody {
		s.body, err = s.h.unzstd.decode(s.body[:0], s.packed, limit)
		return err
	}
	s.source.Reset(s.packed)
	if s.gzip == nil {
		s.gzip = new(gzip.Reader)
	}
	if err := s.gzip.Reset(&s.source); err != nil {
		return err
	}
	s.body, err = readAll(s.body[:0], s.gzip, limit)
	return err
}
