package local

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream"
)

// lines collects what a log says.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.b.String()), "\n")
}

type faults struct {
	log  *Log
	disk *badDisk
	said *lines
}

func setup(t *testing.T) *faults {
	t.Helper()
	f := &faults{disk: &badDisk{FS: vfs.Default}, said: &lines{}}
	f.log = open(t, Config{disk: f.disk, Logger: slog.New(slog.NewTextHandler(f.said, nil))})
	return f
}

// comesBack appends until it succeeds again.
func comesBack(t *testing.T, log *Log, value string) {
	t.Helper()
	require.Eventually(t, func() bool {
		err := log.Append(t.Context(), records(value))
		if err != nil {
			require.ErrorIs(t, err, stream.ErrUnavailable)
		}
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
}

// holds checks that a log has the values that were acknowledged, in order, and
// no other than those of unknown fate.
func holds(t *testing.T, log *Log, acknowledged, unknown []string) {
	t.Helper()
	i := 0
	for _, v := range values(whole(t, log)) {
		if i < len(acknowledged) && v == acknowledged[i] {
			i++
		} else {
			require.Contains(t, unknown, v)
		}
	}
	require.Equal(t, len(acknowledged), i, "acknowledged records are missing")
}

func TestDiskFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		of  func(*badDisk) *atomic.Pointer[error]
		err error
	}{
		"WriteFull":   {func(d *badDisk) *atomic.Pointer[error] { return &d.write }, syscall.ENOSPC},
		"WriteBroken": {func(d *badDisk) *atomic.Pointer[error] { return &d.write }, syscall.EIO},
		"SyncBroken":  {func(d *badDisk) *atomic.Pointer[error] { return &d.sync }, syscall.EIO},
		"SyncFull":    {func(d *badDisk) *atomic.Pointer[error] { return &d.sync }, syscall.ENOSPC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			require.NoError(t, f.log.Append(t.Context(), records("before")))
			p := &partition{log: f.log}
			f.log.setOwner(p)

			fault.of(f.disk).Store(&fault.err)
			var wg sync.WaitGroup
			for range 8 { // those in hand and those that wait
				wg.Go(func() {
					err := f.log.Append(t.Context(), records("meanwhile"))
					if !errors.Is(err, stream.ErrUnavailable) || !errors.Is(err, fault.err) {
						t.Errorf("append: %v", err)
					}
				})
			}
			wg.Wait()
			require.ErrorIs(t, f.log.Append(t.Context(), records("meanwhile")), stream.ErrUnavailable)
			require.ErrorIs(t, p.Commit(t.Context(), stream.Plan{}), stream.ErrUnavailable)
			require.ErrorIs(t, p.Snapshots().Save(t.Context(), 1, 0, strings.NewReader("x")), stream.ErrUnavailable)
			stats, err := f.log.Stats()
			require.NoError(t, err)
			require.ErrorIs(t, stats.Unavailable, stream.ErrUnavailable)
			recs, err := p.Read(t.Context(), 0, 1)
			require.NoError(t, err, "what is there can be read")
			require.Equal(t, "before", string(recs[0].Value))

			fault.of(f.disk).Store(nil)
			comesBack(t, f.log, "after")
			require.NoError(t, p.Commit(t.Context(), stream.Plan{To: 1}))
			holds(t, f.log, []string{"before", "after"}, []string{"meanwhile"})
			said := f.said.all()
			require.Len(t, said, 2, "one line when it begins and one when it is over")
			require.Contains(t, said[0], fault.err.Error())
			require.Contains(t, said[0], f.log.cfg.Dir)
			holds(t, reopen(t, f.log), []string{"before", "after"}, []string{"meanwhile"})
		})
	}
}

// TestDiskReadOnly lets no file be made, which the log only notices when it
// starts its next file.
func TestDiskReadOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var readOnly error = syscall.EROFS
	f.disk.create.Store(&readOnly)
	var want []string
	var err error
	for i := 0; err == nil && i < 100; i++ {
		value := fmt.Sprint(i, noise(50<<10))
		if err = f.log.Append(t.Context(), records(value)); err == nil {
			want = append(want, value)
		}
	}
	require.ErrorIs(t, err, stream.ErrUnavailable)
	require.ErrorIs(t, err, syscall.EROFS)
	f.disk.create.Store(nil)
	comesBack(t, f.log, "after")
	got := values(whole(t, f.log))
	require.Equal(t, want, got[:len(want)])
	require.Equal(t, "after", got[len(got)-1])
	require.Len(t, f.said.all(), 2)
}

func TestDiskLosesAcknowledged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for i := range 3 {
		require.NoError(t, f.log.Append(t.Context(), records(fmt.Sprint(i))))
	}
	var broken error = syscall.EIO
	f.disk.sync.Store(&broken)
	require.ErrorIs(t, f.log.Append(t.Context(), records("x")), stream.ErrUnavailable)
	logs, err := filepath.Glob(filepath.Join(f.log.cfg.Dir, "*.log"))
	require.NoError(t, err)
	for _, name := range logs {
		require.NoError(t, os.Truncate(name, 0))
	}
	f.disk.sync.Store(nil)
	require.Eventually(t, func() bool {
		err := f.log.Append(t.Context(), records("y"))
		require.ErrorIs(t, err, stream.ErrUnavailable)
		return errors.Is(err, errLost)
	}, 20*time.Second, 10*time.Millisecond)
	require.ErrorIs(t, f.log.Close(), errLost)
}

func TestReserve(t *testing.T) {
	t.Parallel()
	f := setup(t)
	require.NoError(t, f.log.Append(t.Context(), records("before")))
	p := &partition{log: f.log}
	f.log.setOwner(p)
	f.disk.free.Store(63 << 20)
	require.Eventually(t, func() bool {
		err := f.log.Append(t.Context(), records("meanwhile"))
		return errors.Is(err, stream.ErrUnavailable) && strings.Contains(err.Error(), "63 MB free")
	}, 5*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Commit(t.Context(), stream.Plan{To: 1}), "what was accepted is still processed")
	f.disk.free.Store(0)
	comesBack(t, f.log, "after")
	require.Len(t, f.said.all(), 2)
}

// TestCloseWhileDown closes a log whose disk does not answer, and opens it
// when the disk does.
func TestCloseWhileDown(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*badDisk) *atomic.Pointer[error]{
		"Write": func(d *badDisk) *atomic.Pointer[error] { return &d.write },
		"Sync":  func(d *badDisk) *atomic.Pointer[error] { return &d.sync },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			require.NoError(t, f.log.Append(t.Context(), records("before")))
			var full error = syscall.ENOSPC
			of(f.disk).Store(&full)
			require.Error(t, f.log.Append(t.Context(), records("meanwhile")))
			require.ErrorIs(t, f.log.Close(), stream.ErrUnavailable)
			_, err := Open(f.log.cfg)
			require.ErrorIs(t, err, stream.ErrUnavailable)
			of(f.disk).Store(nil)
			holds(t, open(t, f.log.cfg), []string{"before"}, []string{"meanwhile"})
		})
	}
	t.Run("Closing", func(t *testing.T) { // fails only when Close writes
		t.Parallel()
		f := setup(t)
		require.NoError(t, f.log.Append(t.Context(), records("before")))
		var full error = syscall.ENOSPC
		f.disk.write.Store(&full)
		require.ErrorIs(t, f.log.Close(), stream.ErrUnavailable)
		f.disk.write.Store(nil)
		require.Equal(t, []string{"before"}, values(whole(t, open(t, f.log.cfg))))
	})
}

// TestTmpfs fills a real file system and makes room again.
func TestTmpfs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=160m"); err != nil {
		testenv.Missing(t, "mounting a tmpfs: "+err.Error())
	}
	defer func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) }()
	said := &lines{}
	cfg := Config{Dir: filepath.Join(dir, "log"), MinFree: 1, Logger: slog.New(slog.NewTextHandler(said, nil))}
	log, err := Open(cfg)
	require.NoError(t, err)
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 120<<20), 0o600))
	var want, unknown []string
	for i := 0; ; i++ {
		value := fmt.Sprint(i, noise(100<<10))
		if err = log.Append(t.Context(), records(value)); err != nil {
			unknown = append(unknown, value)
			break
		}
		want = append(want, value)
	}
	require.ErrorIs(t, err, stream.ErrUnavailable)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, os.Remove(ballast))
	comesBack(t, log, "after")
	want = append(want, "after")
	holds(t, log, want, unknown)
	require.Contains(t, said.all()[0], "no space left")
	require.NoError(t, log.Close())

	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	_, err = Open(cfg)
	require.ErrorIs(t, err, stream.ErrUnavailable)
	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, ""))
	log, err = Open(cfg)
	require.NoError(t, err)
	holds(t, log, want, unknown)
	require.NoError(t, log.Close())
}

// noise returns text that does not compress.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return string(b)
}
