package ingest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/problem"
)

// read reads the whole body into s.body, decompressed, and never more than
// limit bytes of it.
func (s *request) read(limit int) *problem.Problem {
	if !acceptable(s.r.Header["Content-Type"]) {
		s.w.Header()["Accept"] = []string{"application/json"}
		return &problem.Problem{Status: http.StatusUnsupportedMediaType, Detail: "the body must be JSON"}
	}
	packed, ok := encodingOf(s.r.Header.Get("Content-Encoding"))
	if !ok {
		s.w.Header()["Accept-Encoding"] = acceptEncoding
		return &problem.Problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "the body may be plain, gzip or zstd, not " + strconv.Quote(s.r.Header.Get("Content-Encoding")),
		}
	}
	if s.r.ContentLength > int64(limit) {
		return s.tooLarge(limit)
	}
	var err error
	err = s.receive(limit)
	if packed == plain {
		packed = sniff(s.body) // some senders compress and do not say so
	}
	if err == nil && packed != plain {
		err = s.unpackHeld(packed, limit)
	}
	return s.unreadBody(err, limit)
}

// unreadBody turns an error of reading a body into an answer, nil into none.
func (s *request) unreadBody(err error, limit int) *problem.Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooLarge):
		return s.tooLarge(limit)
	case errors.Is(err, errCrowded):
		return s.crowded()
	case errors.As(err, &tooLarge):
		return s.tooLarge(int(tooLarge.Limit))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem.Problem{Status: http.StatusRequestTimeout, Detail: "the body did not arrive in time"}
	default:
		return &problem.Problem{Title: "Invalid body", Status: http.StatusBadRequest, Detail: "the body cannot be read: " + err.Error()}
	}
}

func (s *request) tooLarge(limit int) *problem.Problem {
	s.w.Header()["Connection"] = []string{"close"} // the rest of the body is not worth reading
	return &problem.Problem{
		Status: http.StatusRequestEntityTooLarge,
		Detail: "a request has at most " + strconv.Itoa(limit) + " bytes, decompressed",
	}
}

// unpackHeld decompresses s.body, charged for what most likely comes of it, and
// then for what did.
func (s *request) unpackHeld(e encoding, limit int) error {
	room := min(limit, 4096+8*len(s.body))
	if !s.hold(room) {
		return errCrowded
	}
	if err := s.unpack(e, limit); err != nil {
		return err
	}
	if more := len(s.body) - room; more > 0 && !s.hold(more) {
		return errCrowded
	}
	return nil
}

// readAll appends all of r to b, which is empty, leaving room for the decoder's
// padding.
func readAll(b []byte, r io.Reader, limit int) ([]byte, error) {
	for {
		if cap(b)-len(b) < 512 {
			b = slices.Grow(b, max(4096, len(b)))
		}
		n, err := r.Read(b[len(b) : cap(b)-envelope.Padding])
		b = b[:len(b)+n]
		switch {
		case len(b) > limit:
			return b, errTooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, err
		}
	}
}

// acceptable reports whether a body with these headers may be JSON. Browsers
// avoid a preflight by text/plain, and some SDKs leave the type to their HTTP
// library.
func acceptable(header []string) bool {
	if len(header) == 0 || header[0] == "application/json" || strings.TrimSpace(header[0]) == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(header[0])
	if err != nil && media == "" {
		return false
	}
	switch media {
	case "application/json", "text/plain", "application/x-www-form-urlencoded",
		"application/x-ndjson", "application/ndjson", "text/json", "application/octet-stream", "application/gzip", "application/zstd":
		return true
	}
	return strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}
