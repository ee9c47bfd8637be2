package ingest

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// What the door calls its own messages and the events beyond a cap is no name
// for a track, whichever way it comes.
func TestReservedNamesOfEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"$page", "$screen", "$identify", "$group", "$alias", "$other", `\u0024identify`} {
		e := b.refused("/v1/track", `{"userId":"u","event":"`+name+`"}`)
		require.Equal(t, []string{"/event", string(ReservedName)}, []string{e.Path, e.Code})
		require.Contains(t, e.Message, "event may not be")
		e = b.refused("/v1/batch", `{"batch":[{"type":"track","userId":"u","event":"`+name+`"}]}`)
		require.Equal(t, []string{"/batch/0/event", string(ReservedName)}, []string{e.Path, e.Code})
	}
	var refused *RefusedError
	require.ErrorAs(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Event: "$identify", UserID: "u"}), &refused)
	require.Equal(t, ReservedName, refused.Refused[0].Code)
	w := b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","event":"$page","userId":"u","messageId":"i"}`, "Authorization", "Bearer "+adminKey)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"code":"reserved_name"`)
	require.Empty(t, b.log.events(t))

	// Names that only look so are free, and those that a type gives are given.
	for _, name := range []string{"$pageview", "$autocapture", "$Identify", "$", "identify"} {
		require.Equal(t, name, b.one("/v1/track", `{"userId":"u","event":"`+name+`"}`).Name)
	}
	require.Equal(t, "$identify", b.one("/v1/identify", `{"userId":"u","event":"$group"}`).Name)
}

// PostHog's wire has its kinds of messages in the event's name. They stay what
// they are, and never become a track of that name.
func TestReservedNamesOfPostHog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, want := range map[string]footfall.Type{
		"$identify": footfall.Identify, "$set": footfall.Identify, "$pageview": footfall.Page, "$screen": footfall.Screen,
		"$groupidentify": footfall.Group, "$autocapture": footfall.Track, "$pageleave": footfall.Track,
	} {
		for _, properties := range []string{`{}`, `[]`, `[ ]`, `null`} {
			events := b.captured("/e/", `{"token":"`+writeKey+`","event":"`+name+`","distinct_id":"ada","properties":`+properties+`}`)
			require.Len(t, events, 1)
			require.Equal(t, want, events[0].Type, name)
		}
	}
	for _, name := range []string{"$page", "$group", "$alias", "$other"} {
		p := problemOf(t, b.do(http.MethodPost, "/e/", `{"token":"`+writeKey+`","event":"`+name+`","distinct_id":"ada"}`), http.StatusBadRequest)
		require.Equal(t, string(ReservedName), p.Errors[0].Code)
	}
}

// The page for other programs names every code.
func TestDocsNameTheCodes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/http.md")
	require.NoError(t, err)
	for _, code := range codes {
		require.Contains(t, string(page), "`"+string(code)+"`")
	}
}
