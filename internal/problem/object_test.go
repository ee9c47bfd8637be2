package problem

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func object(tb testing.TB, body string, fields map[string]any) *Problem {
	tb.Helper()
	w := httptest.NewRecorder()
	return Object(w, httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(body)), 64<<10, fields)
}

func TestObject(t *testing.T) {
	t.Parallel()
	var name string
	var times int
	var on bool
	fields := map[string]any{"name": &name, "times": &times, "on": &on}
	require.Nil(t, object(t, ` {"name":"x","times":3,"on":null} `, fields))
	require.Equal(t, "x", name)
	require.Equal(t, 3, times)

	for body, want := range map[string]string{
		"":                            " required a JSON object is required",
		"  ":                          " required a JSON object is required",
		"[]":                          " bad_type the body is a JSON object",
		"null":                        " bad_type the body is a JSON object",
		`{"name":"a"`:                 " invalid_json the body is not one JSON value: unexpected end of JSON input",
		`{} {}`:                       " invalid_json the body is not one JSON value: invalid character '{' after top-level value",
		"{\"name\":\"\xff\"}":         " invalid_json the body is not UTF-8",
		strings.Repeat("[", 20_000):   " invalid_json the body is not one JSON value: invalid character '[' exceeded max depth",
		`{"Name":"a"}`:                "/Name unknown_field there is no field Name: the fields are name, on, times",
		`{"a/b~":1}`:                  "/a~1b~0 unknown_field there is no field a/b~: the fields are name, on, times",
		`{"name":7}`:                  "/name bad_type name is wrong: it must not be number",
		`{"times":1e999}`:             "/times bad_type times is wrong: it must not be number 1e999",
		`{"times":1.5,"on":"yes"}`:    "/times bad_type times is wrong: it must not be number 1.5; /on bad_type on is wrong: it must not be string",
		`{"name":"a","name":"b"}`:     "/name conflict name is there twice",
		`{"times":99999999999999999}`: "",
	} {
		p := object(t, body, fields)
		if want == "" {
			require.Nil(t, p, body)
			continue
		}
		require.NotNil(t, p, body)
		require.Equal(t, http.StatusBadRequest, p.Status)
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Path+" "+e.Code+" "+e.Message)
		}
		require.Equal(t, want, strings.Join(got, "; "), "%.100s", body)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, object(t, strings.Repeat(" ", 65<<10), fields).Status)

	// What strangers write comes back only in part.
	p := object(t, `{"`+strings.Repeat("é", 5000)+`":1`+strings.Repeat(`,"x":1`, 1000)+`}`, fields)
	require.Len(t, p.Errors, maxNamed)
	for _, e := range p.Errors {
		require.Less(t, len(e.Path)+len(e.Message), 5*maxNameLen)
	}
}

func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"name":"x","list":["a"],"places":{"1":2}}`, `{"name":null,"name":1}`, `{"a~/":[[[]]]}`, `[`, "\xff", `{"list":7,"places":{"x":1}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var name string
		var all []string
		var places map[uint16]int64
		p := object(t, body, map[string]any{"name": &name, "list": &all, "places": &places})
		if p == nil {
			return
		}
		require.NotEmpty(t, p.Errors)
		require.LessOrEqual(t, len(p.Errors), maxNamed)
		for _, e := range p.Errors {
			require.NotEmpty(t, e.Code)
			require.NotEmpty(t, e.Message)
			require.Less(t, len(e.Path)+len(e.Message), 10*maxNameLen)
		}
	})
}
