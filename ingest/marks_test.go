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
