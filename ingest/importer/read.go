package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A chunk is one request: few enough rows and bytes for the door, enough that
// one request is cheap beside its rows.
const (
	chunkRows  = 2000
	chunkBytes = 400 << 10
	// maxLine bounds one line of NDJSON or of a log. The door takes far less;
	// this only keeps a file without line breaks out of memory.
	maxLine = 1 << 20
)

// chunk is a run of rows that go to the server in one request.
type chunk struct {
	first, last int64 // rows, counted from 1
	body        []byte
	rows        []int64 // the row of each message in body
	bad         []Rejection
}

// errBadRow marks an error that concerns one row; reading goes on.
var errBadRow = errors.New("bad row")

// source reads rows one by one until io.EOF.
type source interface {
	next() (*row, error)
}

// readAll reads the inputs to their ends and cuts them into chunks, passing
// over the rows up to the position.
func readAll(ctx context.Context, cfg *Config, m *mapping, position int64, inputs []io.Reader, out chan<- *chunk) error {
	number := int64(0)
	c := &chunk{}
	flush := func() error {
		if c.last == 0 {
			return nil
		}
		select {
		case out <- c:
			c = &chunk{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, in := range inputs {
		src, err := open(cfg.Format, m, in)
		if err != nil {
			return fmt.Errorf("open the input after row %d: %w", number, err)
		}
		for {
			r, err := src.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && !errors.Is(err, errBadRow) {
				return errors.Join(flush(), fmt.Errorf("read row %d: %w", number+1, err))
			}
			if number++; number <= position {
				continue
			}
			if c.first == 0 {
				c.first = number
			}
			c.last = number
			if err != nil {
				c.bad = append(c.bad, Rejection{Row: number, Code: "bad_row", Message: strings.TrimPrefix(err.Error(), errBadRow.Error()+": ")})
			} else {
				r.number = number
				c.body = append(m.append(c.body, r), '\n')
				c.rows = append(c.rows, number)
			}
			if c.last-c.first+1 >= chunkRows || len(c.body) >= chunkBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// open returns the rows of one input, unpacked if it is gzip: by its first
// bytes, so that standard input may be packed too.
func open(format Format, m *mapping, in io.Reader) (source, error) {
	buffered := bufio.NewReaderSize(in, 256<<10)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		buffered = bufio.NewReaderSize(unpacked, 256<<10)
	}
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3) // was just peeked
	}
	switch format {
	case CSV:
		return newCSV(m, buffered)
	case Combined:
		return &combinedSource{lines: lines{in: buffered}}, m.checkColumns(combinedColumns)
	default:
		return &ndjsonSource{lines: lines{in: buffered}}, nil
	}
}

// lines cuts an input into lines of bounded length.
type lines struct {
	in  *bufio.Reader
	buf []byte
}

// next returns a line that is not blank, without its end. It is valid until
// the next call.
func (l *lines) next() ([]byte, error) {
	for {
		l.buf = l.buf[:0]
		long := false
		for {
			piece, err := l.in.ReadSlice('\n')
			if len(l.buf)+len(piece) > maxLine {
				long = true
			} else {
				l.buf = append(l.buf, piece...)
			}
			if err == nil || errors.Is(err, io.EOF) && (len(l.buf) > 0 || long) {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return nil, err
			}
		}
		if long {
			return nil, fmt.Errorf("%w: the line is longer than %d bytes", errBadRow, maxLine)
		}
		if line := bytes.TrimSpace(l.buf); len(line) > 0 {
			return line, nil
		}
	}
}
