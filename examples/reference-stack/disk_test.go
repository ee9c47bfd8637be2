package referencestack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// launchOnDisk starts a server whose data folder is a disk of its own: a file
// system in memory that only this process and its tests see.
func launchOnDisk(t *testing.T, dir, options string) *server {
	t.Helper()
	try := exec.CommandContext(t.Context(), "unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", dir)
	if out, err := try.CombinedOutput(); err != nil {
		testenv.Missing(t, fmt.Sprintf("a file system of the test's own (unshare, mount): %v: %s", err, out))
	}
	// The kernel forgets there that the process is tied, so that it is tied again.
	script := `mount -t tmpfs -o ` + options + ` tmpfs "$1" && exec setpriv --pdeathsig KILL "$2" up --listen 127.0.0.1:0 --data "$1" --tenant "$3"`
	return launchCommand(t, "", exec.Command("unshare", "--user", "--map-root-user", "--mount", //nolint:noctx // the tests decide how it ends
		"sh", "-c", script, "sh", dir, footfallBinary(t), tenantArg))
}

// TestDiskFull fills the disk under a server and frees it again: 503, one clear
// line in the log, nothing lost, nothing torn, and it goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := launchOnDisk(t, dir, "size=400m")
	s.waitReady(t)
	s.dir = fmt.Sprintf("/proc/%d/root%s", s.cmd.Process.Pid, dir) // the folder as the process sees it
	s.readKey(t)

	var url atomic.Pointer[string]
	url.Store(&s.url)
	client, v := newSender(&url), newVisitor("a", 1)
	batch := func() (all []message) {
		for range 100 {
			m, _ := v.next()
			all = append(all, m)
		}
		return all
	}
	first, refused := batch(), batch()
	_, err := client.send(t.Context(), first)
	require.NoError(t, err)

	filler := filepath.Join(s.dir, "filler")
	fill(t, filler)
	require.Eventually(t, func() bool {
		code, text := get(t, s.url+"/readyz")
		return code == http.StatusServiceUnavailable && !strings.Contains(text, `"log":"ok"`)
	}, patience, 20*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = client.send(ctx, refused) // again and again, until the time is up
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, strings.Count(s.stderr.String(), "log takes no events"), s.stderr)

	require.NoError(t, os.Remove(filler))
	_, err = client.send(t.Context(), refused)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		code, _ := get(t, s.url+"/readyz")
		return code == http.StatusOK
	}, patience, 20*time.Millisecond)
	st := s.settled(t)
	require.Equal(t, int64(200), st.Ledger["shop"].Stored)
	require.Len(t, s.events(t), 200)
	s.stop(t)
}

// fill takes all the space of a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer func() { _ = file.Close() }() // it may have no space for its end
	block := make([]byte, 1<<20)
	for err == nil {
		if _, err = file.Write(block); errors.Is(err, syscall.ENOSPC) && len(block) > 1<<10 {
			block, err = block[:1<<10], nil
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// TestReadOnlyFolder starts a server where it cannot write: it says so in one
// line.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	s := launchOnDisk(t, t.TempDir(), "ro")
	require.Equal(t, 1, s.wait(t))
	require.Contains(t, s.stderr.String(), "read-only file system")
	require.Equal(t, 1, strings.Count(s.stderr.String(), "\n"), s.stderr)
}
