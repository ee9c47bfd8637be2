// Package library knows which build of the ClickHouse engine Footfall is made
// for, where it lies on this machine, and how to bring it there.
package library

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Package is one published build of the engine's shared library.
type Package struct {
	Name    string
	Version string
	// Integrity is the published digest of the archive, in the form of
	// Subresource Integrity ("sha512-" and base64).
	Integrity string
	// Member is the path of the shared library inside the archive.
	Member string
	// Size and SHA256 describe the unpacked shared library. The size is what a
	// quick look compares; the digest is for Verify.
	Size   int64
	SHA256 string
}

// Pinned is the build that is tested: linux/amd64 with glibc.
var Pinned = Package{
	Name:      "@chdb/lib-linux-x64-gnu",
	Version:   "26.7.3-stable.1",
	Integrity: "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
	Member:    "package/libchdb.so",
	Size:      566330096,
	SHA256:    "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5",
}

const (
	// PathVariable names the environment variable that points to the user's own
	// copy of the library.
	PathVariable = "CHDB_LIB_PATH"
	// Command fetches the library.
	Command = "go run github.com/footfall-go/footfall/store/chdb/fetch"

	fileName = "libchdb.so"
)

// ErrMissing is reported by Find when there is no library on this machine.
var ErrMissing = errors.New("the ClickHouse engine is not on this machine")

// Supported reports whether the pinned build runs on this platform.
func Supported() bool { return runtime.GOOS == "linux" && runtime.GOARCH == "amd64" }

// Path returns where the pinned build belongs in the user's cache, whether it
// is there or not.
func (p Package) Path() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	return filepath.Join(cache, "footfall", p.Version, fileName), nil
}

// Present reports whether path holds the library, judged by its size: files
// get there by a rename of something that was checked in full.
func (p Package) Present(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == p.Size
}

// Find returns the path of the library to load: explicit, or what
// CHDB_LIB_PATH names, or the fetched copy of the pinned build. A path that
// somebody named is never replaced by another one.
func (p Package) Find(explicit string) (string, error) {
	for _, named := range []struct{ path, by string }{
		{explicit, "Config.Library"},
		{os.Getenv(PathVariable), PathVariable},
	} {
		if named.path == "" {
			continue
		}
		if _, err := os.Stat(named.path); err != nil {
			return "", fmt.Errorf("%w: %s: %w", ErrMissing, named.by, err)
		}
		return named.path, nil
	}
	if !Supported() {
		return "", fmt.Errorf("%w: there is no tested build for %s/%s; set %s to a copy of libchdb %s",
			ErrMissing, runtime.GOOS, runtime.GOARCH, PathVariable, p.Version)
	}
	path, err := p.Path()
	if err != nil {
		return "", err
	}
	if !p.Present(path) {
		return "", fmt.Errorf("%w: fetch it once with `%s` (in a clone: `go run ./store/chdb/fetch`)", ErrMissing, Command)
	}
	return path, nil
}
