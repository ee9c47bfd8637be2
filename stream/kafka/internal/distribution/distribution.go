// Package distribution knows which Kafka the tests run, where it lies on this
// machine, and how to bring it there.
package distribution

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Version is that of the broker.
const Version = "4.3.1"

// copier is the plugin of Maven that brings the jars.
const copier = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

// ErrMissing says that the broker is not on this machine.
var ErrMissing = errors.New("no Kafka on this machine: run 'make kafka'")

//go:embed pom.xml
var pom []byte

// lock has a line for each jar: its SHA-256 and its name, as sha256sum prints.
//
//go:embed jars.lock
var lock string

// Path returns where the jars are, or are to be.
func Path() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache directory: %w", err)
	}
	// Another set of jars has another place.
	sum := sha256.Sum256([]byte(lock))
	return filepath.Join(cache, "footfall", "kafka-"+Version+"-"+hex.EncodeToString(sum[:4])), nil
}

// Find returns the folder with the jars, or [ErrMissing].
func Find() (string, error) {
	dir, err := Path()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err != nil {
		return "", ErrMissing
	}
	return dir, nil
}

// Fetch makes sure that the jars are in dir, and returns at once when they
// are. Several processes may do so at the same time: each works aside and
// renames, so that nobody sees half of it.
func Fetch(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the cache directory: %w", err)
	}
	// Beside the target, because a rename must not cross file systems.
	work, err := os.MkdirTemp(filepath.Dir(dir), ".fetch-*")
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	jars := filepath.Join(work, "jars")
	if err := maven(ctx, work, jars); err != nil {
		return err
	}
	if err := Verify(jars); err != nil {
		return err
	}
	if err := os.Rename(jars, dir); err != nil {
		if _, there := os.Stat(dir); there == nil {
			return nil // another process was faster
		}
		return fmt.Errorf("put the jars in place: %w", err)
	}
	return nil
}

// maven asks Maven for the jars, with whatever repositories and proxy the user
// has configured there.
func maven(ctx context.Context, work, jars string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("fetch Kafka %s: Maven is needed for this one download: %w", Version, err)
	}
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom, 0o600); err != nil {
		return fmt.Errorf("write a pom: %w", err)
	}
	command := exec.CommandContext(ctx, mvn, "-q", "-B", copier, "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	command.Dir = work
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("run Maven: %w: %s", err, bytes.TrimSpace(said))
	}
	return nil
}

// Verify compares the jars in a folder with their recorded digests: all of
// them must be there, and nothing else.
func Verify(dir string) error {
	want := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(lock))
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return fmt.Errorf("read the list of jars: %q", lines.Text())
		}
		want[name] = sum
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("verify the jars: %w", err)
	}
	for _, entry := range entries {
		got, err := digest(filepath.Join(dir, entry.Name()))
		if err != nil {
			return fmt.Errorf("verify the jars: %w", err)
		}
		if got != want[entry.Name()] {
			return fmt.Errorf("verify %s: its SHA-256 is %s, not %q", entry.Name(), got, want[entry.Name()])
		}
		delete(want, entry.Name())
	}
	for name := range want {
		return fmt.Errorf("verify the jars: %s is missing", name)
	}
	return nil
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
