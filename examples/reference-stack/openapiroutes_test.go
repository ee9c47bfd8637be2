package referencestack

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/ingest"
)

// TestOpenAPIHasEveryRoute looks for routes in the code that register them.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	d := describe(t, s)
	paths := d.document["paths"].(map[string]any)
	literal := regexp.MustCompile(`"(?:[A-Z]+ )?(/(?:api/v1/[a-z][^"]*|healthz|readyz|metrics))"`)
	found := 0
	for _, file := range []string{"stack/routes.go", "../../keep/handler.go", "../../query/handler.go", "../../query/segmenthandler.go"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range literal.FindAllStringSubmatch(string(text), -1) {
			if path := match[1]; !strings.HasSuffix(path, "/") && path != "/api/v1/tenants" {
				require.Contains(t, paths, path, file)
				found++
			}
		}
	}
	require.Greater(t, found, 15)
	text, err := os.ReadFile("../../ingest/route.go")
	require.NoError(t, err)
	names := regexp.MustCompile(`(?m)^\tcase ("\w+"(?:, "\w+")*):\n\t\treturn route\{`).FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(names), 8)
	for _, match := range names {
		for name := range strings.SplitSeq(match[1], ", ") {
			require.Contains(t, paths, "/v1/"+strings.Trim(name, `"`))
		}
	}
	for _, path := range slices.Concat(ingest.RudderPaths, ingest.PostHogPaths) {
		_, with := paths[path+"/"]
		_, without := paths[strings.TrimSuffix(path, "/")]
		_, itself := paths[path]
		require.True(t, with || without || itself || path == "/array/", path)
	}
	// And what is described is there, by its method.
	for operation := range d.operations() {
		method, template, _ := strings.Cut(operation, " ")
		status, _, text := d.send(method, strings.NewReplacer("{key}", writeKey, "{id}", "nobody", "{name}", "nobody").Replace(template), s.admin, `{}`)
		require.NotEqual(t, 405, status, operation)
		require.NotContains(t, string(text), "no such route", operation)
		require.NotContains(t, string(text), "there is nothing at this path", operation)
	}
}
