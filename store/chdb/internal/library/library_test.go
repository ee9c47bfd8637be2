package library_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb/internal/library"
)

// archive writes a package with the given members and returns its description
// and a Packer that hands out a copy of it.
func archive(t *testing.T, content string, members ...string) (library.Package, library.Packer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lib.tgz")
	file, err := os.Create(path)
	require.NoError(t, err)
	zipped := gzip.NewWriter(file)
	out := tar.NewWriter(zipped)
	for _, name := range members {
		require.NoError(t, out.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err := out.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, out.Close())
	require.NoError(t, zipped.Close())
	require.NoError(t, file.Close())
	raw, err := os.ReadFile(path)
	require.NoError(t, err)

	whole, sum := sha512.Sum512(raw), sha256.Sum256([]byte(content))
	described := library.Package{
		Name: "lib", Version: "1", Member: "package/libchdb.so",
		Integrity: "sha512-" + base64.StdEncoding.EncodeToString(whole[:]),
		Size:      int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
	return described, func(_ context.Context, spec, dir string) (string, error) {
		copied := filepath.Join(dir, "lib.tgz")
		if spec != "lib@1" {
			return "", errors.New("asked for " + spec)
		}
		return copied, os.WriteFile(copied, raw, 0o600)
	}
}

func TestFetchUnpacksTheLibraryOnce(t *testing.T) {
	t.Parallel()
	described, pack := archive(t, "ELF", "package/index.js", "package/libchdb.so")
	path := filepath.Join(t.TempDir(), "deep", "libchdb.so")

	require.NoError(t, described.Fetch(t.Context(), path, pack))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "ELF", string(got))
	require.NoError(t, described.Verify(path))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "the archive and the temporary directory are gone")

	require.NoError(t, described.Fetch(t.Context(), path, func(context.Context, string, string) (string, error) {
		return "", errors.New("asked again")
	}))
}

func TestFetchReplacesATornLibrary(t *testing.T) {
	t.Parallel()
	described, pack := archive(t, "ELF", "package/libchdb.so")
	path := filepath.Join(t.TempDir(), "libchdb.so")
	require.NoError(t, os.WriteFile(path, []byte("E"), 0o600))
	require.NoError(t, described.Fetch(t.Context(), path, pack))
	require.NoError(t, described.Verify(path))
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		members []string
		change  func(*library.Package)
		want    string
	}{
		"another archive": {[]string{"package/libchdb.so"}, func(p *library.Package) { p.Integrity = "sha512-AAAA" }, "integrity"},
		"no library":      {[]string{"package/index.js"}, func(*library.Package) {}, "no member"},
		"another size":    {[]string{"package/libchdb.so"}, func(p *library.Package) { p.Size++ }, "bytes long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			described, pack := archive(t, "ELF", test.members...)
			test.change(&described)
			path := filepath.Join(t.TempDir(), "libchdb.so")
			require.ErrorContains(t, described.Fetch(t.Context(), path, pack), test.want)
			require.NoFileExists(t, path)
		})
	}
}

func TestVerifyFindsAnotherContent(t *testing.T) {
	t.Parallel()
	described, _ := archive(t, "ELF", "package/libchdb.so")
	path := filepath.Join(t.TempDir(), "libchdb.so")
	require.NoError(t, os.WriteFile(path, []byte("elf"), 0o600))
	require.ErrorContains(t, described.Verify(path), "fetch again")
}

func TestNPMSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := library.NPM(t.Context(), "lib@1", t.TempDir())
	require.ErrorContains(t, err, "npm")
}

func TestFindPrefersTheNamedCopy(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own.so")
	require.NoError(t, os.WriteFile(own, nil, 0o600))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv(library.PathVariable, "")
	_, err := library.Pinned.Find("")
	require.ErrorIs(t, err, library.ErrMissing)
	require.ErrorContains(t, err, "go run ./store/chdb/fetch")

	t.Setenv(library.PathVariable, own)
	path, err := library.Pinned.Find("")
	require.NoError(t, err)
	require.Equal(t, own, path)

	t.Setenv(library.PathVariable, own+".gone")
	_, err = library.Pinned.Find("")
	require.ErrorIs(t, err, library.ErrMissing, "a named copy that is gone is not replaced by another")
	require.ErrorContains(t, err, library.PathVariable)
}
