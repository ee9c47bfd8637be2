package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is the file system a database writes through. Pebble ends the process
// when its write-ahead log or its manifest cannot be written; so it never
// learns of that: an operation that fails is tried again until it succeeds,
// and to Pebble the disk is slow. The log hears of it through a watcher and
// refuses what it is asked meanwhile.
//
// A failed sync is different: what the kernel held may be gone, and a second
// sync would lie. The disk is then frozen: whatever would change it blocks for
// ever, the database above it is abandoned, and the log opens another on what
// the disk really holds.
type disk struct {
	vfs.FS
	watch watcher

	// gate is held for reading by operations and for writing to freeze, so
	// that no operation is under way when a new database opens the files.
	gate   sync.RWMutex
	frozen chan struct{}
}

// watcher is told about a disk's failures. Its methods do not block.
type watcher interface {
	stuck(err error)  // an operation failed and is being repeated
	freed()           // it succeeded
	broken(err error) // the disk is frozen
}

func newDisk(base vfs.FS, watch watcher) *disk {
	return &disk{FS: base, watch: watch, frozen: make(chan struct{})}
}

// freeze stops all changes for ever; only the first call tells the watcher.
func (d *disk) freeze(err error) {
	d.gate.Lock()
	select {
	case <-d.frozen:
		d.gate.Unlock()
		return
	default:
	}
	close(d.frozen)
	d.gate.Unlock()
	d.watch.broken(err)
}

// enter waits for ever once the disk is frozen.
func (d *disk) enter() {
	d.gate.RLock()
	select {
	case <-d.frozen:
		d.gate.RUnlock()
		select {}
	default:
	}
}

// The time between two attempts grows from the first to the second.
const (
	firstRetry = 20 * time.Millisecond
	lastRetry  = time.Second
)

// insist repeats op until it succeeds or says something about names, which is
// an answer and no failure.
func (d *disk) insist(op func() error) error {
	failed := false
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		d.enter()
		err := op()
		d.gate.RUnlock()
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
			if failed {
				d.watch.freed()
			}
			return err
		}
		if !failed {
			failed = true
			d.watch.stuck(err)
		}
		select {
		case <-time.After(pause):
		case <-d.frozen:
		}
	}
}

// sync runs an operation that must not be repeated.
func (d *disk) sync(name string, op func() error) error {
	d.enter()
	err := op()
	d.gate.RUnlock()
	if err != nil {
		d.freeze(&fs.PathError{Op: "sync", Path: name, Err: err})
		select {}
	}
	return nil
}

func (d *disk) open(name string, op func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := d.insist(func() (err error) {
		f, err = op()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d, name: name}, nil
}

func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open(name, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

func (d *disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.open(name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, c, opts...) })
}

func (d *disk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open(newname, func() (vfs.File, error) { return d.FS.ReuseForWrite(oldname, newname, c) })
}

// OpenDir wraps the folder because its sync counts as much as a file's.
func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d, name: name}, nil
}

func (d *disk) Link(oldname, newname string) error {
	return d.insist(func() error { return d.FS.Link(oldname, newname) })
}

func (d *disk) Rename(oldname, newname string) error {
	return d.insist(func() error { return d.FS.Rename(oldname, newname) })
}

func (d *disk) MkdirAll(dir string, perm os.FileMode) error {
	return d.insist(func() error { return d.FS.MkdirAll(dir, perm) })
}

// Remove and RemoveAll may fail: Pebble tries again when it is opened.
func (d *disk) Remove(name string) error {
	d.enter()
	defer d.gate.RUnlock()
	return d.FS.Remove(name)
}

func (d *disk) RemoveAll(name string) error {
	d.enter()
	defer d.gate.RUnlock()
	return d.FS.RemoveAll(name)
}

// Lock does nothing: the log holds the lock longer than any database.
func (d *disk) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (d *disk) Unwrap() vfs.FS { return d.FS }

// diskFile is a file of a [disk].
type diskFile struct {
	vfs.File
	disk *disk
	name string
}

func (f *diskFile) Write(p []byte) (written int, err error) {
	err = f.disk.insist(func() error {
		n, err := f.File.Write(p[written:])
		written += max(n, 0)
		return err
	})
	return written, err
}

func (f *diskFile) WriteAt(p []byte, off int64) (written int, err error) {
	err = f.disk.insist(func() error {
		n, err := f.File.WriteAt(p[written:], off+int64(written))
		written += max(n, 0)
		return err
	})
	return written, err
}

// Preallocate only saves time, so that failing is no news.
func (f *diskFile) Preallocate(offset, length int64) error {
	f.disk.enter()
	defer f.disk.gate.RUnlock()
	_ = f.File.Preallocate(offset, length)
	return nil
}

func (f *diskFile) Sync() error     { return f.disk.sync(f.name, f.File.Sync) }
func (f *diskFile) SyncData() error { return f.disk.sync(f.name, f.File.SyncData) }

func (f *diskFile) SyncTo(length int64) (full bool, err error) {
	err = f.disk.sync(f.name, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// Close may report an error of an earlier write, but all that counts has been
// synced before.
func (f *diskFile) Close() error {
	_ = f.File.Close()
	return nil
}
