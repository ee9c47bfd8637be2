package testenv

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed testdata/killrename.c
var killRename []byte

// RenameKiller compiles the library that kills a process in the middle of an
// insert and returns its path, which belongs into LD_PRELOAD: with KILL_RENAME=n
// ClickHouse dies at n of 1000 renames of new parts, after it has noted that it
// has them and before it has.
func RenameKiller(tb testing.TB) string {
	tb.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		Missing(tb, "no C compiler: "+err.Error())
	}
	dir := tb.TempDir()
	source, library := filepath.Join(dir, "killrename.c"), filepath.Join(dir, "killrename.so")
	if err := os.WriteFile(source, killRename, 0o600); err != nil {
		tb.Fatal(err)
	}
	if said, err := exec.CommandContext(tb.Context(), cc, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		tb.Fatalf("compile %s: %v: %s", source, err, said)
	}
	return library
}
