package ingest

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// A sender cannot say what only the door finds out, on no wire.
func TestSendersCannotSetDerivedNames(t *testing.T) {
	t.Parallel()
	b := setup(t, capped(tenant.Caps{Properties: 2}))
	const claims = `{"$bot":true,"\u0024country":"DE","$groups":{"company":"acme"},"$groups.team":"t","$unflattened":["a"],"$city":null,"$free":1,"a":{"$bot":2}}`
	list := func(ev footfall.Event) []string {
		require.JSONEq(t, claims, ev.Properties, "nothing is lost")
		var derived map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(ev.Derived), &derived))
		require.Len(t, derived, 1)
		var names []string
		require.NoError(t, json.Unmarshal(derived[schema.UnflattenedName], &names))
		return names
	}
	want := []string{"$bot", "$country", "$groups", "$groups.team", "$unflattened"}
	require.Equal(t, want, list(b.one("/v1/track", `{"event":"A","userId":"u","properties":`+claims+`}`)))
	require.Equal(t, want, list(b.one("/v1/page", `{"userId":"u","properties":`+claims+`}`)))
	w := b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","event":"A","userId":"u","messageId":"i","properties":`+claims+`}`, "Authorization", "Bearer "+adminKey)
	require.Equal(t, http.StatusOK, w.Code)
	var properties map[string]any
	require.NoError(t, json.Unmarshal([]byte(claims), &properties))
	require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Event: "A", UserID: "u", Properties: properties}))
	events := b.log.events(t)
	require.Equal(t, want, list(events[2]))
	require.ElementsMatch(t, want, list(events[3]))
	require.Equal(t, Counts{Claimed: 4 * 5}, b.Counts()[shop(t)], "and none takes room from the others")

	ev := b.one("/v1/identify", `{"userId":"u","traits":{"$bot":true,"plan":"pro"}}`)
	require.JSONEq(t, `{"$unflattened":["$bot","plan"]}`, ev.Derived)
	ev = b.one("/v1/group", `{"userId":"u","traits":{"$group_id":"acme"}}`)
	require.JSONEq(t, `{"$unflattened":["$group_id"]}`, ev.Derived)
}

// What SDKs find out by themselves counts where the door cannot, and no more than
// that.
func TestSendersOwnNames(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.UserAgent = &agents{} })
	const own = `"$browser":"Chrome","$browser_version":149,"$os":"Linux","$bot":true,"$country":"DE"`
	ev := b.captured("/e/", `{"token":"`+writeKey+`","event":"A","distinct_id":"ada","properties":{`+own+`}}`)[0]
	require.JSONEq(t, "{"+own+"}", ev.Properties)
	require.JSONEq(t, `{"$unflattened":["$bot","$country"]}`, ev.Derived)
	ev = b.captured("/e/", `{"token":"`+writeKey+`","event":"A","distinct_id":"ada","properties":{"$raw_user_agent":"X","$groups":{"company":"acme"},`+own+`}}`)[0]
	require.JSONEq(t, `{"$bot":true,"$country":"DE"}`, ev.Properties)
	require.Contains(t, ev.Derived, `"$groups.company":"acme"`)
	require.Contains(t, ev.Derived, `"$browser":"X"`)
	require.Equal(t, uint64(4), b.Counts()[shop(t)].Claimed)

	for _, path := range []string{"/v1/track", "/v1/page"} {
		ev = b.one(path, `{"event":"A","userId":"u","properties":{`+own+`}}`)
		require.JSONEq(t, "{"+own+"}", ev.Properties)
		require.JSONEq(t, `{"$unflattened":["$bot","$country"]}`, ev.Derived)
		ev = b.one(path, `{"event":"A","userId":"u","properties":{`+own+`},"context":{"userAgent":"X"}}`)
		require.Contains(t, ev.Derived, `"$browser":"X"`, "which is what the store looks up")
	}
	require.Empty(t, b.one("/v1/identify", `{"userId":"u","traits":{"$browser":"Chrome"}}`).Derived)
}

// Every name that is derived is one that senders cannot set, but for those that
// they may know themselves.
func TestDerivedNamesAreOurs(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.UserAgent, c.Geo = &agents{}, atlas }, capped(tenant.Caps{Events: 1, Properties: 1}))
	b.one("/v1/track", `{"event":"A","userId":"u"}`)
	b.one("/v1/track", `{"event":"B","userId":"u","properties":{"a":1,"b":2},"context":{"page":{"url":"https://x.org/a?utm_source=s&utm_medium=m&utm_campaign=c&utm_term=t&utm_content=c",
		"referrer":"https://y.org/"},"locale":"de","timezone":"UTC","screen":{"width":1,"height":2},"app":{"version":"1"},"library":{"name":"l"},"userAgent":"bot","ip":"203.0.113.7",
		"groups":{"company":"acme"},"os":{"name":"iOS","version":"18"}}}`)
	b.one("/v1/track", `{"event":"A","userId":"u","context":{"os":{"name":"iOS","version":"18"}}}`)
	b.one("/v1/group", `{"userId":"u","groupId":"g"}`)
	seen := map[string]bool{}
	for _, ev := range b.log.events(t) {
		var derived map[string]any
		if ev.Derived != "" {
			require.NoError(t, json.Unmarshal([]byte(ev.Derived), &derived))
		}
		for name := range derived {
			seen[name] = true
			require.Equal(t, name != "$browser" && name != "$browser_version" && name != "$os", ours([]byte(name)), name)
		}
	}
	require.Greater(t, len(seen), 26)
	require.False(t, ours([]byte("$free")))
	require.False(t, ours([]byte("$pageview_id")))
}
