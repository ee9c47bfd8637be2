package stack

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRunningDocs holds docs/running.md against the code: it names every metric
// there is and no other, tests that exist, and flags that some command has.
func TestRunningDocs(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "running.md"))
	require.NoError(t, err)
	metrics, tests := map[string]bool{}, map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				tests[found[1]] = true
			}
			return nil
		}
		for _, name := range metricsOf(string(text)) {
			metrics[name] = true
		}
		return nil
	}))
	named := func(pattern string) []string {
		found := map[string]bool{}
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(page), -1) {
			found[match[1]] = true
		}
		return slices.Sorted(maps.Keys(found))
	}
	require.Equal(t, slices.Sorted(maps.Keys(metrics)), named("`(footfall_[a-z_]+)"))
	for _, name := range named("`(Test[A-Za-z]+)`") {
		require.True(t, tests[name], "there is no %s", name)
	}
	routes, err := os.ReadFile(filepath.Join(root, "docs", "http.md")) // which TestDocs holds against the flags
	require.NoError(t, err)
	for _, flag := range named("`[^`\n]*(--[a-z][a-z-]+)[^`\n]*`") {
		require.Contains(t, string(routes), "`"+flag, "no command has the flag")
	}
}

// metricsOf finds the instruments that a file makes, by the names that
// Prometheus shows.
func metricsOf(text string) (names []string) {
	add := func(kind, name, unit string) {
		name = strings.ReplaceAll(name, ".", "_")
		if unit == "s" {
			name += "_seconds"
		}
		if kind == "Int64Counter" || kind == "counter" {
			name += "_total"
		}
		names = append(names, name)
	}
	for _, found := range regexp.MustCompile(`\.(Int64Counter|Int64UpDownCounter|Float64Histogram|\w+ObservableGauge)\("(footfall[a-z.]+)",\s*metric\.WithUnit\("([^"]*)"\)`).FindAllStringSubmatch(text, -1) {
		add(found[1], found[2], found[3])
	}
	for _, found := range regexp.MustCompile(`= (counter|gauge)\("([a-z.]+)", "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		add(found[1], "footfall.stream."+found[2], found[3])
	}
	return names
}
