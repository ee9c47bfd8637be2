package local

import (
	"os"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// badDisk is a disk whose operations fail on request. Half of a failing write
// reaches the file, as it does when a disk fills up.
type badDisk struct {
	vfs.FS
	write, create, sync atomic.Pointer[error]
	free                atomic.Uint64 // 0: what is true
}

func failure(p *atomic.Pointer[error]) error {
	if err := p.Load(); err != nil {
		return *err
	}
	return nil
}

func (d *badDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := failure(&d.create); err != nil {
		return nil, &os.PathError{Op: "create", Path: name, Err: err}
	}
	f, err := d.FS.Create(name, c)
	return &badFile{f, d}, err
}

func (d *badDisk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := failure(&d.create); err != nil {
		return nil, &os.PathError{Op: "create", Path: newname, Err: err}
	}
	f, err := d.FS.ReuseForWrite(oldname, newname, c)
	return &badFile{f, d}, err
}

func (d *badDisk) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	if free := d.free.Load(); free > 0 {
		return vfs.DiskUsage{AvailBytes: free}, nil
	}
	return d.FS.GetDiskUsage(path)
}

type badFile struct {
	vfs.File
	disk *badDisk
}

func (f *badFile) Write(p []byte) (int, error) {
	if err := failure(&f.disk.write); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *badFile) Sync() error {
	if err := failure(&f.disk.sync); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *badFile) SyncData() error {
	if err := failure(&f.disk.sync); err != nil {
		return err
	}
	return f.File.SyncData()
}
