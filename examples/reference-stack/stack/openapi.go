package stack

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall/internal/problem"
)

// serveOpenAPI answers GET /api/v1/openapi.json, for which no key is needed:
// there is nothing of any tenant in it.
func serveOpenAPI() http.Handler {
	document, err := json.MarshalIndent(openAPI(), "", " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			problem.Write(w, r, problem.Problem{Status: http.StatusInternalServerError})
			return
		}
		if !parameters(w, r) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // a client that has gone needs no answer
	})
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// openAPI describes all routes of the server in OpenAPI 3.1.
func openAPI() object {
	s := newSchemas()
	s.questions()
	failure := object{"description": "what is wrong", "content": object{problem.ContentType: object{"schema": s.of(reflect.TypeFor[problem.Problem]())}}}
	paths := object{}
	for _, r := range described() {
		operation := object{"summary": r.summary, "security": security(r.key)}
		var params []any
		for _, found := range inPath.FindAllStringSubmatch(r.path, -1) {
			params = append(params, parameter(found[1], "path", true))
		}
		for name := range strings.FieldsSeq(r.params) {
			params = append(params, parameter(strings.TrimSuffix(name, "!"), "query", strings.HasSuffix(name, "!")))
		}
		if params != nil {
			operation["parameters"] = params
		}
		if r.body != nil {
			s.closed = true
			media := object{"schema": s.schemaOf(r.body)}
			s.closed = false
			if r.examples != nil {
				media["examples"] = examples(r.examples)
			}
			operation["requestBody"] = object{"required": true, "content": object{cmp.Or(r.media, "application/json"): media}}
		}
		status := cmp.Or(r.status, http.StatusOK)
		answer := object{"description": http.StatusText(status)}
		if r.answer != nil {
			media := object{cmp.Or(r.stream, "application/json"): object{"schema": s.schemaOf(r.answer)}}
			if r.csv {
				media["text/csv"] = object{"schema": object{"type": "string"}}
			}
			answer["content"] = media
		}
		operation["responses"] = object{strconv.Itoa(status): answer, "default": failure}
		if r.path == "/readyz" {
			operation["responses"].(object)["503"] = answer
		}
		item, _ := paths[r.path].(object)
		if item == nil {
			item = object{}
			paths[r.path] = item
		}
		item[strings.ToLower(r.method)] = operation
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Footfall", "version": Version,
			"description": "Sending events, asking questions about them, and operating the server.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"paths": paths,
		"components": object{
			"schemas": s.components,
			"securitySchemes": object{
				"write":  object{"type": "http", "scheme": "basic", "description": "a write key as the user; it may also stand in the body"},
				"read":   object{"type": "http", "scheme": "bearer", "description": "a read key"},
				"cookie": object{"type": "apiKey", "in": "cookie", "name": "footfall_session"},
				"admin":  object{"type": "http", "scheme": "bearer", "description": "the admin key"},
			},
		},
	}
}

// schemaOf returns the schema of what the table has, which is a schema or a
// value of a type.
func (s *schemas) schemaOf(v any) object {
	if schema, ok := v.(object); ok {
		return schema
	}
	return s.of(reflect.TypeOf(v))
}

// parameters that are no text of any kind.
var typed = map[string]object{
	"limit":    {"type": "integer", "minimum": 1, "maximum": maxRejected},
	"position": {"type": "integer", "minimum": 0},
	"waiting":  {"type": "boolean"},
	"id":       {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"},
}

func parameter(name, in string, required bool) object {
	schema, ok := typed[name]
	if !ok {
		schema = object{"type": "string"}
	}
	return object{"name": name, "in": in, "required": required, "schema": schema}
}

// examples are bodies by their names, as JSON.
func examples(all map[string]string) object {
	out := object{}
	for name, text := range all {
		out[name] = object{"value": json.RawMessage(text)}
	}
	return out
}
