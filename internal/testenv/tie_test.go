//go:build linux

package testenv

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const asParent = "TESTENV_TIE_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) == "" {
		os.Exit(m.Run())
	}
	cmd := exec.Command("sleep", "600") //nolint:noctx // its end is what the test waits for
	if os.Getenv(asParent) == "tied" {
		Tie(cmd)
	}
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cmd.Process.Pid)
	_ = cmd.Wait()
}

// TestTie kills a process and looks what became of its child.
func TestTie(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"tied", "loose"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			parent := exec.Command(os.Args[0]) //nolint:noctx // the test kills it
			parent.Env = append(os.Environ(), asParent+"="+role)
			out, err := parent.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, parent.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			child, err := strconv.Atoi(strings.TrimSpace(line))
			require.NoError(t, err, line)
			t.Cleanup(func() { _ = syscall.Kill(child, syscall.SIGKILL) }) // it may be gone
			require.NoError(t, parent.Process.Kill())
			_ = parent.Wait() // the status is that of the signal
			if role == "loose" {
				require.False(t, gone(child), "the test cannot fail: the child ends by itself")
				return
			}
			require.Eventually(t, func() bool { return gone(child) }, 10*time.Second, time.Millisecond)
		})
	}
}

// gone reports whether a process is no more, or only waits to be counted.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}
