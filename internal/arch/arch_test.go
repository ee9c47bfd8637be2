package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const module = "github.com/footfall-go/footfall"

// file is one Go file with what it imports.
type file struct {
	path    string // slash-separated, relative to the module
	pkg     string // its folder; "." for the root
	imports []string
}

// parse reads the import clauses of all Go files that are no tests.
func parse(tree fs.FS) ([]file, error) {
	var files []file
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := path.Base(name); d.IsDir() && name != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{path: name, pkg: path.Dir(name)}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// own returns an import path relative to the module.
func own(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// standard reports whether an import path is the standard library's, whose
// first element never has a dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == prefix || strings.HasPrefix(name, prefix+"/")
	}
	return pattern == name
}

// ruleOf returns the rule of a package: its own, or for a package below
// somebody's internal folder, that of the owner.
func ruleOf(pkg string) (r rule, owner string, ok bool) {
	if r, ok = rules[pkg]; ok {
		return r, pkg, true
	}
	if before, _, found := strings.Cut(pkg, "/internal/"); found {
		r, ok = rules[before]
		return r, before, ok
	}
	return rule{}, "", false
}

// check returns a line for each import the table does not allow.
func check(files []file) []string {
	var wrong []string
	for _, f := range files {
		if f.pkg == "examples" || strings.HasPrefix(f.pkg, "examples/") {
			continue // They may import anything.
		}
		r, owner, ok := ruleOf(f.pkg)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: package %s has no line in the table of internal/arch", f.path, f.pkg))
			continue
		}
		for _, imported := range f.imports {
			if !r.allows(owner, imported) {
				wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s", f.path, f.pkg, imported))
			}
		}
	}
	return wrong
}

func (r rule) allows(owner, imported string) bool {
	if imported == "testing" || strings.HasPrefix(imported, "testing/") {
		return r.testing
	}
	if standard(imported) {
		return true
	}
	if name, ok := own(imported); ok {
		if matches(owner+"/internal/...", name) {
			return true
		}
		return slices.ContainsFunc(r.own, func(pattern string) bool { return matches(pattern, name) })
	}
	return slices.ContainsFunc(r.vendors, func(prefix string) bool {
		return imported == prefix || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/")
	})
}

// foreign returns the import paths outside the module and the standard library
// that a package reaches through this module's packages, each with the file
// that imports it.
func foreign(files []file, pkg string) map[string]string {
	byPackage := map[string][]file{}
	for _, f := range files {
		byPackage[f.pkg] = append(byPackage[f.pkg], f)
	}
	found, seen := map[string]string{}, map[string]bool{}
	var visit func(string)
	visit = func(pkg string) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		for _, f := range byPackage[pkg] {
			for _, imported := range f.imports {
				if name, ok := own(imported); ok {
					visit(name)
				} else if !standard(imported) {
					found[imported] = f.path
				}
			}
		}
	}
	visit(pkg)
	return found
}

func TestArrows(t *testing.T) {
	t.Parallel()
	files, err := parse(os.DirFS("../.."))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	require.Empty(t, check(files))
}

func TestCoreCompilesNoVendor(t *testing.T) {
	t.Parallel()
	files, err := parse(os.DirFS("../.."))
	require.NoError(t, err)
	for _, pkg := range light {
		t.Run(pkg, func(t *testing.T) {
			t.Parallel()
			require.True(t, slices.ContainsFunc(files, func(f file) bool { return f.pkg == pkg }), "no such package")
			for imported, where := range foreign(files, pkg) {
				if pkg == "ingest" && strings.HasPrefix(imported, packer+"/") {
					continue
				}
				require.True(t, strings.HasPrefix(imported+"/", otelAPI+"/"), "%s imports %s", where, imported)
				require.NotContains(t, imported, otelAPI+"/sdk", "%s imports the SDK; only the API is free of cost", where)
			}
		})
	}
}

// TestTableIsNeeded keeps the table from allowing what nothing does: a line of
// a package that is gone, a vendor that a driver no longer imports.
func TestTableIsNeeded(t *testing.T) {
	t.Parallel()
	files, err := parse(os.DirFS("../.."))
	require.NoError(t, err)
	imported := map[string][]string{} // by the package whose rule counts
	for _, f := range files {
		if _, owner, ok := ruleOf(f.pkg); ok {
			imported[owner] = append(imported[owner], f.imports...)
		}
	}
	for pkg, r := range rules {
		require.Contains(t, imported, pkg, "no such package")
		for _, vendor := range r.vendors {
			if vendor == otelAPI || vendor == testify {
				continue // every package of a kind has these
			}
			require.True(t, slices.ContainsFunc(imported[pkg], func(i string) bool {
				return strings.HasPrefix(i+"/", strings.TrimSuffix(vendor, "/")+"/")
			}), "%s does not import %s", pkg, vendor)
		}
	}
}

// TestCheckFails shows that the check can: each file breaks one rule.
func TestCheckFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, imports, want string }{
		"core package imports core package": {"ingest/a.go", module + "/stream", "ingest/a.go: ingest may not import " + module + "/stream"},
		"core package imports vendor":       {"query/a.go", "github.com/ClickHouse/clickhouse-go/v2", "query/a.go: query may not import github.com/ClickHouse/clickhouse-go/v2"},
		"driver imports driver":             {"store/chdb/a.go", module + "/store/clickhouse", "store/chdb/a.go: store/chdb may not import " + module + "/store/clickhouse"},
		"driver imports second vendor":      {"stream/local/a.go", "github.com/redis/rueidis", "stream/local/a.go: stream/local may not import github.com/redis/rueidis"},
		"somebody imports an example":       {"stream/a.go", module + "/examples/x", "stream/a.go: stream may not import " + module + "/examples/x"},
		"library imports testing":           {"stream/a.go", "testing", "stream/a.go: stream may not import testing"},
		"foreign internal":                  {"query/a.go", module + "/stream/internal/fold", "query/a.go: query may not import " + module + "/stream/internal/fold"},
		"unknown package":                   {"utils/a.go", "fmt", "utils/a.go: package utils has no line in the table of internal/arch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := fstest.MapFS{c.path: {Data: []byte("package a\n\nimport _ " + strconv.Quote(c.imports) + "\n")}}
			files, err := parse(tree)
			require.NoError(t, err)
			require.Equal(t, []string{c.want}, check(files))
		})
	}

	t.Run("vendor two steps away", func(t *testing.T) {
		t.Parallel()
		files, err := parse(fstest.MapFS{
			"query/a.go":           {Data: []byte("package query\nimport _ \"" + module + "/internal/schema\"\n")},
			"internal/schema/a.go": {Data: []byte("package schema\nimport _ \"example.com/driver\"\n")},
		})
		require.NoError(t, err)
		require.Equal(t, []string{"example.com/driver"}, slices.Collect(maps.Keys(foreign(files, "query"))))
	})
}
