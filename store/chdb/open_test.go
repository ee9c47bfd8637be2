package chdb_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	_, err := chdb.Open(t.Context(), chdb.Config{MaxMemory: -1, ConfigFile: filepath.Join(t.TempDir(), "gone.xml")})
	require.ErrorContains(t, err, "Config.Dir is required")
	require.ErrorContains(t, err, "Config.MaxMemory is negative")
	require.ErrorContains(t, err, "gone.xml")

	_, err = chdb.Open(t.Context(), chdb.Config{Dir: t.TempDir(), Library: "/nowhere/libchdb.so"})
	require.ErrorIs(t, err, chdb.ErrNoLibrary)

	chdbtest.Engine(t)
	_, err = chdb.Open(t.Context(), chdb.Config{Dir: t.TempDir()})
	require.ErrorIs(t, err, chdb.ErrInUse)
	require.ErrorContains(t, err, "one per process")
}

// child starts this test binary in another role over a directory.
func child(t *testing.T, role, dir string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	chdbtest.Engine(t) // Skips where there is no library.
	command := testenv.Tie(exec.CommandContext(t.Context(), os.Args[0]))
	command.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir)
	var said bytes.Buffer
	command.Stderr = &said
	return command, &said
}

func TestCloseAndReopen(t *testing.T) {
	t.Parallel()
	command, said := child(t, "reopen", t.TempDir())
	out, err := command.Output()
	require.NoError(t, err, said.String())
	require.Empty(t, string(out), "the engine keeps away from standard output")
	require.Empty(t, said.String())
}

// hold starts a child that has the directory open, and waits until it has.
func hold(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	command, _ := child(t, "hold", dir)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return command
}

func TestSecondProcessIsToldSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder := hold(t, dir)
	second, said := child(t, "hold", dir)
	require.Error(t, second.Run())
	require.Contains(t, said.String(), "in use")
	require.Contains(t, said.String(), "another process")

	// Whatever ends a process, it ends at once, and the next one finds the rows.
	require.NoError(t, holder.Process.Signal(syscall.SIGTERM))
	ended := time.Now()
	require.Error(t, holder.Wait())
	require.Less(t, time.Since(ended), 30*time.Second)
	holder = hold(t, dir)
	require.NoError(t, holder.Process.Kill())
	require.Error(t, holder.Wait())
	command, said := child(t, "count", dir)
	out, err := command.Output()
	require.NoError(t, err, said.String())
	require.Equal(t, "2\n", string(out), "each holder inserted one row")
}

func TestCloseEndsWhatRuns(t *testing.T) {
	t.Parallel()
	command, said := child(t, "drain", t.TempDir())
	require.NoError(t, command.Run(), said.String())
}

func TestForgottenCloseDoesNotHang(t *testing.T) {
	t.Parallel()
	command, said := child(t, "forget", t.TempDir())
	started := time.Now()
	require.NoError(t, command.Run(), said.String())
	require.Less(t, time.Since(started), time.Minute)
}
