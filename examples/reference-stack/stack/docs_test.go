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
// and that docs/http.md names every command and every flag of those that serve.
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
				settings, err := newServerFlags(roleUp).settings(&Process{Getenv: func(string) string { return "" }}, []string{"--config", file})
				require.NoError(t, err)
				require.NoError(t, settings.check(roleUp))
				_, err = tenant.NewKeys(settings.Tenants...)
				require.NoError(t, err)
			}
			if path == "README.md" {
				return
			}
			for _, c := range commands() {
				require.Contains(t, string(text), "| `"+c.name)
			}
			row := func(begins string) string {
				return strings.Join(regexp.MustCompile("(?m)^\\| "+begins+".*$").FindAllString(string(text), -1), "")
			}
			for command, all := range map[string]*flags{
				"up": newServerFlags(roleUp).flags, "engine": newEngineFlags().flags, "ingest": newServerFlags(roleIngest).flags,
				"process": newServerFlags(roleProcess).flags, "query": newServerFlags(roleQuery).flags, "recover": newRecoverFlags().serverFlags.flags,
			} {
				documented := row("`" + command + "`")
				if strings.Contains(documented, "all roles") {
					documented += row("all roles:")
				}
				all.VisitAll(func(f *flag.Flag) {
					require.Contains(t, documented, "`--"+f.Name, "the page lacks a flag of %s", command)
				})
			}
			for name := range strings.FieldsSeq("events properties text rate burst per_day query_time off names allow") {
				require.Contains(t, string(text), name+": ")
			}
		})
	}
}
