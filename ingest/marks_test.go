package ingest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// TestSendersMayMarkEvents shows in which words a sender may say that nobody did
// it, and that other words say nothing.
func TestSendersMayMarkEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for said, want := range map[string]bool{
		`"nonInteraction":true`: true, `"nonInteraction":1`: true, `"non_interaction":true`: true, `"non_interaction":-0.5`: true,
		`"nonInteraction":1e-3`: true, `"nonInteraction":"true"`: true, `"nonInteraction":"1"`: true,
		`"nonInteraction":false`: false, `"nonInteraction":0`: false, `"nonInteraction":-0.0e7`: false, `"nonInteraction":0E1`: false,
		`"nonInteraction":null`: false, `"nonInteraction":"no"`: false, `"nonInteraction":""`: false, `"nonInteraction":[true]`: false, `"nonInteraction":{}`: false,
		`"noninteraction":true`: false, `"interactive":false`: false, `"$interactive":false`: false, `"a":{"nonInteraction":true}`: false,
		`"nonInteraction":false,"non_interaction":true`: false, `"nonInteraction":null,"non_interaction":true`: true,
	} {
		for _, message := range []string{`"type":"track","event":"E"`, `"type":"page"`, `"type":"screen"`} {
			ev := b.one("/v1/batch", `{"batch":[{`+message+`,"anonymousId":"a","properties":{`+said+`}}]}`)
			require.Equal(t, want, ev.Marks == footfall.NonInteractive, said)
			require.Equal(t, want, ev.Derived == `{"$interactive":false}`, "%s: %s", said, ev.Derived)
			require.JSONEq(t, `{`+said+`}`, ev.Properties, "what was sent stays")
		}
		ev := b.one("/v1/identify", `{"anonymousId":"a","traits":{`+said+`},"properties":{`+said+`}}`)
		require.Zero(t, ev.Marks, "what is no behaviour has no session")
	}
}

// TestTenantsMarkEvents shows that a tenant names the events, also those that its
// caps name anew, and that nothing else of an event changes.
func TestTenantsMarkEvents(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *Config, reg *tenant.Registration) {
		reg.Caps.Events = 1
		reg.Session = tenant.Session{NonInteractive: []string{"Heartbeat", "$screen"}, KeyEvents: []string{"Order Completed", "$page", "Signed Up"}}
	})
	for _, c := range []struct {
		path, name string
		want       footfall.Marks
	}{
		{"/v1/track", "Seen", 0},
		{"/v1/track", "Order Completed", footfall.KeyEvent},
		{"/v1/track", "order completed", 0},
		{"/v1/track", "Heartbeat", footfall.NonInteractive},
		{"/v1/page", "Heartbeat", footfall.KeyEvent},
		{"/v1/screen", "Order Completed", footfall.NonInteractive},
		{"/v1/group", "Heartbeat", 0},
	} {
		body, err := json.Marshal(map[string]any{"event": c.name, "anonymousId": "a"})
		require.NoError(t, err)
		ev := b.one(c.path, string(body))
		require.Equal(t, c.want, ev.Marks, "%s %s", c.path, c.name)
		require.Equal(t, c.want == footfall.NonInteractive, len(ev.Derived) > 0 && json.Valid([]byte(ev.Derived)) && jsonHas(t, ev.Derived, "$interactive"))
	}
	ev := b.one("/v1/track", `{"event":"Signed Up","anonymousId":"a","properties":{"nonInteraction":1}}`)
	require.Equal(t, footfall.KeyEvent|footfall.NonInteractive, ev.Marks)
	require.Equal(t, "$other", ev.Name)
}

func jsonHas(t *testing.T, object, name string) bool {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(object), &members))
	_, ok := members[name]
	return ok
}

// TestSessionOfTheSender shows what counts as the sender's word on the session.
func TestSessionOfTheSender(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *Config, reg *tenant.Registration) {
		reg.Session = tenant.Session{ID: "$session_id", Campaign: true}
	})
	tag := func(properties string) uint32 {
		ev := b.one("/v1/track", `{"event":"E","anonymousId":"a","properties":{"$session_id":`+properties+`},"context":{"sessionId":"c"}}`)
		require.Equal(t, ev.Marks == footfall.BySender, ev.Tag != 0, properties)
		return ev.Tag
	}
	want := tag(`"7\/\u00fc"`)
	require.NotZero(t, want)
	require.Equal(t, want, tag(`"7/ü"`), "however it is written")
	require.Equal(t, want, tag(`"x","$session_id":"7/ü"`), "the last of them")
	require.NotEqual(t, want, tag(`"7"`))
	require.Equal(t, tag(`"1700000000123"`), tag(`1700000000123`))
	for _, said := range []string{`""`, `null`, `"null"`, `"undefined"`, `true`, `1.5`, `[]`, `{"$session_id":"7"}`} {
		require.Zero(t, tag(said), said)
	}
	require.Zero(t, b.one("/v1/identify", `{"anonymousId":"a","traits":{"$session_id":"7"}}`).Marks)
	require.Zero(t, b.one("/v1/page", `{"anonymousId":"a"}`).Tag)

	b = setup(t, func(_ *Config, reg *tenant.Registration) { reg.Session = tenant.Session{ID: "context.sessionId"} })
	shared := func(own string) uint32 {
		return b.one("/v1/batch", `{"batch":[{"type":"page","anonymousId":"a","properties":{"sessionId":1},"context":{`+own+`}}],"context":{"sessionId":7}}`).Tag
	}
	require.Equal(t, shared(`"sessionId":"7"`), shared(""))
	require.NotEqual(t, shared(`"sessionId":8`), shared(""))
	require.Zero(t, b.one("/v1/page", `{"anonymousId":"a","properties":{"sessionId":7}}`).Marks, "and neither are there campaigns")
}

// TestCampaignsHaveTags shows that equal campaigns have equal tags, wherever they
// are said and in whatever order.
func TestCampaignsHaveTags(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *Config, reg *tenant.Registration) { reg.Session.Campaign = true })
	tag := func(kind, rest string) uint32 {
		ev := b.one("/v1/batch", `{"batch":[{"type":"`+kind+`","event":"E","anonymousId":"a",`+rest+`}]}`)
		require.Equal(t, footfall.ByCampaign, ev.Marks)
		return ev.Tag
	}
	url := func(query string) string { return `"properties":{"url":"https://shop.example/` + query + `"}` }
	want := tag("page", url("?utm_source=a+b&utm_campaign=c"))
	require.NotZero(t, want)
	for _, same := range []string{
		url("?utm_campaign=c&x=1&utm_source=a%20b#utm_source=z"), url("?utm_source=a%20b&utm_campaign=c&utm_source=d&utm_medium="),
		`"context":{"campaign":{"name":"c","source":"a\u0020b","medium":""}}`,
		`"context":{"campaign":{"name":"c","source":"a b"},"page":{"url":"https://shop.example/?utm_source=z"}}`,
	} {
		require.Equal(t, want, tag("page", same), same)
	}
	require.Equal(t, want, tag("track", `"context":{"page":{"url":"https://shop.example/?utm_source=a+b&utm_campaign=c"}}`))
	for _, other := range []string{
		url("?utm_source=a+b"), url("?utm_source=c&utm_campaign=a+b"), url("?utm_source=a+b&utm_campaign=c&utm_term=t"), url("?utm_source=a+b&utm_medium=c"),
	} {
		require.NotEqual(t, want, tag("page", other), other)
		require.NotZero(t, tag("page", other))
	}
	for _, none := range []string{url(""), url("?utm_source="), url("?ref=x"), `"context":{"campaign":{}}`} {
		require.Zero(t, tag("page", none), none)
	}
	require.Zero(t, setup(t).one("/v1/page", `{"anonymousId":"a",`+url("?utm_source=a")+`}`).Tag, "nobody asked for it")
}
