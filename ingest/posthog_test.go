package ingest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// captured sends a body without a key in the header, as PostHog's SDKs do, and
// returns the events in the log.
func (b *bundle) captured(path, body string, headers ...string) []footfall.Event {
	b.tb.Helper()
	before := len(b.log.events(b.tb))
	w := b.do(http.MethodPost, path, body, headers...)
	require.Equal(b.tb, http.StatusOK, w.Code, w.Body.String())
	var answer struct{ Status string }
	require.NoError(b.tb, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(b.tb, "Ok", answer.Status)
	return b.log.events(b.tb)[before:]
}

// A browser before and after it knows its user, as posthog-js 1.449 sends it.
func TestPostHogBrowser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	events := b.captured("/e/", `{"api_key":"`+writeKey+`","sent_at":"2026-11-27T08:31:34.170Z","batch":[
		{"uuid":"u1","event":"$pageview","properties":{"$os":"Linux","$browser":"Chrome","$raw_user_agent":"Mozilla/5.0","$current_url":"http://shop/a?utm_source=x",
			"$pathname":"/a","$referrer":"$direct","$screen_width":1280,"$screen_height":720,"$timezone":"UTC","$browser_language":"en-US","$lib":"web","$lib_version":"1.4",
			"$sdk_debug_retry_queue_size":0,"$session_entry_host":"shop","$dead_clicks_enabled_server_side":false,"token":"wk_x","title":"Shop","distinct_id":"device-1","$device_id":"device-1","$is_identified":false},
			"$set_once":{"$initial_referrer":"$direct","utm_source":null},"timestamp":"2026-11-27T08:31:34.072Z"},
		{"uuid":"u2","event":"$identify","properties":{"distinct_id":"ada","$device_id":"device-1","$is_identified":true,"$anon_distinct_id":"device-1"},
			"$set":{"email":"a@b.c"},"$set_once":{"first":"x","email":"lost"},"timestamp":"2026-11-27T08:31:34.126Z"},
		{"uuid":"u3","event":"Order","properties":{"distinct_id":"ada","$device_id":"device-1","$is_identified":true,"$groups":{"company":"acme"},"revenue":42},"timestamp":"2026-11-27T08:31:34.144Z"}]}`,
		"Content-Type", "text/plain")
	require.Len(t, events, 4)

	page := events[0]
	require.Equal(t, []any{footfall.Page, "$page", "u1", "device-1", ""}, []any{page.Type, page.Name, page.MessageID, page.AnonymousID, page.UserID})
	require.JSONEq(t, `{"title":"Shop"}`, page.Properties)
	require.JSONEq(t, `{"page":{"url":"http://shop/a?utm_source=x","path":"/a"},"screen":{"width":1280,"height":720},"timezone":"UTC","locale":"en-US",
		"library":{"name":"web","version":"1.4"},"userAgent":"Mozilla/5.0"}`, page.Context)
	require.Equal(t, "2026-11-27T08:31:34.072Z", page.Original.Time().Format("2006-01-02T15:04:05.000Z07:00"))
	require.Equal(t, "2026-11-27T08:31:34.170Z", page.Sent.Time().Format("2006-01-02T15:04:05.000Z07:00"))

	first := events[1]
	require.Equal(t, []any{footfall.Identify, "u1/set", "device-1", ""}, []any{first.Type, first.MessageID, first.AnonymousID, first.UserID})
	require.JSONEq(t, `{"$set_once":{"$initial_referrer":"$direct"}}`, first.Properties, "a trait that is null is none")

	who := events[2]
	require.Equal(t, []any{footfall.Identify, "u2", "device-1", "ada"}, []any{who.Type, who.MessageID, who.AnonymousID, who.UserID})
	require.JSONEq(t, `{"email":"a@b.c","$set_once":{"first":"x"}}`, who.Properties)

	order := events[3]
	require.Equal(t, []any{footfall.Track, "Order", "device-1", "ada"}, []any{order.Type, order.Name, order.AnonymousID, order.UserID})
	require.JSONEq(t, `{"revenue":42}`, order.Properties)
	require.JSONEq(t, `{"groups":{"company":"acme"}}`, order.Context)
}

// A server, as posthog-node 5.70 sends it, gzip included.
func TestPostHogServer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	events := b.captured("/batch/", gzipped(t, `{"api_key":"`+writeKey+`","batch":[
		{"event":"Product Viewed","properties":{"sku":"A-1"},"timestamp":"2026-11-27T08:30:52.444Z","uuid":"u1","distinct_id":"ada"},
		{"event":"$identify","properties":{"$set":{"email":"x@y.z"},"$set_once":{"first":1}},"uuid":"u2","distinct_id":"ada"},
		{"event":"$create_alias","properties":{"distinct_id":"ada","alias":"anon-1"},"uuid":"u3","distinct_id":"ada"},
		{"event":"$groupidentify","properties":{"$group_type":"company","$group_key":"acme","$group_set":{"name":"Acme"}},"uuid":"u4","distinct_id":"$company_acme"},
		{"event":"Order","properties":{"revenue":42,"$set":{"plan":"pro"}},"timestamp":"2024-05-01T10:00:00.123Z","uuid":"u5","distinct_id":17},
		{"event":"Seen","properties":{"$process_person_profile":false},"uuid":"u6","distinct_id":"nobody"}],"sent_at":"2026-11-27T08:30:52.468Z"}`),
		"Content-Type", "application/json", "Content-Encoding", "gzip")
	var got [][]any
	for i := range events {
		ev := &events[i]
		got = append(got, []any{ev.Type, ev.MessageID, ev.AnonymousID, ev.UserID, ev.PreviousID})
	}
	require.Equal(t, [][]any{
		{footfall.Track, "u1", "", "ada", ""},
		{footfall.Identify, "u2", "", "ada", ""},
		{footfall.Alias, "u3", "", "ada", "anon-1"},
		{footfall.Group, "u4", "", "$company_acme", ""},
		{footfall.Track, "u5", "", "17", ""},
		{footfall.Identify, "u5/set", "", "17", ""},
		{footfall.Track, "u6", "nobody", "", ""},
	}, got)
	require.JSONEq(t, `{"revenue":42}`, events[4].Properties)
	require.JSONEq(t, `{"plan":"pro"}`, events[5].Properties)
	require.Equal(t, events[4].Time, events[5].Time)
	require.JSONEq(t, `{"name":"Acme","groupType":"company"}`, events[3].Properties)
	require.Contains(t, events[3].Derived, `"$group_id":"acme"`)
}

// An anonymous browser that names its user by alias: the visitor is the one
// that turns out to be somebody.
func TestPostHogAliasOfAnonymous(t *testing.T) {
	t.Parallel()
	events := setup(t).captured("/e/", `{"api_key":"`+writeKey+`","batch":[{"uuid":"u1","event":"$create_alias",
		"properties":{"alias":"ada","distinct_id":"device-1","$device_id":"device-1","$is_identified":false}}]}`)
	require.Len(t, events, 1)
	require.Equal(t, []string{"device-1", "ada"}, []string{events[0].PreviousID, events[0].UserID})
}

// The forms that a body comes in.
func TestPostHogBodies(t *testing.T) {
	t.Parallel()
	one := `{"token":"` + writeKey + `","event":"A","distinct_id":"ada","uuid":"u1"}`
	many := `{"api_key":"` + writeKey + `","batch":[` + one + `]}`
	encoded := base64.StdEncoding.EncodeToString([]byte(many))
	packed := gzipped(t, many)
	form := "data=" + url.QueryEscape(encoded)
	for name, c := range map[string]struct{ path, body, mime string }{
		"one event":          {"/capture/", one, "application/json"},
		"no slash":           {"/capture", one, "application/json"},
		"new path":           {"/i/v0/e/", one, "application/json"},
		"an array":           {"/e/", "[" + one + "]", "text/plain"},
		"a batch":            {"/batch", many, "application/json"},
		"key in the event":   {"/e/", `{"event":"A","distinct_id":"ada","uuid":"u1","properties":{"token":"` + writeKey + `"}}`, "text/plain"},
		"a beacon's form":    {"/e/?compression=base64&beacon=0", form, "application/x-www-form-urlencoded"},
		"a form of JSON":     {"/e/", "data=" + url.QueryEscape(many), "application/x-www-form-urlencoded"},
		"unmarked gzip":      {"/e/?compression=gzip-js", gzipped(t, many), "text/plain"},
		"bare base64":        {"/e/?compression=base64", base64.StdEncoding.EncodeToString([]byte(many)), "text/plain"},
		"base64 unpadded":    {"/e/", "data=" + base64.RawURLEncoding.EncodeToString([]byte(many)), "application/x-www-form-urlencoded"},
		"a form, packed":     {"/e/", "compression=gzip-js&data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(packed))), "application/x-www-form-urlencoded"},
		"base64, packed":     {"/e/?compression=base64", base64.StdEncoding.EncodeToString([]byte(packed)), "text/plain"},
		"data in the query":  {"/e/?" + form, "", ""},
		"key in the query":   {"/e/?writeKey=" + writeKey, `{"event":"A","distinct_id":"ada","uuid":"u1"}`, "text/plain"},
		"distinct id within": {"/e/", `{"token":"` + writeKey + `","event":"A","uuid":"u1","properties":{"distinct_id":"ada"}}`, "text/plain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := setup(t).captured(c.path, c.body, "Content-Type", c.mime)
			require.Len(t, events, 1)
			require.Equal(t, []string{"A", "ada", "u1"}, []string{events[0].Name, events[0].UserID, events[0].MessageID})
		})
	}
}

// When an event happened, and when it was sent, if it says so in PostHog's ways.
func TestPostHogTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ev := b.captured("/e/?_=1714557600123", `{"token":"`+writeKey+`","event":"A","distinct_id":"ada","offset":5000}`)[0]
	require.Equal(t, footfall.Millis(1714557600123), ev.Sent)
	require.InDelta(t, float64(ev.Received-5000), float64(ev.Time), 1)
	w := b.do(http.MethodGet, "/e/?_=1714557600124&data="+url.QueryEscape(`{"token":"`+writeKey+`","event":"A","distinct_id":"ada"}`), "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, footfall.Millis(1714557600124), b.log.events(t)[1].Sent)
}

// What is wrong is named, and by the place in PostHog's own batch.
func TestPostHogRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.do(http.MethodPost, "/batch/", `{"api_key":"`+writeKey+`","batch":[
		{"event":"A","distinct_id":"ada","uuid":"u1","$set":{"a":1}}, {"event":"B","distinct_id":"undefined","uuid":"u2"}, 7, {"distinct_id":"ada"}, {"event":"C","distinct_id":"ada","properties":[]}]}`)
	require.Equal(t, http.StatusOK, w.Code)
	var answer struct {
		Accepted int
		Rejected []struct {
			Index           int
			MessageID, Code string
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(t, 2+1, answer.Accepted, "PHP's empty object is one here too")
	require.Len(t, answer.Rejected, 3)
	require.Equal(t, []any{1, "u2", string(IllegalID)}, []any{answer.Rejected[0].Index, answer.Rejected[0].MessageID, answer.Rejected[0].Code})
	require.Equal(t, []any{2, string(BadType)}, []any{answer.Rejected[1].Index, answer.Rejected[1].Code})
	require.Equal(t, []any{3, string(MissingEvent)}, []any{answer.Rejected[2].Index, answer.Rejected[2].Code})

	p := problemOf(t, b.do(http.MethodPost, "/e/", `{"api_key":"`+writeKey+`","batch":[{"event":"B"}]}`), http.StatusBadRequest)
	require.Equal(t, "/batch/0", p.Errors[0].Path)
	for body, status := range map[string]int{
		`{"api_key":"wk_other","batch":[]}`:     http.StatusUnauthorized,
		`{"batch":[{"event":"A"}]}`:             http.StatusUnauthorized,
		`{"api_key":"` + readKey + `"}`:         http.StatusForbidden,
		`{"api_key":"wk_shop","batch":7}`:       http.StatusBadRequest,
		`{`:                                     http.StatusBadRequest,
		`7`:                                     http.StatusBadRequest,
		`data=%%%`:                              http.StatusBadRequest,
		strings.Repeat(" ", maxBody+1):          http.StatusRequestEntityTooLarge,
		`[` + strings.Repeat("7,", 2500) + "7]": http.StatusRequestEntityTooLarge,
	} {
		require.Equal(t, status, b.do(http.MethodPost, "/e/", body).Code, body[:min(len(body), 40)])
	}
	require.Equal(t, http.StatusBadRequest, b.do(http.MethodPost, "/e/?compression=lz64", "N4Ig").Code)
}

// What the SDKs ask for beside: nothing of it is there, and they go on.
func TestPostHogQuestions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/flags/?v=2", "/flags/?v=2&config=true", "/decide/?v=3", "/decide/?v=4&ip=1&_=1714557600123", "/decide", "/flags"} {
		require.JSONEq(t, noFlags, b.do(http.MethodGet, path, "").Body.String())
		w := b.do(http.MethodPost, path, `{"token":"x"}`, "Origin", "https://shop.example")
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, noFlags, w.Body.String())
		require.Equal(t, "https://shop.example", w.Header().Get("Access-Control-Allow-Origin"))
	}
	w := b.do(http.MethodGet, "/array/"+writeKey+"/config", "")
	var config struct{ Token string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &config))
	require.Equal(t, writeKey, config.Token)
	w = b.do(http.MethodGet, "/array/"+writeKey+"/config.js", "")
	require.Contains(t, w.Header().Get("Content-Type"), "text/javascript")
	require.Contains(t, w.Body.String(), `window._POSTHOG_REMOTE_CONFIG["`+writeKey+`"]`)
	require.Equal(t, http.StatusUnauthorized, b.do(http.MethodGet, `/array/"];alert(1)/config.js`, "").Code)
	require.Equal(t, http.StatusOK, b.do(http.MethodPost, "/s/", "…").Code)
	require.Equal(t, http.StatusNotFound, b.do(http.MethodGet, "/array/x", "").Code)
	require.Equal(t, http.StatusNoContent, b.do(http.MethodOptions, "/e/", "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST").Code)
}

// posthog-js never comes back after a 429: a tenant over its limit is told what
// makes it come back.
func TestPostHogComesBackLater(t *testing.T) {
	t.Parallel()
	b := limited(t, tenant.Limits{Rate: 1, Burst: 1})
	one := `{"token":"` + writeKey + `","event":"A","distinct_id":"ada"}`
	require.Len(t, b.captured("/e/", one), 1)
	w := b.do(http.MethodPost, "/e/", one)
	problemOf(t, w, http.StatusServiceUnavailable)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusTooManyRequests, b.post("/v1/track", event).Code)
	require.Len(t, b.log.events(t), 1)
}

// A user who logs in behind another on one device: what was done before belongs
// to the new visitor that reset() makes, and so to nobody who was there before.
func TestPostHogAfterReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.do(http.MethodPost, "/batch/", `{"api_key":"`+writeKey+`","batch":[
		{"event":"Seen","properties":{"distinct_id":"second","$device_id":"device-1","$is_identified":false}},
		{"event":"$identify","properties":{"distinct_id":"bob","$device_id":"device-1","$is_identified":true,"$anon_distinct_id":"second"}},
		{"event":"Order","properties":{"distinct_id":"bob","$device_id":"device-1","$is_identified":true}}]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var got [][2]string
	for _, e := range b.log.events(t) {
		got = append(got, [2]string{e.AnonymousID, e.UserID})
	}
	require.ElementsMatch(t, [][2]string{{"second", ""}, {"second", "bob"}, {"device-1", "bob"}}, got)
}
