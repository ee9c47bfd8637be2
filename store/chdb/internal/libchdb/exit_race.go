//go:build race && linux

package libchdb

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// leaveTeardownOut makes the end of the process skip what the engine has
// registered with atexit. A Go program never runs that, except under the race
// detector, which ends a process through C's exit: the engine would then be
// torn down under its running statements, which crashes. So the last handler
// registered, hence the first to run, is _exit itself; on_exit hands it the
// status.
func leaveTeardownOut() error {
	onExit, err := purego.Dlsym(purego.RTLD_DEFAULT, "on_exit")
	if err != nil {
		return fmt.Errorf("find on_exit: %w", err)
	}
	exit, err := purego.Dlsym(purego.RTLD_DEFAULT, "_exit")
	if err != nil {
		return fmt.Errorf("find _exit: %w", err)
	}
	if failed, _, _ := purego.SyscallN(onExit, exit, 0); failed != 0 {
		return fmt.Errorf("register _exit: status %d", failed)
	}
	return nil
}
