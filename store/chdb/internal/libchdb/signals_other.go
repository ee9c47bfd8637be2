//go:build !linux

package libchdb

// keepSignalHandlers trusts the library's own promise not to touch signal
// handlers once it was told so; only on Linux is that promise checked.
func keepSignalHandlers(f func()) { f() }
