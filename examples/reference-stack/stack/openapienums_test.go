package stack

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// constants reads the exported constants of a package that have a type of the
// package's own and are texts, by type.
func constants(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	found := map[string][]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				own, _ := value.Type.(*ast.Ident)
				if own == nil || !own.IsExported() || len(value.Values) != 1 {
					continue
				}
				if literal, ok := value.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, err := strconv.Unquote(literal.Value)
					require.NoError(t, err)
					found[own.Name] = append(found[own.Name], text)
				}
			}
		}
	}
	return found
}

// document is the OpenAPI document as its readers see it.
func document(t *testing.T) object {
	t.Helper()
	text, err := json.Marshal(openAPI())
	require.NoError(t, err)
	var doc object
	require.NoError(t, json.Unmarshal(text, &doc))
	return doc
}

func at(v any, path ...string) any {
	for _, name := range path {
		in, _ := v.(object)
		v = in[name]
	}
	return v
}

func texts(list any) []string {
	var out []string
	for _, v := range list.([]any) {
		out = append(out, v.(string))
	}
	return out
}

// TestOpenAPIEnums holds every closed set of the document against the constants
// in the source of its package, and finds sets that the document lacks.
func TestOpenAPIEnums(t *testing.T) {
	t.Parallel()
	schemas := at(document(t), "components", "schemas").(object)
	sets := 0
	for name, dir := range map[string]string{"query": "../../../query", "ingest": "../../../ingest", "keep": "../../../keep", "stack": "."} {
		for own, values := range constants(t, dir) {
			full := name + "." + own
			schema, ok := schemas[full].(object)
			require.True(t, ok && schema["enum"] != nil, "the document has no enum for %s", full)
			require.ElementsMatch(t, values, texts(schema["enum"]), full)
			sets++
		}
	}
	for name, schema := range schemas {
		if at(schema, "enum") != nil {
			sets--
			require.Contains(t, name, ".")
		}
	}
	require.Zero(t, sets, "each enum is one of a package above")
	kinds := []string{}
	for _, one := range at(schemas["Query"], "oneOf").([]any) {
		name := strings.TrimPrefix(at(one, "$ref").(string), "#/components/schemas/")
		kinds = append(kinds, at(schemas[name], "properties", "kind", "const").(string))
	}
	files, err := filepath.Glob("../../../query/*.go")
	require.NoError(t, err)
	var known []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`(?m)^func \(q \*\w+\) Kind\(\) string \{ return "(\w+)" \}$`).FindAllStringSubmatch(string(text), -1) {
			known = append(known, found[1])
		}
	}
	require.NotEmpty(t, known)
	require.ElementsMatch(t, known, kinds)
}

// TestOpenAPIMembers puts every value of every set into the member that has it:
// what the document allows is read, and of the set's type nothing else is.
func TestOpenAPIMembers(t *testing.T) {
	t.Parallel()
	schemas := at(document(t), "components", "schemas").(object)
	const span, step = `"range":{"last":"1d"}`, `{"event":"E"}`
	base := map[string]string{
		"Trend":     `{"kind":"trend",` + span + `,"series":[{"event":"E","of":"event.x"}]}`,
		"Funnel":    `{"kind":"funnel",` + span + `,"steps":[` + step + `,` + step + `],"breakdown":{"property":"event.x","step":1}}`,
		"Retention": `{"kind":"retention",` + span + `,"start":` + step + `,"return":` + step + `}`,
		"Sessions":  `{"kind":"sessions",` + span + `}`,
		"Filter":    `{"kind":"events",` + span + `,"filter":{"property":"event.x","value":"2024-01-01"}}`,
		"Segment":   `{"kind":"segment","segment":{"property":"person.x","value":"2024-01-01"}}`,
		"Cell":      `{"kind":"persons","of":{"kind":"funnel",` + span + `,"steps":[` + step + `,` + step + `]},"at":{"step":2}}`,
	}
	all := constants(t, "../../../query")
	tried := map[string]bool{}
	for _, m := range []struct{ of, path, set, schema string }{
		{"Trend", "interval", "Interval", "Trend.interval"},
		{"Trend", "compare", "Comparison", "Trend.compare"},
		{"Trend", "series/0/measure", "Measure", "Series.measure"},
		{"Funnel", "interval", "Interval", "Funnel.interval"},
		{"Funnel", "order", "Order", "Funnel.order"},
		{"Funnel", "exclusion", "ExclusionRule", "Funnel.exclusion"},
		{"Funnel", "reach", "Reach", "Funnel.reach"},
		{"Funnel", "breakdown/attribution", "Attribution", "FunnelBreakdown.attribution"},
		{"Funnel", "attribution", "Attribution", "Funnel.attribution"},
		{"Retention", "interval", "Interval", "Retention.interval"},
		{"Retention", "cohort", "Cohort", "Retention.cohort"},
		{"Retention", "count", "Count", "Retention.count"},
		{"Retention", "buckets", "Buckets", "Retention.buckets"},
		{"Sessions", "interval", "Interval", "Sessions.interval"},
		{"Filter", "filter/op", "Op", "Filter.op"},
		{"Segment", "segment/op", "Op", "Segment.op"},
		{"Cell", "at/outcome", "Outcome", "Cell.outcome"},
	} {
		tried[m.set] = true
		owner, member, _ := strings.Cut(m.schema, ".")
		schema := schemas["query."+owner].(object)
		if owner == "Segment" {
			schema = schema["anyOf"].([]any)[1].(object)
		}
		allowed := at(schema, "properties", member)
		if reference, ok := at(allowed, "$ref").(string); ok {
			allowed = schemas[strings.TrimPrefix(reference, "#/components/schemas/")]
		}
		require.NotEmpty(t, all[m.set])
		for _, value := range append(slices.Clone(all[m.set]), "elsewhere") {
			var question any
			require.NoError(t, json.Unmarshal([]byte(base[m.of]), &question))
			put(question, strings.Split(m.path, "/"), value)
			text, err := json.Marshal(question)
			require.NoError(t, err)
			_, err = query.Parse(text)
			// Other members may not go with the value; it is this one that counts.
			invalid, _ := errors.AsType[*query.InvalidError](err)
			wrong := invalid != nil && slices.ContainsFunc(invalid.Problems, func(p query.Problem) bool {
				return p.Path == "/"+m.path || p.Path == "/breakdown/"+m.path
			})
			require.Equal(t, !slices.Contains(texts(at(allowed, "enum")), value), wrong, "%s %s: %v", m.schema, value, err)
		}
	}
	for set := range maps.Keys(all) {
		require.True(t, tried[set], "no member has been tried with %s", set)
	}
}

// put sets a member of a document.
func put(doc any, path []string, value string) {
	switch in := doc.(type) {
	case []any:
		i, _ := strconv.Atoi(path[0])
		put(in[i], path[1:], value)
	case object:
		if len(path) == 1 {
			in[path[0]] = value
			return
		}
		put(in[path[0]], path[1:], value)
	}
}
