package libchdb

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Stream is a SELECT whose result arrives block by block.
type Stream struct {
	conn   *Conn
	handle *Result
	ended  bool
	rows   uint64
	bytes  uint64
}

// Stream starts a SELECT. Other statements are refused by the engine.
func (c *Conn) Stream(sql, format string, params ...Param) (*Stream, error) {
	handle, err := c.run(c.library.stream, sql, format, params)
	if err != nil {
		return nil, err
	}
	return &Stream{conn: c, handle: handle}, nil
}

// Next returns the next piece of the result, nil at its end.
func (s *Stream) Next() (*Result, error) {
	if s.ended {
		return nil, nil
	}
	handle, _, _ := purego.SyscallN(s.conn.library.fetch, s.conn.session, s.handle.handle)
	if handle == 0 {
		s.ended = true
		return nil, &Error{Message: "the engine returned no result"}
	}
	piece := &Result{library: s.conn.library, handle: handle}
	// Each piece tells what was read since the one before.
	rows, bytes := piece.Read()
	s.rows, s.bytes = s.rows+rows, s.bytes+bytes
	if err := piece.err(); err != nil {
		s.ended = true
		piece.Close()
		return nil, err
	}
	if len(piece.Bytes()) == 0 {
		s.ended = true
		piece.Close()
		return nil, nil
	}
	return piece, nil
}

// Read returns how many rows and bytes the statement has read from tables so
// far. With several threads it may be a few blocks less: the engine counts
// from one piece to the next and loses what is read at that moment.
func (s *Stream) Read() (rows, bytes uint64) { return s.rows, s.bytes }

// Close ends the statement, finished or not.
func (s *Stream) Close() {
	if !s.ended {
		s.ended = true
		purego.SyscallN(s.conn.library.cancelStream, s.conn.session, s.handle.handle)
	}
	s.handle.Close()
}

// Insert is an INSERT whose data are handed over in pieces.
type Insert struct {
	library *Library
	handle  uintptr
	done    bool
}

// Insert starts an INSERT. sql ends before its FORMAT clause.
func (c *Conn) Insert(sql, format string, params ...Param) (*Insert, error) {
	insert := &Insert{library: c.library, handle: c.call(c.library.insert, sql, format, params)}
	if err := insert.err(); err != nil {
		insert.Close()
		return nil, err
	}
	return insert, nil
}

// Append hands over a piece of the data, which the engine copies. It returns
// false when the INSERT has failed; Done tells why.
func (i *Insert) Append(data []byte) bool {
	if len(data) == 0 {
		return true
	}
	state, _, _ := purego.SyscallN(i.library.insertAppend, i.handle, uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)))
	runtime.KeepAlive(data)
	return int32(state) == 0
}

// Done says that all data are there, waits until they are written and returns
// the number of rows.
func (i *Insert) Done() (uint64, error) {
	i.done = true
	handle, _, _ := purego.SyscallN(i.library.insertDone, i.handle)
	if handle == 0 {
		return 0, &Error{Message: "the engine returned no result"}
	}
	result := &Result{library: i.library, handle: handle}
	defer result.Close()
	return result.RowsWritten(), result.err()
}

// Close frees the INSERT; one that was not Done is cancelled.
func (i *Insert) Close() {
	if i.handle == 0 {
		return
	}
	if !i.done {
		purego.SyscallN(i.library.insertCancel, i.handle)
	}
	purego.SyscallN(i.library.insertDestroy, i.handle)
	i.handle = 0
}

func (i *Insert) err() error {
	text, _, _ := purego.SyscallN(i.library.insertError, i.handle)
	if text == 0 {
		return nil
	}
	return NewError(goString(text))
}
