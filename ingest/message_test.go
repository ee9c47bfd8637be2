package ingest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

func millis(tb testing.TB, text string) footfall.Millis {
	tb.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(tb, err)
	return footfall.MillisOf(at)
}

func TestTrackIsLoggedAsItCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(_ *Config, r *tenant.Registration) { r.Dedicated = true })
		got := b.one("/v1/track", `{"event":"Order Completed","messageId":"m1","anonymousId":"a1","userId":"u1","timestamp":"1999-05-01T10:00:00.123Z",`+
			`"sentAt":"1999-12-31T23:59:59Z","properties":{"revenue": 42, "é":"\u00e9"},"context":{"library":{"name":"x"}},"integrations":{"All":false},"_metadata":{}}`)
		require.Equal(t, footfall.Event{
			Tenant: shop(t), Silo: "shop", Type: footfall.Track, Name: "Order Completed", MessageID: "m1",
			Time: millis(t, "1999-05-01T10:00:00.123Z"), Original: millis(t, "1999-05-01T10:00:00.123Z"),
			Sent: millis(t, "1999-12-31T23:59:59Z"), Received: millis(t, "2000-01-01T00:00:00Z"),
			AnonymousID: "a1", UserID: "u1", Visitor: schema.VisitorID(shop(t), "a1"), User: schema.UserID(shop(t), "u1"),
			Properties: `{"revenue": 42, "é":"\u00e9"}`, Context: `{"integrations":{"All":false},"library":{"name":"x"}}`,
			Derived: `{"$library":"x"}`,
		}, got)
	})
}

func TestEveryMessageHasItsNameAndContents(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ path, body, name, properties, derived, previous string }{
		"page": {
			path: "/v1/page", body: `"name":"Intro","category":"Do\"cs","properties":{"url":"https://x.org/docs?a=1#b","title":"T"}`, name: "$page",
			properties: `{"name":"Intro","category":"Do\"cs","url":"https://x.org/docs?a=1#b","title":"T"}`,
			derived:    `{"$url":"https://x.org/docs?a=1#b","$path":"/docs"}`,
		},
		"page keeps its own": {
			path: "/v1/p", body: `"name":"Intro","category":"Docs","properties":{"name":"mine","category":"too"}`, name: "$page",
			properties: `{"name":"mine","category":"too"}`,
		},
		"page with null for a name": {
			path: "/v1/page", body: `"name":"Intro","properties":{"a":1,"name":null,"b":2}`, name: "$page", properties: `{"name":"Intro","a":1,"b":2}`,
		},
		"page without properties": {path: "/v1/page", body: `"category":"Docs"`, name: "$page", properties: `{"category":"Docs"}`},
		"page with empty ones":    {path: "/v1/page", body: `"name":"N","properties":{ }`, name: "$page", properties: `{"name":"N" }`},
		"screen":                  {path: "/v1/screen", body: `"name":"Home","properties":{"url":"/x"}`, name: "$screen", properties: `{"name":"Home","url":"/x"}`},
		"identify":                {path: "/v1/identify", body: `"traits":{"plan":"pro"},"properties":{"no":1}`, name: "$identify", properties: `{"plan":"pro"}`},
		"identify in context":     {path: "/v1/i", body: `"context":{"traits":{"plan":"pro"}}`, name: "$identify", properties: `{"plan":"pro"}`},
		"group":                   {path: "/v1/group", body: `"groupId":"ac\"me","traits":{"name":"Acme"}`, name: "$group", properties: `{"name":"Acme"}`, derived: `{"$group_id":"ac\"me"}`},
		"groups of an event":      {path: "/v1/t", body: `"event":"E","context":{"groupId":"acme","groups":{"te\u0061m" : "t\"1","n":7,"a.b":"no","x":{},"y":"","z":1.5,"w":null}}`, name: "E", derived: `{"$groups.team":"t\"1","$groups.n":"7","$groups.group":"acme"}`},
		"the group of an event":   {path: "/v1/t", body: `"event":"E","context":{"groupId":"acme","groups":{"group":"globex"}}`, name: "E", derived: `{"$groups.group":"globex"}`},
		"group by number":         {path: "/v1/g", body: `"groupId":77`, name: "$group", derived: `{"$group_id":"77"}`},
		"alias":                   {path: "/v1/alias", body: `"previousId":"p1"`, name: "$alias", previous: "p1"},
		"alias of the visitor":    {path: "/v1/a", body: `"type":"alias"`, name: "$alias", previous: "a1"},
		"track":                   {path: "/v1/t", body: `"event":"A","name":"ignored","traits":{"x":1}`, name: "A"},
		"track, empty objects":    {path: "/v1/t", body: `"event":"A","properties":{},"context":{}`, name: "A"},
		"track, PHP":              {path: "/v1/t", body: `"event":"A","properties":[],"context":[ ]`, name: "A"},
		"route beats type":        {path: "/v1/t", body: `"event":"A","type":"page"`, name: "A"},
	}
	b := setup(t)
	for name, c := range cases {
		got := b.one(c.path, `{"anonymousId":"a1","userId":"u1",`+c.body+`}`)
		require.Equal(t, c.name, got.Name, name)
		require.Equal(t, c.properties, got.Properties, name)
		require.Equal(t, c.derived, got.Derived, name)
		require.Equal(t, c.previous, got.PreviousID, name)
		require.Len(t, got.MessageID, 22, name)
	}
}

func TestDerivedNames(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ path, body, want string }{
		"context page": {
			"/v1/track", `"context":{"page":{"url":"https://x.org/a","path":"/a","referrer":"https://y.org/"},"locale":"de-DE"}`,
			`{"$url":"https://x.org/a","$path":"/a","$referrer":"https://y.org/","$referrer_domain":"y.org","$referrer_source":"referral","$locale":"de-DE"}`,
		},
		"properties of a page first": {
			"/v1/page", `"properties":{"url":"https://x.org/b","referrer":""},"context":{"page":{"url":"https://x.org/a","referrer":"r"}}`,
			`{"$url":"https://x.org/b","$path":"/b","$referrer":"r"}`,
		},
		"properties of a track never": {"/v1/track", `"properties":{"url":"https://x.org/b","path":"/c"}`, ``},
		"campaign": {
			"/v1/track", `"context":{"campaign":{"source":"s","medium":"m","name":"n"},"page":{"url":"/a?utm_source=other"}}`,
			`{"$url":"/a?utm_source=other","$path":"/a","$utm_source":"s","$utm_medium":"m","$utm_campaign":"n"}`,
		},
		"campaign of the URL": {
			"/v1/page", `"properties":{"url":"https:\/\/x.org?utm_source=a%20b+c%zz&utm_source=2&x=1&utm_campaign=%22q%22&utm_medium=#utm_medium=no"}`,
			`{"$url":"https:\/\/x.org?utm_source=a%20b+c%zz&utm_source=2&x=1&utm_campaign=%22q%22&utm_medium=#utm_medium=no","$path":"/","$utm_source":"a b c%zz","$utm_campaign":"\"q\""}`,
		},
		"no texts": {"/v1/page", `"properties":{"url":7,"path":["x"]},"context":{"page":"x","campaign":[],"locale":null}`, ``},
		// As an access log has it.
		"path with a query": {"/v1/page", `"properties":{"path":"/a?utm_source=g#x"}`, `{"$path":"/a","$utm_source":"g"}`},
		"bytes that are no text": {
			"/v1/page", `"properties":{"url":"/?utm_source=%ff%01"}`, `{"$url":"/?utm_source=%ff%01","$path":"/","$utm_source":"�\u0001"}`,
		},
	}
	b := setup(t)
	for name, c := range cases {
		require.Equal(t, c.want, b.one(c.path, `{"anonymousId":"a1","event":"E",`+c.body+`}`).Derived, name)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.one("/v1/track", `{"event":"A","userId":42}`)
	require.Equal(t, "42", got.UserID)
	require.Equal(t, schema.UserID(shop(t), "42"), got.Visitor, "without an anonymousId the user is the visitor")
	require.Equal(t, "a1", b.one("/v1/track", `{"event":"A","userId":"","anonymousId":"a1"}`).AnonymousID, "some SDKs send an empty userId for nobody")
	require.Equal(t, "u1", b.one("/v1/track", `{"event":"A","userId":"u1","anonymousId":null}`).UserID)
	require.Equal(t, "Anonymous1", b.one("/v1/track", `{"event":"A","userId":"Anonymous1"}`).UserID)

	for _, id := range []string{
		"", "   ", "00000000-0000-0000-0000-000000000000", "anon", "anonymous", "guest", "distinct_id", "id", "nil", "none", "null", "n/a", "na", "undefined",
		"unknown", "not_authenticated", "email", "true", "false", "0", "-1", "NaN", "[]", "{}", "[object Object]", strings.Repeat("x", 513),
	} {
		for _, text := range []string{id, strings.ToUpper(id), id + " "} {
			for _, body := range []string{`{"event":"A","userId":%q}`, `{"event":"A","anonymousId":%q}`} {
				got := b.refused("/v1/track", fmt.Sprintf(body, text))
				require.Equal(t, string(IllegalID), got.Code, "%q", text)
				require.Contains(t, []string{"/userId", "/anonymousId"}, got.Path)
			}
			if text != "" {
				require.Equal(t, string(IllegalID), b.refused("/v1/track", fmt.Sprintf(`{"event":"A","anonymousId":"a1","userId":%q}`, text)).Code)
				require.Equal(t, string(IllegalID), b.refused("/v1/alias", fmt.Sprintf(`{"userId":"u","previousId":%q}`, text)).Code)
				require.Equal(t, string(IllegalID), b.refused("/v1/group", fmt.Sprintf(`{"userId":"u","groupId":%q}`, text)).Code)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return `{"event":"A","userId":"u","properties":` + strings.Repeat(`{"a":`, n-1) + `1` + strings.Repeat(`}`, n-1) + `}`
	}
	cases := []struct {
		path, body, pointer string
		code                Code
	}{
		{"/v1/track", `{"event":"A"`, "", InvalidJSON},
		{"/v1/track", ``, "", InvalidJSON},
		{"/v1/track", "{\"event\":\"\xff\",\"userId\":\"u\"}", "", InvalidJSON},
		{"/v1/track", `{"event":"A","userId":"u","properties":{"a":"` + strings.Repeat("x", 32<<10) + `"}}`, "", TooLarge},
		{"/v1/track", `{"event":"` + strings.Repeat("x", 501) + `","userId":"u"}`, "/event", TooLarge},
		{"/v1/track", deep(33), "", TooDeep},
		{"/v1/track", `{"event":"A"}`, "", MissingID},
		{"/v1/track", `{"event":"A","userId":null}`, "", MissingID},
		{"/v1/alias", `{"previousId":"p"}`, "/userId", MissingID},
		{"/v1/alias", `{"userId":"p"}`, "/previousId", MissingID},
		{"/v1/track", `{"userId":"u"}`, "/event", MissingEvent},
		{"/v1/track", `{"userId":"u","event":""}`, "/event", MissingEvent},
		{"/v1/track", `{"userId":"u","event":7}`, "/event", BadType},
		{"/v1/track", `[]`, "", BadType},
		{"/v1/track", `{"event":"A","userId":{}}`, "/userId", BadType},
		{"/v1/track", `{"event":"A","userId":1.5}`, "/userId", BadType},
		{"/v1/track", `{"event":"A","userId":true}`, "/userId", BadType},
		{"/v1/track", `{"event":"A","userId":"u","properties":"x"}`, "/properties", BadType},
		{"/v1/track", `{"event":"A","userId":"u","properties":[1]}`, "/properties", BadType},
		{"/v1/track", `{"event":"A","userId":"u","context":7}`, "/context", BadType},
		{"/v1/identify", `{"userId":"u","traits":false}`, "/traits", BadType},
		{"/v1/page", `{"userId":"u","name":{}}`, "/name", BadType},
		{"/v1/screen", `{"userId":"u","category":1}`, "/category", BadType},
		{"/v1/track", `{"event":"A","userId":"u","messageId":7}`, "/messageId", BadMessageID},
		{"/v1/track", `{"event":"A","userId":"u","messageId":"` + strings.Repeat("é", 101) + `"}`, "/messageId", BadMessageID},
	}
	b := setup(t)
	for _, c := range cases {
		got := b.refused(c.path, c.body)
		require.Equal(t, c.code, Code(got.Code), c.body[:min(80, len(c.body))])
		require.Equal(t, c.pointer, got.Path, c.body[:min(80, len(c.body))])
		require.NotEmpty(t, got.Message)
	}
	require.Empty(t, b.log.events(t))
	b.one("/v1/track", deep(32))
	b.one("/v1/track", `{"event":"A","userId":"u","messageId":"`+strings.Repeat("é", 100)+`"}`)
	b.one("/v1/track", `{"event":"A","userId":"u","properties":{"a":"`+strings.Repeat("x", 32<<10-52)+`"}}`)
	b.one("/v1/track", `{"event":"`+strings.Repeat("x", 500)+`","userId":"`+strings.Repeat("y", 512)+`"}`)
	require.NotEqual(t, b.one("/v1/track", `{"event":"A","userId":"u"}`).MessageID, b.one("/v1/track", `{"event":"A","userId":"u","messageId":""}`).MessageID)
}

func TestTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const now = "2000-01-01T00:00:00Z"
		b := setup(t)
		cases := map[string]struct{ body, time, original, sent string }{
			"none":              {``, now, "", ""},
			"null":              {`"timestamp":null,"sentAt":null`, now, "", ""},
			"as sent":           {`"timestamp":"1999-12-31T22:00:00Z","sentAt":"1999-12-31T22:00:01Z"`, "1999-12-31T22:00:00Z", "1999-12-31T22:00:00Z", "1999-12-31T22:00:01Z"},
			"original":          {`"originalTimestamp":"1999-12-31T22:00:00+01:00"`, "1999-12-31T21:00:00Z", "1999-12-31T21:00:00Z", ""},
			"timestamp first":   {`"originalTimestamp":"bad","timestamp":"1999-12-31"`, "1999-12-31T00:00:00Z", "1999-12-31T00:00:00Z", ""},
			"milliseconds":      {`"timestamp":946684799001`, "1999-12-31T23:59:59.001Z", "1999-12-31T23:59:59.001Z", ""},
			"unreadable sentAt": {`"timestamp":"1999-12-31","sentAt":"soon"`, "1999-12-31T00:00:00Z", "1999-12-31T00:00:00Z", ""},
			"ahead, a little":   {`"timestamp":"2000-01-01T00:05:00Z","sentAt":"2000-01-01T00:05:00Z"`, "2000-01-01T00:05:00Z", "2000-01-01T00:05:00Z", "2000-01-01T00:05:00Z"},
			"ahead":             {`"timestamp":"2000-01-01T00:05:00Z","sentAt":"2000-01-01T00:05:29.999Z"`, "2000-01-01T00:00:00Z", "2000-01-01T00:05:00Z", "2000-01-01T00:05:29.999Z"},
			"ahead, rounded up": {`"timestamp":"2000-01-01T00:05:00Z","sentAt":"2000-01-01T00:05:30Z"`, "1999-12-31T23:59:00Z", "2000-01-01T00:05:00Z", "2000-01-01T00:05:30Z"},
			"a year ahead":      {`"timestamp":"2001-01-01T10:00:00Z","sentAt":"2001-01-01T00:00:00Z"`, "2000-01-01T10:00:00Z", "2001-01-01T10:00:00Z", "2001-01-01T00:00:00Z"},
			"behind":            {`"timestamp":"1999-01-01T10:00:00Z","sentAt":"1999-01-01T10:00:00Z"`, "1999-01-01T10:00:00Z", "1999-01-01T10:00:00Z", "1999-01-01T10:00:00Z"},
			"24 h ahead":        {`"timestamp":"2000-01-02T00:00:00Z"`, "2000-01-02T00:00:00Z", "2000-01-02T00:00:00Z", ""},
			"ancient":           {`"timestamp":"1970-01-01T00:00:00.001Z"`, "1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z", ""},
		}
		for name, c := range cases {
			got := b.one("/v1/track", strings.Replace(`{"event":"A","userId":"u",`+c.body+`}`, ",}", "}", 1))
			require.Equal(t, millis(t, c.time), got.Time, name)
			require.Equal(t, millis(t, now), got.Received, name)
			for text, at := range map[string]footfall.Millis{c.original: got.Original, c.sent: got.Sent} {
				if text == "" {
					continue
				}
				require.Equal(t, millis(t, text), at, name)
			}
			require.Equal(t, c.original == "", got.Original == 0, name)
			require.Equal(t, c.sent == "", got.Sent == 0, name)
		}
		for body, code := range map[string]Code{
			`"timestamp":"2000-01-02T00:00:00.001Z"`:    TooFarAhead,
			`"timestamp":"yesterday"`:                   BadTimestamp,
			`"timestamp":""`:                            BadTimestamp,
			`"timestamp":{}`:                            BadTimestamp,
			`"timestamp":946684799`:                     BadTimestamp,
			`"timestamp":1e12`:                          BadTimestamp,
			`"timestamp":"1970-01-01T00:00:00Z"`:        BadTimestamp,
			`"timestamp":"0001-01-01T00:00:00Z"`:        BadTimestamp,
			`"timestamp":"2262-01-01T00:00:00Z"`:        BadTimestamp,
			`"originalTimestamp":"2000-13-01T00:00:00"`: BadTimestamp,

			`"timestamp":"1970-01-02T00:00:00Z","sentAt":"2030-01-01T00:00:00Z"`: BadTimestamp,
		} {
			got := b.refused("/v1/track", `{"event":"A","userId":"u",`+body+`}`)
			require.Equal(t, code, Code(got.Code), body)
			require.Contains(t, []string{"/timestamp", "/originalTimestamp"}, got.Path)
		}
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(_ *Config, r *tenant.Registration) { r.Retention = 24 * time.Hour })
		b.one("/v1/track", `{"event":"A","userId":"u","timestamp":"1999-12-31T00:00:00Z"}`)
		got := b.refused("/v1/track", `{"event":"A","userId":"u","timestamp":"1999-12-30T23:59:59.999Z"}`)
		require.Equal(t, TooOld, Code(got.Code))
	})
}
