package library

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Packer brings the archive of a package into dir and returns its path.
type Packer func(ctx context.Context, spec, dir string) (string, error)

// Fetch makes sure that the package's library lies at path. It returns at once
// when it does. Several processes may fetch at the same time: each unpacks
// aside and renames, so nobody ever sees half a library.
func (p Package) Fetch(ctx context.Context, path string, pack Packer) error {
	if p.Present(path) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the cache directory: %w", err)
	}
	// Beside the target, because a rename must not cross file systems.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".fetch-*")
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	archive, err := pack(ctx, p.Name+"@"+p.Version, dir)
	if err != nil {
		return err
	}
	if err := p.checkArchive(archive); err != nil {
		return err
	}
	unpacked := filepath.Join(dir, fileName)
	if err := p.unpack(archive, unpacked); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
	}
	if !p.Present(unpacked) {
		return fmt.Errorf("unpack %s: %s is not %d bytes long", filepath.Base(archive), p.Member, p.Size)
	}
	if err := os.Rename(unpacked, path); err != nil {
		return fmt.Errorf("put the library in place: %w", err)
	}
	return nil
}

// Verify compares the whole library at path with the recorded digest.
func (p Package) Verify(path string) error {
	sum := sha256.New()
	if err := digest(path, sum); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 {
		return fmt.Errorf("verify %s: its SHA-256 is %s, not %s; delete it and fetch again", path, got, p.SHA256)
	}
	return nil
}

func (p Package) checkArchive(path string) error {
	sum := sha512.New()
	if err := digest(path, sum); err != nil {
		return err
	}
	got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	if got != p.Integrity {
		return fmt.Errorf("check %s@%s: its integrity is %s, not %s", p.Name, p.Version, got, p.Integrity)
	}
	return nil
}

func (p Package) unpack(archive, target string) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	members := tar.NewReader(unzipped)
	for {
		member, err := members.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("no member %s", p.Member)
		}
		if err != nil {
			return err
		}
		if member.Name == p.Member && member.Typeflag == tar.TypeReg {
			return writeSynced(target, members)
		}
	}
}

func writeSynced(path string, from io.Reader) (err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, from); err != nil {
		return err
	}
	return out.Sync()
}

func digest(path string, to io.Writer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(to, file)
	return err
}

// NPM is the Packer that asks npm, with whatever registry and proxy the user
// has configured there.
func NPM(ctx context.Context, spec, dir string) (string, error) {
	if !Supported() {
		return "", fmt.Errorf("fetch %s: it runs on linux/amd64 only, this is %s/%s; set %s to your own copy of libchdb",
			spec, runtime.GOOS, runtime.GOARCH, PathVariable)
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("fetch %s: npm is needed for this one download: %w", spec, err)
	}
	var said bytes.Buffer
	command := exec.CommandContext(ctx, npm, "pack", "--silent", spec)
	command.Dir = dir
	command.Stderr, command.Stdout = &said, &said
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("run npm pack %s: %w: %s", spec, err, strings.TrimSpace(said.String()))
	}
	// npm prints the file's name, but what else it prints depends on its
	// version; the directory was empty before.
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return "", err
	}
	if len(archives) != 1 {
		return "", fmt.Errorf("run npm pack %s: it left %d archives: %s", spec, len(archives), strings.TrimSpace(said.String()))
	}
	return archives[0], nil
}
