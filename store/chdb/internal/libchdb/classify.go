package libchdb

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Class is what a statement does to state that outlives it.
type Class uint32

// The classes, as the engine's parser decides them.
const (
	ReadOnly Class = iota
	Mutating
	MutatingGlobal
	// Control statements change the session or the server: USE, SET, KILL, ….
	Control
	// Unknown text did not parse.
	Unknown
)

// Classify parses sql without running it. It returns how many statements the
// text holds and the class of the weightiest.
func (c *Conn) Classify(sql string) (int, Class) {
	// chdb_query_analysis_v1: size, statements, flags, class.
	var report [4]uint32
	report[0] = uint32(unsafe.Sizeof(report))
	report[3] = uint32(Unknown)
	purego.SyscallN(c.library.classify, c.session,
		uintptr(unsafe.Pointer(unsafe.StringData(sql))), uintptr(len(sql)), 0, 0, uintptr(unsafe.Pointer(&report)))
	runtime.KeepAlive(sql)
	return int(report[1]), Class(report[3])
}
