package testenv

import (
	"os/exec"
	"syscall"
)

// Tie makes a command that was not started yet end with this process, also
// when it is killed and no cleanup runs: a server that nobody stops would keep
// its memory and its port until somebody looks for it. In another user namespace
// the kernel forgets it.
func Tie(cmd *exec.Cmd) *exec.Cmd {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return cmd
}
