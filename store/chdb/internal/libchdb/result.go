package libchdb

import (
	"regexp"
	"strconv"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Error is what the engine said when it refused or failed a statement.
type Error struct {
	// Code and Name are ClickHouse's, such as 60 and UNKNOWN_TABLE; 0 and empty
	// when the message carries none.
	Code    int
	Name    string
	Message string
}

func (e *Error) Error() string { return e.Message }

var (
	errorCode = regexp.MustCompile(`Code: (\d+)\.`)
	errorName = regexp.MustCompile(`\(([A-Z][A-Z0-9_]+)\)`)
)

// NewError reads code and name out of a message of the engine: the first code
// and the last name, where one error wraps another.
func NewError(message string) *Error {
	failed := &Error{Message: message}
	if found := errorCode.FindStringSubmatch(message); found != nil {
		failed.Code, _ = strconv.Atoi(found[1])
	}
	if found := errorName.FindAllStringSubmatch(message, -1); found != nil {
		failed.Name = found[len(found)-1][1]
	}
	return failed
}

// Result is what a statement returned. Its memory belongs to the engine until
// Close.
type Result struct {
	library *Library
	handle  uintptr
}

// Bytes returns the result in the format that was asked for. The slice is
// valid until Close.
func (r *Result) Bytes() []byte {
	length, _, _ := purego.SyscallN(r.library.resultLength, r.handle)
	buffer, _, _ := purego.SyscallN(r.library.resultBuffer, r.handle)
	if length == 0 || buffer == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(buffer)), length)
}

// RowsWritten returns how many rows an INSERT wrote.
func (r *Result) RowsWritten() uint64 {
	rows, _, _ := purego.SyscallN(r.library.resultRowsWritten, r.handle)
	return uint64(rows)
}

// Read returns how many rows and bytes the statement has read from tables; of a
// piece of a stream, since the piece before.
func (r *Result) Read() (rows, bytes uint64) {
	n, _, _ := purego.SyscallN(r.library.resultRowsRead, r.handle)
	size, _, _ := purego.SyscallN(r.library.resultBytesRead, r.handle)
	return uint64(n), uint64(size)
}

// Close gives the memory back.
func (r *Result) Close() {
	if r.handle != 0 {
		purego.SyscallN(r.library.destroy, r.handle)
		r.handle = 0
	}
}

func (r *Result) err() error {
	text, _, _ := purego.SyscallN(r.library.resultError, r.handle)
	if text == 0 {
		return nil
	}
	return NewError(goString(text))
}
