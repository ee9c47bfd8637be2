package referencestack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostileTexts stand in for every text that a request can have.
var hostileTexts = []string{
	"'\"`\\ {p1:String} {tenant:String} $$ ') OR 1=1 -- /* */ '); DROP TABLE events; --", "\x00", "\r\nX-Leak: 1",
	"\u200b\u202etxet\u2066\ufeff\ud7ff\U0001f469\u200d\U0001f4bb", strings.Repeat("ä'\\{", 2000), strings.Repeat("n", 10<<10),
	"../other", "other", "theirs", "user:theirs", "*", "$other", "", "%", "%2e%2e%2fother", "er_" + strings.Repeat("a", 24), "1/0/0/0", "0/0/9223372036854775808/0", "-1", "1e999",
}

// hostileValues stand in for every value, as JSON: of wrong types, too large and
// nested too deep.
func hostileValues() []string {
	values := []string{
		`null`, `true`, `0`, `-1`, `1.5`, `1e999`, `-0`, strings.Repeat("9", 10<<10), `[]`, `{}`, `[null]`, `[[{}]]`, `{"tenant":"other"}`, `{"":""}`,
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000), strings.Repeat(`{"not":`, 500) + `"theirs"` + strings.Repeat("}", 500),
		strings.Repeat(`{"and":[`, 100) + `"theirs"` + strings.Repeat("]}", 100), "[" + strings.Repeat(`"theirs",`, 5000) + `"theirs"]`, "\"\xff\xfe\"", `"\ud800"`,
	}
	for _, text := range hostileTexts {
		b, _ := json.Marshal(text) // a text always marshals
		values = append(values, string(b))
	}
	return values
}

// hostileBodies are broken as a whole.
var hostileBodies = []string{
	"", " ", "null", `"x"`, "7", "[]", "{}", "{", `{"a"`, `{"a":`, "{}{}", "\x00", "\xff\xfe", "{\"a\":\"\x01\"}", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 20_000),
	`{"` + strings.Repeat("n", 10<<10) + `":1}`, `{"tenant":"shop","tenant":"other","Tenant":"other"}`, strings.Repeat(" ", 2<<20), "{\"a\":1}\r\n\r\nGET /api/v1/status HTTP/1.1",
}

// members returns each member of a document, those of members included, as a
// function that makes the document's JSON with another value there.
func members(doc any, wrap func(string) string) (all []func(string) string) {
	switch v := doc.(type) {
	case map[string]any:
		for name := range v {
			inner := func(value string) string {
				parts := []string{}
				for other, was := range v {
					text, _ := json.Marshal(was) // it was JSON
					if other == name {
						text = []byte(value)
					}
					key, _ := json.Marshal(other)
					parts = append(parts, string(key)+":"+string(text))
				}
				return wrap("{" + strings.Join(parts, ",") + "}")
			}
			all = append(all, inner)
			all = append(all, members(v[name], inner)...)
		}
	case []any:
		for i := range v {
			inner := func(value string) string {
				parts := make([]string, len(v))
				for j := range v {
					text, _ := json.Marshal(v[j])
					parts[j] = string(text)
				}
				parts[i] = value
				return wrap("[" + strings.Join(parts, ",") + "]")
			}
			all = append(all, inner)
			all = append(all, members(v[i], inner)...)
		}
	}
	return all
}

// hostility counts what a server was asked and how it answered.
type hostility struct {
	*described
	statuses map[int]int
}

// ask sends something hostile. Whatever comes, the answer is a sound one: in
// time, small, without anything of the other tenant, and where it refuses, with
// what is wrong.
func (h *hostility) ask(method, path, key, body string, headers ...string) int {
	h.tb.Helper()
	began := time.Now()
	status, head, text := h.send(method, path, key, body, headers...)
	about := fmt.Sprintf("%s %.100s with %.300q: %d %.500s", method, path, body, status, text)
	require.Less(h.tb, time.Since(began), 20*time.Second, about)
	require.Less(h.tb, len(text), 128<<10, about)
	require.NotContains(h.tb, string(text), canary, about)
	require.Empty(h.tb, head.Get("X-Leak"), about)
	require.Less(h.tb, status, 500, about)
	h.statuses[status]++
	if status < 400 {
		return status
	}
	require.Equal(h.tb, "application/problem+json", head.Get("Content-Type"), about)
	var p struct {
		Status        int
		Title, Detail string
		Errors        []struct{ Path, Code, Message string }
	}
	require.NoError(h.tb, json.Unmarshal(text, &p), about)
	require.Equal(h.tb, status, p.Status, about)
	require.NotEmpty(h.tb, p.Detail, about)
	if status == http.StatusBadRequest {
		require.NotEmpty(h.tb, p.Errors, about)
	}
	for _, e := range p.Errors {
		require.NotEmpty(h.tb, e.Code, about)
		require.NotEmpty(h.tb, e.Message, about)
		require.True(h.tb, e.Path == "" || e.Path[0] == '/', about)
		require.Less(h.tb, len(e.Path)+len(e.Message), 2000, about)
	}
	return status
}

// bodies puts hostile values at every place of a sound body, and tries hostile
// ones as a whole.
func (h *hostility) bodies(method, path, key, sound string) {
	h.tb.Helper()
	var doc any
	require.NoError(h.tb, json.Unmarshal([]byte(sound), &doc))
	places := members(doc, func(s string) string { return s })
	require.NotEmpty(h.tb, places)
	for _, place := range places {
		for _, value := range hostileValues() {
			h.ask(method, path, key, place(value))
		}
	}
	for _, body := range hostileBodies {
		require.GreaterOrEqual(h.tb, h.ask(method, path, key, body), 400, "%.100q", body)
	}
	require.GreaterOrEqual(h.tb, h.ask(method, path, key, strings.TrimSuffix(sound, "}")+`,"unheard":1}`), 400)
}

// TestHostileBodies sends what nobody means well to the routes that have a body,
// an id or parameters, and finds the other tenant as it was.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--tenant", "other:"+otherWrite+":"+otherRead)
	h := &hostility{described: describe(t, s), statuses: map[int]int{}}
	for key, mark := range map[string]string{writeKey: "fine", otherWrite: canary} {
		status, _, text := h.send("POST", "/v1/batch", key, `{"batch":[
			{"type":"track","userId":"theirs","event":"Buy","messageId":"m`+mark+`","properties":{"x":"`+mark+`"}},
			{"type":"identify","userId":"theirs","messageId":"i`+mark+`","traits":{"plan":"`+mark+`"}}]}`)
		require.Equal(t, 200, status, string(text))
	}
	s.settled(t)
	const segment = `{"name":"N","segment":{"and":[{"did":{"event":"Buy","filter":{"property":"event.x","op":"eq","value":"fine"}},"count":{"gte":1},"within":{"from":"2024-01-01","to":"2030-01-01"}},{"not":{"property":"person.plan","op":"is_set"}},{"did":{"event":"Buy"},"then":{"event":"*"},"in":"1d"}]},"static":true}`
	theirs := strings.NewReplacer("N", canary, "Buy", canary).Replace(segment)
	status, _, text := h.send("PUT", "/api/v1/segments/theirs", otherRead, theirs)
	require.Equal(t, 200, status, string(text))
	require.Contains(t, string(text), canary)
	own := func() int {
		status, _, text := h.send("GET", "/api/v1/segments/theirs", otherRead, "")
		require.Equal(t, 200, status)
		require.Contains(t, string(text), canary)
		return len(text)
	}
	before := own()

	t.Run("segments", func(t *testing.T) {
		h.tb = t
		// What is theirs is nobody's here: not to be read, counted, named or deleted.
		for _, method := range []string{"GET", "DELETE"} {
			require.Equal(t, 404, h.ask(method, "/api/v1/segments/theirs", readKey, ""))
		}
		require.Equal(t, 400, h.ask("PUT", "/api/v1/segments/mine", readKey, `{"segment":"theirs"}`))
		require.Equal(t, 400, h.ask("POST", "/api/v1/query", readKey, `{"kind":"segment","segment":{"not":"theirs"}}`))
		h.bodies("PUT", "/api/v1/segments/mine", readKey, segment)
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			for _, id := range hostileTexts {
				if id == "theirs" || id == "other" || id == "" || strings.HasPrefix(id, "../") {
					continue // a sound id, and another path
				}
				if len(id) < 4<<10 {
					require.GreaterOrEqual(t, h.ask(method, "/api/v1/segments/"+url.PathEscape(id), readKey, `{"segment":{"did":{"event":"Buy"}}}`), 200)
				}
			}
			for _, key := range []string{"", "rk_forged", "theirs", writeKey, otherWrite, s.admin + "x"} {
				require.Contains(t, []int{401, 403}, h.ask(method, "/api/v1/segments/theirs", key, segment), key)
			}
			require.Equal(t, 400, h.ask(method, "/api/v1/segments/theirs?tenant=other", readKey, segment))
		}
		require.Equal(t, 415, h.ask("PUT", "/api/v1/segments/mine", readKey, segment, "Content-Type", "text/plain"))
		status, _, text := h.send("GET", "/api/v1/segments", readKey, "")
		require.Equal(t, 200, status)
		require.NotContains(t, string(text), canary)
		require.Equal(t, before, own(), "what we store under their names is ours")
	})
	t.Run("operator", func(t *testing.T) {
		h.tb = t
		h.bodies("POST", "/api/v1/erasures", s.admin, `{"tenant":"shop","person":"user:nobody"}`)
		h.bodies("POST", "/api/v1/rejected/replay?tenant=shop", s.admin, `{"positions":["1/0/0/0"],"after":"1/0/0/0","before":{"0":1}}`)
		h.bodies("POST", "/api/v1/rejected/replay?tenant=shop", s.admin, `{"reason":"x"}`)
		h.bodies("POST", "/api/v1/session", "", `{"key":"x"}`)
		for _, text := range hostileTexts {
			for path, names := range map[string]string{
				"/api/v1/rejected": "tenant reason messageId waiting limit cursor", "/api/v1/erasures": "tenant", "/api/v1/refused": "tenant", "/api/v1/trace": "tenant messageId",
				"/api/v1/status": "tenant", "/api/v1/taps": "x", "/v1/import": "name position tenant", "/api/v1/catalog": "q event limit",
			} {
				for name := range strings.FieldsSeq(names) {
					if text == "other" && name == "tenant" {
						continue // the operator may look
					}
					q := url.Values{"tenant": {"shop"}, name: {text}}
					key := s.admin
					switch path {
					case "/api/v1/status", "/api/v1/taps":
						q = url.Values{name: {text}}
					case "/api/v1/catalog":
						q, key = url.Values{name: {text}}, readKey
					}
					h.ask("GET", path+"?"+q.Encode(), key, "")
				}
			}
			if text == "" || strings.HasPrefix(text, "../") || len(text) > 4<<10 {
				continue
			}
			for _, request := range []string{"GET /api/v1/erasures/", "DELETE /api/v1/erasures/", "DELETE /api/v1/taps/"} {
				method, path, _ := strings.Cut(request, " ")
				require.GreaterOrEqual(t, h.ask(method, path+url.PathEscape(text), s.admin, ""), 400)
			}
			if text != "other" {
				require.Equal(t, 404, h.ask("DELETE", "/api/v1/tenants/"+url.PathEscape(text), s.admin, ""), text)
			}
		}
	})
	h.tb = t
	require.Equal(t, before, own())
	t.Log(h.statuses)
	require.Greater(t, h.statuses[400], 500)
	require.Greater(t, h.statuses[200], 10)
	// It is as well as before.
	status, _, text = h.send("GET", "/readyz", "", "")
	require.Equal(t, 200, status, string(text))
}
