// Package libchdb binds the C interface of the ClickHouse engine, one to one
// and without cgo. It knows nothing of pools, HTTP or settings.
//
// Every call blocks its thread until the engine has answered.
package libchdb

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is a loaded engine library. There is one per process: the engine
// keeps its state in globals, so it is never unloaded.
type Library struct {
	path    string
	exit    sync.Once
	exitErr error

	connect, closeConn                               uintptr
	query, stream, fetch, cancelStream               uintptr
	insert, insertAppend, insertDone, insertError    uintptr
	insertCancel, insertDestroy                      uintptr
	resultBuffer, resultLength, resultError, destroy uintptr
	resultRowsWritten                                uintptr
	resultRowsRead, resultBytesRead                  uintptr
	version, setSignals                              uintptr
}

var (
	loading sync.Mutex
	loaded  *Library
)

// Load opens the library at path, or returns the one that is open already. A
// process can hold one only: asking for another path is an error.
func Load(path string) (*Library, error) {
	loading.Lock()
	defer loading.Unlock()
	if loaded != nil {
		if loaded.path != path {
			return nil, fmt.Errorf("load %s: this process has loaded %s already", path, loaded.path)
		}
		return loaded, nil
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	library := &Library{path: path}
	if err := library.bind(handle); err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	// Before anything connects: the engine would otherwise put its crash
	// handlers over those the Go runtime lives by.
	keepSignalHandlers(func() { purego.SyscallN(library.setSignals, 0) })
	loaded = library
	return library, nil
}

func (l *Library) bind(handle uintptr) error {
	var missing error
	for _, symbol := range []struct {
		to   *uintptr
		name string
	}{
		{&l.connect, "chdb_connect"},
		{&l.closeConn, "chdb_close_conn"},
		{&l.query, "chdb_query_with_params_n"},
		{&l.stream, "chdb_stream_query_with_params_n"},
		{&l.fetch, "chdb_stream_fetch_result"},
		{&l.cancelStream, "chdb_stream_cancel_query"},
		{&l.insert, "chdb_stream_insert_with_params_n"},
		{&l.insertAppend, "chdb_stream_append"},
		{&l.insertDone, "chdb_stream_done"},
		{&l.insertError, "chdb_stream_insert_error"},
		{&l.insertCancel, "chdb_stream_cancel_insert"},
		{&l.insertDestroy, "chdb_destroy_insert_stream"},
		{&l.resultBuffer, "chdb_result_buffer"},
		{&l.resultLength, "chdb_result_length"},
		{&l.resultError, "chdb_result_error"},
		{&l.resultRowsWritten, "chdb_result_rows_written"},
		{&l.resultRowsRead, "chdb_result_storage_rows_read"},
		{&l.resultBytesRead, "chdb_result_storage_bytes_read"},
		{&l.destroy, "chdb_destroy_query_result"},
		{&l.version, "chdb_version"},
		{&l.setSignals, "chdb_set_signal_handlers_enabled"},
	} {
		address, err := purego.Dlsym(handle, symbol.name)
		if err != nil {
			missing = errors.Join(missing, err)
		}
		*symbol.to = address
	}
	return missing
}

// Version returns the library's own version.
func (l *Library) Version() string {
	text, _, _ := purego.SyscallN(l.version)
	return goString(text)
}

// pointer turns an address the library returned into a pointer. The memory is
// not Go's, so nothing moves or frees it behind our back.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

func goString(address uintptr) string {
	if address == 0 {
		return ""
	}
	length := 0
	for *(*byte)(unsafe.Add(pointer(address), length)) != 0 {
		length++
	}
	return string(unsafe.Slice((*byte)(pointer(address)), length))
}
