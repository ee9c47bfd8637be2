package referencestack

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// described is the OpenAPI document of a running server, with a validator.
type described struct {
	tb       testing.TB
	server   *server
	document map[string]any
	compiler *jsonschema.Compiler
	told     map[string]bool // operations that were seen to succeed
}

func describe(tb testing.TB, s *server) *described {
	tb.Helper()
	d := &described{tb: tb, server: s, compiler: jsonschema.NewCompiler(), told: map[string]bool{}}
	status, _, text := d.send("GET", "/api/v1/openapi.json", "", "")
	require.Equal(tb, http.StatusOK, status)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(tb, err)
	forbidOthers(document)
	d.document = document.(map[string]any)
	require.Equal(tb, "3.1.0", d.document["openapi"])
	d.compiler.AssertFormat()
	require.NoError(tb, d.compiler.AddResource("openapi.json", document))
	return d
}

// forbidOthers forbids members that a schema does not name: clients ignore what they do
// not know, but the document is to know it.
func forbidOthers(schema any) {
	switch v := schema.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			forbidOthers(inner)
		}
	case []any:
		for _, inner := range v {
			forbidOthers(inner)
		}
	}
}

func (d *described) send(method, path, key, body string, headers ...string) (status int, head http.Header, text []byte) {
	d.tb.Helper()
	req, err := http.NewRequestWithContext(d.tb.Context(), method, d.server.url+path, strings.NewReader(body))
	require.NoError(d.tb, err)
	if strings.HasPrefix(key, "wk_") {
		req.SetBasicAuth(key, "")
	} else if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.tb, err)
	defer func() { _ = resp.Body.Close() }()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		text = make([]byte, len("retry: ")) // of what has no end
		_, err = io.ReadFull(resp.Body, text)
	} else {
		text, err = io.ReadAll(resp.Body)
	}
	require.NoError(d.tb, err)
	return resp.StatusCode, resp.Header, text
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

func (d *described) validate(pointer string, text []byte) {
	d.tb.Helper()
	schema, err := d.compiler.Compile("openapi.json#" + pointer)
	require.NoError(d.tb, err, pointer)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(d.tb, err, "%s", text)
	require.NoError(d.tb, schema.Validate(value), "%s: %s", pointer, text)
}

// call makes a request that the document describes, and holds what was sent and
// what was answered against it.
func (d *described) call(method, template, path, key, body string, want int) []byte {
	d.tb.Helper()
	operation, _ := d.document["paths"].(map[string]any)[template].(map[string]any)[strings.ToLower(method)].(map[string]any)
	require.NotNil(d.tb, operation, "%s %s is not described", method, template)
	status, head, text := d.send(method, path, key, body)
	require.Equal(d.tb, want, status, "%s %s: %s", method, path, text)
	at := "/paths/" + escapePointer.Replace(template) + "/" + strings.ToLower(method)
	if want >= 400 {
		require.Equal(d.tb, "application/problem+json", head.Get("Content-Type"))
		d.validate(at+"/responses/default/content/application~1problem+json/schema", text)
		return text
	}
	responses := operation["responses"].(map[string]any)
	require.Contains(d.tb, responses, fmtStatus(want), "%s %s", method, template)
	response := responses[fmtStatus(want)].(map[string]any)
	if content, ok := response["content"].(map[string]any); ok && content["text/event-stream"] != nil {
		require.Equal(d.tb, "text/event-stream", head.Get("Content-Type"))
	} else if ok {
		d.validate(at+"/responses/"+fmtStatus(want)+"/content/application~1json/schema", text)
	} else if want == http.StatusNoContent {
		require.Empty(d.tb, text)
	}
	if sent, ok := operation["requestBody"].(map[string]any); ok {
		for media := range sent["content"].(map[string]any) {
			if media == "application/json" {
				d.validate(at+"/requestBody/content/application~1json/schema", []byte(body))
			}
		}
	}
	d.told[method+" "+template] = true
	return text
}

func fmtStatus(status int) string {
	text, _ := json.Marshal(status) // a number always marshals
	return string(text)
}

const (
	otherWrite, otherRead = "wk_other", "rk_other"
	// canary is in all that the other tenant has.
	canary = "CANARY"
	span   = `{"from":"2024-01-01","to":"2025-01-01"}`
	year   = `"range":` + span
)

// questions have one of each kind and more.
var questions = []string{
	`{"kind":"trend",` + year + `,"interval":"month","series":[{"event":"*"}],"breakdown":{"property":"event.x","limit":100},"compare":"previous_period"}`,
	`{"kind":"trend",` + year + `,"interval":"total","series":[{"event":"*","measure":"avg","of":"event.n"}],"filter":{"property":"event.x","op":"in","value":["fine",1,true]}}`,
	`{"kind":"funnel",` + year + `,"steps":[{"event":"*"},{"event":"Buy"}],"interval":"month","breakdown":{"property":"event.x"}}`,
	`{"kind":"retention",` + year + `,"interval":"month","periods":2,"start":{"event":"*"},"return":{"event":"Buy"}}`,
	`{"kind":"segment",` + year + `,"segment":{"and":[{"did":{"event":"Buy"},"count":{"gte":1}},{"property":"person.plan","op":"is_set"}]}}`,
	`{"kind":"sessions",` + year + `,"interval":"month"}`,
	`{"kind":"events",` + year + `}`,
	`{"kind":"events",` + year + `,"limit":1,"person":"user:ann"}`,
	`{"kind":"persons",` + year + `,"limit":1}`,
	`{"kind":"persons","of":{"kind":"trend",` + year + `,"series":[{"event":"*"}]},"at":{"series":0}}`,
	`{"kind":"persons","of":{"kind":"funnel",` + year + `,"steps":[{"event":"*"},{"event":"Buy"}]},"at":{"step":2,"outcome":"converted"}}`,
	`{"kind":"persons","of":{"kind":"retention",` + year + `,"interval":"month","periods":2,"start":{"event":"*"},"return":{"event":"Buy"}},"at":{"cohort":"2024-03-01","period":0}}`,
	`{"kind":"persons","of":{"kind":"segment",` + year + `,"segment":{"did":{"event":"Buy"}}},"at":{}}`,
	`{"kind":"funnel",` + year + `,"steps":[{"event":"*"},{"event":"Buy"}],"exclude":[{"event":"Leave","after":1,"before":2}],"exclusion":"person","order":"any","reach":"range","by":"group.company","hold":["event.x"],"breakdown":{"property":"event.x"},"attribution":"step","step":1,"window":"none"}`,
	`{"kind":"retention",` + year + `,"interval":"week","start":{"event":"*"},"return":{"event":"Buy"},"cohort":"recurring","count":"on_or_after","buckets":"rolling","breakdown":{"property":"person.plan"}}`,
	`{"kind":"trend",` + year + `,"interval":"month","series":[{"event":"*"},{"event":"Buy"}],"formula":"A/B","rolling":2}`,
	`{"kind":"segment","segment":{"or":[{"first_seen":` + span + `},{"not":{"did":{"event":"Buy"},"then":{"event":"*"},"in":"24h"}}]},"at":"2024-06-01"}`,
}

// examples sends every example of the document and holds it against its schema.
func (d *described) examples(keys map[string]string) (sent int) {
	d.tb.Helper()
	for operation := range d.operations() {
		method, template, _ := strings.Cut(operation, " ")
		described := d.document["paths"].(map[string]any)[template].(map[string]any)[strings.ToLower(method)].(map[string]any)
		body, _ := described["requestBody"].(map[string]any)
		content, _ := body["content"].(map[string]any)
		media, _ := content["application/json"].(map[string]any)
		examples, _ := media["examples"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(examples)) {
			text, err := json.Marshal(examples[name].(map[string]any)["value"])
			require.NoError(d.tb, err)
			path, want := strings.ReplaceAll(template, "{id}", name), http.StatusOK
			if strings.Contains(path, "rejected") {
				path += "?tenant=shop"
			}
			if strings.Contains(path, "erasures") {
				want = http.StatusAccepted
			}
			for kind := range described["security"].([]any)[0].(map[string]any) {
				d.call(method, template, path, keys[kind], string(text), want)
			}
			sent++
		}
	}
	return sent
}

// refused holds that the schema of a body refuses what the server refuses.
func (d *described) refused(method, template, path, key string, bodies ...string) {
	d.tb.Helper()
	schema, err := d.compiler.Compile("openapi.json#/paths/" + escapePointer.Replace(template) + "/" + strings.ToLower(method) + "/requestBody/content/application~1json/schema")
	require.NoError(d.tb, err)
	for _, body := range bodies {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		require.NoError(d.tb, err)
		require.Error(d.tb, schema.Validate(value), body)
		status, _, text := d.send(method, path, key, body)
		require.Equal(d.tb, http.StatusBadRequest, status, "%s: %s", body, text)
	}
}

// TestOpenAPI asks a server for everything that its document describes, and that
// nothing of one tenant is in an answer to the other.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--tenant", "other:"+otherWrite+":"+otherRead)
	d := describe(t, s)
	send := func(key, mark string) {
		for _, name := range []string{"track", "t", "page", "p", "screen", "s", "identify", "i", "group", "g", "alias", "a"} {
			body := `{"userId":"ann","anonymousId":"v","groupId":"g` + mark + `","previousId":"w` + mark + `","messageId":"` + name + mark + `","event":"Buy","timestamp":"2024-03-01T10:00:00Z","traits":{"plan":"` + mark + `"},"properties":{"x":"` + mark + `","n":1}}`
			d.call("POST", "/v1/"+name, "/v1/"+name, key, body, 200)
		}
		both := `{"batch":[{"type":"track","userId":"ann","event":"` + mark + `","messageId":"m` + mark + `","timestamp":"2024-03-02T10:00:00Z"},{"type":"track","event":"nobody` + mark + `"}]}`
		d.call("POST", "/v1/batch", "/v1/batch", key, both, 200)
		d.call("POST", "/v1/b", "/v1/b", key, both, 200)
		d.call("POST", "/beacon/v1/batch", "/beacon/v1/batch", key, both, 200)
		for _, path := range []string{"/batch/", "/e/", "/i/v0/e/", "/capture/", "/track/", "/engage/"} {
			d.call("POST", path, path, "", `{"api_key":"`+key+`","event":"`+mark+`","distinct_id":"ph`+mark+`","properties":{"x":"`+mark+`"}}`, 200)
		}
		d.call("GET", "/v1/projects/{key}/settings", "/v1/projects/"+key+"/settings", "", "", 200)
	}
	send(writeKey, "fine")
	send(otherWrite, canary)
	d.call("POST", "/v1/track", "/v1/track", "", `{}`, 401)
	d.call("POST", "/v1/import", "/v1/import?tenant=shop&name=n&position=0", s.admin, `{"type":"track","userId":"ann","event":"Buy","messageId":"i1","timestamp":"2024-03-03T10:00:00Z"}`+"\n", 200)
	d.call("GET", "/v1/import", "/v1/import?tenant=shop&name=n", s.admin, "", 200)
	d.call("GET", "/sourceConfig", "/sourceConfig?writeKey="+writeKey, writeKey, "", 200)
	for _, path := range []string{"/flags/", "/decide/", "/s/"} {
		d.call("POST", path, path, "", `{}`, 200)
	}
	d.call("GET", "/array/{key}/config", "/array/"+writeKey+"/config", "", "", 200)
	d.call("GET", "/array/{key}/config.js", "/array/"+writeKey+"/config.js", "", "", 200)
	s.settled(t)

	asked := func(key string) (all string) {
		for _, question := range questions {
			all += string(d.call("POST", "/api/v1/query", "/api/v1/query", key, question, 200))
		}
		all += string(d.call("GET", "/api/v1/catalog", "/api/v1/catalog", key, "", 200))
		all += string(d.call("GET", "/api/v1/refused", "/api/v1/refused", key, "", 200))
		for _, id := range []string{"m" + canary, "mfine", "track" + canary} {
			all += strings.ReplaceAll(string(d.call("GET", "/api/v1/trace", "/api/v1/trace?messageId="+id, key, "", 200)), `"messageId":"`+id+`"`, "")
		}
		return all
	}
	stored := func(key, mark string) string {
		body := `{"name":"` + mark + `","segment":{"did":{"event":"` + mark + `"}}}`
		d.call("PUT", "/api/v1/segments/{id}", "/api/v1/segments/same", key, body, 200)
		return string(d.call("GET", "/api/v1/segments", "/api/v1/segments", key, "", 200)) + string(d.call("GET", "/api/v1/segments/{id}", "/api/v1/segments/same", key, "", 200))
	}
	require.Contains(t, stored(otherRead, canary), canary)
	d.call("GET", "/api/v1/segments/{id}", "/api/v1/segments/same", readKey, "", 404)
	require.NotContains(t, stored(readKey, "fine"), canary)
	d.call("DELETE", "/api/v1/segments/{id}", "/api/v1/segments/same", readKey, "", 204)
	require.Contains(t, string(d.call("GET", "/api/v1/segments/{id}", "/api/v1/segments/same", otherRead, "", 200)), canary)
	require.Contains(t, asked(otherRead), canary)
	require.NotContains(t, asked(readKey), canary)
	require.NotContains(t, asked(readKey), canary, "nor from a cache")

	d.keepsStrangersOut()

	require.GreaterOrEqual(t, d.examples(map[string]string{"write": writeKey, "read": readKey, "admin": s.admin}), 18)
	d.call("POST", "/api/v1/query", "/api/v1/query", readKey, `{"kind":"trend"}`, 400)
	d.refused("POST", "/api/v1/query", "/api/v1/query", readKey, `{"kind":"trend"}`, `{"kind":"paths"}`, `{}`, `[]`,
		`{"kind":"sessions",`+year+`,"interval":"year"}`, `{"kind":"sessions",`+year+`,"interval":1}`, `{"kind":"events",`+year+`,"more":1}`,
		`{"kind":"retention",`+year+`,"interval":"total","start":{"event":"a"},"return":{"event":"b"}}`,
		`{"kind":"funnel",`+year+`,"steps":[{"event":"a"}],"interval":"total"}`, `{"kind":"funnel",`+year+`,"steps":[{"event":"a"}],"by":"user"}`,
		`{"kind":"events",`+year+`,"filter":{"property":"event.x","op":"like","value":"x"}}`, `{"kind":"events",`+year+`,"filter":{}}`,
		`{"kind":"events",`+year+`,"filter":{"not":{"property":"event.x","op":"is_set"},"or":[]}}`,
		`{"kind":"persons","of":{"kind":"sessions",`+year+`}}`, `{"kind":"segment","segment":{"did":{"event":"x"},"in":"1 day"}}`)
	d.refused("PUT", "/api/v1/segments/{id}", "/api/v1/segments/x", readKey, `{}`, `{"name":"x"}`, `{"segment":7}`, `{"segment":{"did":{}}}`,
		`{"segment":{"did":{"event":"x"}},"static":"yes"}`, `{"segment":{"did":{"event":"x"}},"size":7}`, `{"segment":{"did":{"event":"x"}},"id":7}`)
	d.refused("POST", "/api/v1/rejected/replay", "/api/v1/rejected/replay?tenant=shop", s.admin, `{}`, `{"all":false}`, `{"all":true,"reason":"x"}`,
		`{"reason":""}`, `{"positions":7}`, `{"all":1}`, `{"before":{}}`, `{"everything":true}`)
	d.refused("POST", "/api/v1/erasures", "/api/v1/erasures", s.admin, `{"tenant":"shop","person":"ann"}`, `{"tenant":7,"person":"user:ann"}`)
	d.call("POST", "/api/v1/session", "/api/v1/session", "", `{"key":"`+readKey+`"}`, 204)
	d.call("GET", "/api/v1/live", "/api/v1/live", readKey, "", 200)
	d.call("GET", "/api/v1/openapi.json", "/api/v1/openapi.json", "", "", 200)
	d.call("GET", "/api/v1/rejected", "/api/v1/rejected?tenant=shop", s.admin, "", 200)
	d.call("POST", "/api/v1/rejected/replay", "/api/v1/rejected/replay?tenant=shop", s.admin, `{"all":true}`, 200)
	d.call("GET", "/api/v1/taps", "/api/v1/taps", s.admin, "", 200)
	d.call("DELETE", "/api/v1/taps/{name}", "/api/v1/taps/none", s.admin, "", 404)
	d.call("GET", "/api/v1/status", "/api/v1/status", s.admin, "", 200)
	d.call("POST", "/v1/unlink", "/v1/unlink", readKey, `{"anonymousId":"v","userId":"ann"}`, 200)
	var receipt struct{ Name string }
	require.NoError(t, json.Unmarshal(d.call("POST", "/api/v1/erasures", "/api/v1/erasures", s.admin, `{"tenant":"shop","person":"user:ann"}`, 202), &receipt))
	d.call("GET", "/api/v1/erasures", "/api/v1/erasures?tenant=shop", s.admin, "", 200)
	one := "/api/v1/erasures/" + receipt.Name
	require.Eventually(t, func() bool {
		return strings.Contains(string(d.call("GET", "/api/v1/erasures/{name}", one, s.admin, "", 200)), `"done"`)
	}, patience, 50*time.Millisecond)
	d.call("DELETE", "/api/v1/erasures/{name}", one, s.admin, "", 204)
	d.call("POST", "/api/v1/maintain", "/api/v1/maintain", s.admin, "", 200)
	d.call("DELETE", "/api/v1/tenants/{id}", "/api/v1/tenants/other", s.admin, "", 202)
	d.call("GET", "/readyz", "/readyz", "", "", 200)
	d.call("GET", "/healthz", "/healthz", "", "", 200)
	d.call("GET", "/metrics", "/metrics", "", "", 200)
	for operation := range d.operations() {
		// No server of the tests has a tap to forget.
		require.True(t, d.told[operation] || operation == "DELETE /api/v1/taps/{name}", "%s was not seen to succeed", operation)
	}
}

func (d *described) operations() map[string]bool {
	all := map[string]bool{}
	for path, item := range d.document["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			all[strings.ToUpper(method)+" "+path] = true
		}
	}
	return all
}

// keepsStrangersOut tries every route that wants a key with keys that are not
// good for it, and names the other tenant wherever one can be named.
func (d *described) keepsStrangersOut() {
	d.tb.Helper()
	for _, operation := range slices.Sorted(maps.Keys(d.operations())) {
		method, template, _ := strings.Cut(operation, " ")
		security := d.document["paths"].(map[string]any)[template].(map[string]any)[strings.ToLower(method)].(map[string]any)["security"].([]any)
		if len(security) == 0 {
			continue
		}
		path := strings.NewReplacer("{id}", "other", "{name}", "other", "{key}", "other").Replace(template)
		for _, key := range []string{"", "forged", "rk_nobody", "other", "eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJvdGhlciJ9.", readKey, writeKey, otherRead[:7]} {
			for _, query := range []string{"", "?tenant=other", "?tenant=other&messageId=m" + canary, "?tenant=other&name=n&position=0"} {
				status, _, text := d.send(method, path+query, key, `{"anonymousId":"v","userId":"ann","tenant":"other","kind":"events",`+year+`}`)
				require.Less(d.tb, status, 500, operation)
				require.NotContains(d.tb, strings.ReplaceAll(string(text), "m"+canary, ""), canary, operation)
				if key != readKey && key != writeKey || strings.HasPrefix(query, "?tenant") && strings.HasPrefix(path, "/api/") {
					require.Contains(d.tb, []int{400, 401, 403, 404, 413, 415}, status, "%s%s with %s: %s", operation, query, key, text)
				}
			}
		}
	}
}
