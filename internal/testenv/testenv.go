// Package testenv tells a test what the machine it runs on has to offer.
//
// A developer's machine may lack a component (the embedded engine, real data,
// a broker); a test then skips and says why. Continuous integration sets
// FOOTFALL_TEST_REQUIRE=1, and such a skip becomes a failure there, so that
// nothing is left untested in silence.
package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// Missing ends the test because what it needs is not on this machine: by a
// skip, or by a failure where FOOTFALL_TEST_REQUIRE=1 demands everything.
func Missing(tb testing.TB, reason string) {
	tb.Helper()
	if os.Getenv("FOOTFALL_TEST_REQUIRE") == "1" {
		tb.Fatalf("FOOTFALL_TEST_REQUIRE=1, but: %s", reason)
	}
	tb.Skip(reason)
}

// Data returns the path of a file below the folder FOOTFALL_TEST_DATA names.
// Without the variable the test skips, even in continuous integration: the
// data is no part of the project.
func Data(tb testing.TB, elem ...string) string {
	tb.Helper()
	dir := os.Getenv("FOOTFALL_TEST_DATA")
	if dir == "" {
		tb.Skip("FOOTFALL_TEST_DATA names no folder with real data")
	}
	path := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		Missing(tb, "real data: "+err.Error())
	}
	return path
}
