package stack

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocsNameEveryStatus holds the tables of docs/http.md against the statuses
// that the code of each door answers with: one that is missing on either side
// is a promise that is not kept.
func TestDocsNameEveryStatus(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "http.md"))
	require.NoError(t, err)
	for section, packages := range map[string][]string{
		"Sending": {"ingest"},
		"Errors":  {"query", "keep", "examples/reference-stack/stack"},
	} {
		_, page, found := strings.Cut(string(text), "\n## "+section)
		require.True(t, found, section)
		page, _, _ = strings.Cut(page, "\n## ")
		told := map[int]bool{}
		for _, row := range regexp.MustCompile(`(?m)^\| (\d{3}(?:, \d{3})*) \|`).FindAllStringSubmatch(page, -1) {
			for number := range strings.SplitSeq(row[1], ", ") {
				status, err := strconv.Atoi(number)
				require.NoError(t, err)
				require.False(t, told[status], "%d stands twice under %s", status, section)
				told[status] = true
			}
		}
		answered := map[int]bool{}
		for _, dir := range packages {
			for status := range statusesOf(t, filepath.Join(root, filepath.FromSlash(dir))) {
				if status >= http.StatusBadRequest {
					answered[status] = true
				} else {
					// What went well stands beside its route, 200 where there is none.
					require.True(t, status == http.StatusOK || strings.Contains(string(text), strconv.Itoa(status)), status)
				}
			}
		}
		require.Equal(t, slices.Sorted(maps.Keys(answered)), slices.Sorted(maps.Keys(told)), "answered, and told under %s", section)
	}
}

// statusesOf finds the statuses that a package names, but for those it only
// compares with, which are the answers of others.
func statusesOf(tb testing.TB, dir string) map[int]bool {
	tb.Helper()
	numbers := map[string]int{}
	for status := 100; status < 600; status++ {
		numbers["Status"+strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(status))] = status
	}
	out := map[int]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(tb, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(tb, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				return n.Op == token.LAND || n.Op == token.LOR
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Status" {
					_, number := n.Value.(*ast.BasicLit)
					require.False(tb, number, "%s: a status has a name", name)
				}
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if !ok || pkg.Name != "http" || !strings.HasPrefix(n.Sel.Name, "Status") || n.Sel.Name == "StatusText" {
					return true
				}
				status, known := numbers[n.Sel.Name]
				require.True(tb, known, "%s: %s is not the text of a status", name, n.Sel.Name)
				out[status] = true
			}
			return true
		})
	}
	require.NotEmpty(tb, out, dir)
	return out
}
