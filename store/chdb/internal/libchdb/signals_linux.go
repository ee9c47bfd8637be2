package libchdb

import (
	"syscall"
	"unsafe"
)

// keptSignals are those whose handlers the Go runtime cannot do without, and
// those the engine is known to reset.
var keptSignals = [...]syscall.Signal{
	syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE,
	syscall.SIGSEGV, syscall.SIGTSTP, syscall.SIGURG, syscall.SIGSYS,
}

// sigaction is the kernel's structure, not libc's: what the kernel returned
// can be given back to it bit for bit.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// keepSignalHandlers calls f and puts the handlers back that f changed. While
// f runs they may be wrong, so f should be short or early in the process.
func keepSignalHandlers(f func()) {
	var before [len(keptSignals)]sigaction
	for i, signal := range keptSignals {
		rtSigaction(signal, nil, &before[i])
	}
	f()
	for i, signal := range keptSignals {
		var after sigaction
		rtSigaction(signal, nil, &after)
		if after != before[i] {
			rtSigaction(signal, &before[i], nil)
		}
	}
}

func rtSigaction(signal syscall.Signal, set, old *sigaction) {
	// It cannot fail: the signals are real ones, and so is the memory.
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(set.mask), 0, 0)
}
