package stack

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// TestDocs shows that the files in README.md and docs/http.md are configurations,
// and that docs/http.md names every command and every flag of the two that serve.
func TestDocs(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"README.md", "docs/http.md"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "..", "..", path))
			require.NoError(t, err)
			found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
			require.NotEmpty(t, found)
			for _, block := range found {
				file := filepath.Join(t.TempDir(), "footfall.yaml")
				require.NoError(t, os.WriteFile(file, []byte(block[1]), 0o600))
				settings, err := newServerFlags("up").settings(&Process{Getenv: func(string) string { return "" }}, []string{"--config", file})
				require.NoError(t, err)
				require.NoError(t, settings.check())
				_, err = tenant.NewKeys(settings.Tenants...)
				require.NoError(t, err)
			}
			if path == "README.md" {
				return
			}
			for _, c := range commands() {
				require.Contains(t, string(text), "| `"+c.name)
			}
			for command, all := range map[string]*flags{"up": newServerFlags("up").flags, "engine": newEngineFlags().flags} {
				row := regexp.MustCompile("(?m)^\\| `" + command + "` .*$").FindString(string(text))
				all.VisitAll(func(f *flag.Flag) {
					require.Contains(t, row, "`--"+f.Name, "the page lacks a flag of %s", command)
				})
			}
			for name := range strings.FieldsSeq("events properties text rate burst per_day query_time off names allow") {
				require.Contains(t, string(text), name+": ")
			}
		})
	}
}
