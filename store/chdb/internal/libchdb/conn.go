package libchdb

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// ErrConnect says that the engine refused to start or to open one more
// connection. It tells nobody why; what it has to say goes to standard error.
var ErrConnect = errors.New("the engine refused the connection")

// Conn is one session of the engine. It runs one statement at a time; the
// caller serializes.
type Conn struct {
	library *Library
	handle  uintptr // chdb_connection *
	session uintptr // chdb_connection
}

var connecting sync.Mutex

// Connect opens a session. The first one of a process starts the engine with
// the given arguments ("--name=value"); to later ones only query settings
// among them apply.
func (l *Library) Connect(arguments ...string) (*Conn, error) {
	argv := make([]*byte, 0, len(arguments)+1)
	for _, argument := range append([]string{"chdb"}, arguments...) {
		text := append([]byte(argument), 0)
		argv = append(argv, &text[0])
	}
	// The array holds Go pointers and crosses the border, so it must not be
	// moved or collected while the engine reads it.
	var pinned runtime.Pinner
	defer pinned.Unpin()
	for _, argument := range argv {
		pinned.Pin(argument)
	}
	connecting.Lock()
	defer connecting.Unlock()
	var handle uintptr
	keepSignalHandlers(func() {
		handle, _, _ = purego.SyscallN(l.connect, uintptr(len(argv)), uintptr(unsafe.Pointer(&argv[0])))
	})
	runtime.KeepAlive(argv)
	if handle == 0 {
		return nil, ErrConnect
	}
	// Only once it has started has the engine registered what must not run.
	l.exit.Do(func() { l.exitErr = leaveTeardownOut() })
	if l.exitErr != nil {
		return nil, l.exitErr
	}
	return &Conn{library: l, handle: handle, session: *(*uintptr)(pointer(handle))}, nil
}

// Close ends the session. Closing the last one stops the engine.
func (c *Conn) Close() {
	if c.handle == 0 {
		return
	}
	connecting.Lock()
	defer connecting.Unlock()
	keepSignalHandlers(func() { purego.SyscallN(c.library.closeConn, c.handle) })
	c.handle, c.session = 0, 0
}

// Param is one value for a {name:Type} placeholder, in the escaped form of the
// TabSeparated format.
type Param struct{ Name, Value string }

// Query runs one statement and returns its whole result.
func (c *Conn) Query(sql, format string, params ...Param) (*Result, error) {
	return c.run(c.library.query, sql, format, params)
}

func (c *Conn) run(function uintptr, sql, format string, params []Param) (*Result, error) {
	handle := c.call(function, sql, format, params)
	if handle == 0 {
		return nil, &Error{Message: "the engine returned no result"}
	}
	result := &Result{library: c.library, handle: handle}
	if err := result.err(); err != nil {
		result.Close()
		return nil, err
	}
	return result, nil
}

func (c *Conn) call(function uintptr, sql, format string, params []Param) uintptr {
	if len(params) == 0 {
		handle, _, _ := purego.SyscallN(function, c.session,
			uintptr(unsafe.Pointer(unsafe.StringData(sql))), uintptr(len(sql)),
			uintptr(unsafe.Pointer(unsafe.StringData(format))), uintptr(len(format)),
			0, 0, 0, 0, 0)
		runtime.KeepAlive(sql)
		runtime.KeepAlive(format)
		return handle
	}
	var pinned runtime.Pinner
	defer pinned.Unpin()
	names, values := make([]*byte, len(params)), make([]*byte, len(params))
	nameLengths, valueLengths := make([]uintptr, len(params)), make([]uintptr, len(params))
	for i, param := range params {
		// One byte more than the text: an empty string has no address.
		name, value := append([]byte(param.Name), 0), append([]byte(param.Value), 0)
		names[i], values[i] = &name[0], &value[0]
		nameLengths[i], valueLengths[i] = uintptr(len(param.Name)), uintptr(len(param.Value))
		pinned.Pin(names[i])
		pinned.Pin(values[i])
	}
	handle, _, _ := purego.SyscallN(function, c.session,
		uintptr(unsafe.Pointer(unsafe.StringData(sql))), uintptr(len(sql)),
		uintptr(unsafe.Pointer(unsafe.StringData(format))), uintptr(len(format)),
		uintptr(unsafe.Pointer(&names[0])), uintptr(unsafe.Pointer(&nameLengths[0])),
		uintptr(unsafe.Pointer(&values[0])), uintptr(unsafe.Pointer(&valueLengths[0])), uintptr(len(params)))
	runtime.KeepAlive(sql)
	runtime.KeepAlive(format)
	runtime.KeepAlive(names)
	runtime.KeepAlive(values)
	return handle
}
