package clickhouse_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// secret is part of everything that only the other tenants have. No request has
// it in it, so that no answer may.
const secret = "CANARY"

// house is a handler over a store with three tenants.
type house struct {
	tb      testing.TB
	world   *world
	handler http.Handler
	keys    map[string]string // of tenants
	version atomic.Int64
}

func openHouse(tb testing.TB) *house {
	tb.Helper()
	h := &house{tb: tb, world: setup(tb), keys: map[string]string{}}
	var tenants []tenant.Registration
	for id, settings := range map[string]tenant.Settings{"ours": {}, "theirs": {}, "dedicated": {Dedicated: true}} {
		h.keys[id] = "rk_" + id
		tenants = append(tenants, tenant.Registration{
			Tenant: *newTenant(tb, id, settings), WriteKeys: []string{"wk_" + id}, ReadKeys: []string{h.keys[id]},
		})
	}
	keys, err := tenant.NewKeys(tenants...)
	require.NoError(tb, err)
	h.handler, err = query.New(query.Config{
		Conn: h.world.conn, Cookies: tenant.NewCookies(keys, keys.Tenant),
		// Answers are kept, so that those of one tenant could get to another.
		Version: func(context.Context) string { return fmt.Sprint(h.version.Load()) },
	})
	require.NoError(tb, err)
	return h
}

// fill gives a tenant some of everything, under the same ids as the others.
func (h *house) fill(id, mark string) {
	w := h.world.of(h.tb, newTenant(h.tb, id, tenant.Settings{Dedicated: id == "dedicated"}))
	props := func(text string) string {
		b, err := json.Marshal(map[string]any{"x": text, "n": 1, "$path": "/" + text, "$" + strings.ToLower(text): text, text: text, "$groups.company": "g" + text})
		require.NoError(h.tb, err)
		return string(b)
	}
	w.write(
		ev{at: "2024-03-01T10:00:00Z", name: "$page", typ: footfall.Page, visitor: "v", user: "them", session: 1, id: "same" + mark, props: props(mark)},
		ev{at: "2024-03-01T10:00:01Z", name: mark, visitor: "v", session: 1, id: "same2" + mark, props: props(mark)},
		ev{at: "2024-03-01T10:00:02Z", name: "Buy", visitor: "v", session: 1, id: "same3" + mark, props: props(mark)},
		ev{at: "2024-04-02T10:00:00Z", name: "Buy", visitor: "w" + mark, user: "u" + mark, session: 2, id: "same4" + mark, props: props(mark)},
		ev{at: "2024-04-03T10:00:00Z", name: "Leave", visitor: "w" + mark, id: "same5" + mark, props: props(mark)},
	)
	w.session("v", 1, "2024-03-01T10:00:00Z", "2024-03-01T10:00:02Z", 1)
	w.session("w"+mark, 2, "2024-04-02T10:00:00Z", "2024-04-02T10:00:02Z", 2)
	w.edge(footfall.LinkUser, "visitor:v", "them")
	w.edge(footfall.LinkUser, "visitor:w"+mark, "u"+mark)
	w.edge(footfall.LinkAlias, "user:them", "alias"+mark)
	value, _ := json.Marshal(mark) // a text always marshals
	w.say(
		trait{of: "user:them", key: "plan", value: string(value), at: 1}, trait{of: "user:u" + mark, key: "plan", value: string(value), at: 1},
		trait{of: "user:them", key: "trait" + mark, value: string(value), at: 1},
		member("user:them", "company", "g"+mark, 1), trait{of: "group:company:g" + mark, key: "size", value: "5", at: 1},
	)
	h.version.Add(1)
}

// ask sends a request and returns the answer, in which there may be nothing of
// the other tenants if it is not one of theirs.
func (h *house) ask(tb testing.TB, method, path, body string, headers ...string) (status int, answer string) {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	head := new(bytes.Buffer)
	require.NoError(tb, w.Header().Write(head))
	require.NotContains(tb, head.String(), "X-Leak")
	text, err := io.ReadAll(w.Body)
	require.NoError(tb, err)
	require.Less(tb, w.Code, 500, "%s %.2000s: %s", path, body, text)
	return w.Code, head.String() + string(text)
}

func bearer(key string) []string { return []string{"Authorization", "Bearer " + key} }

// resultOf cuts off what two answers to one question may differ in.
func resultOf(answer string) string {
	_, result, _ := strings.Cut(answer, `,"result":`)
	return result
}

// TestNothingCrosses asks everything of one tenant before and after others fill
// the store, and then with hostile text in place of each text of each question.
func TestNothingCrosses(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.fill("ours", "fine")
	before := map[string]string{}
	for _, sample := range samples {
		status, answer := h.ask(t, "POST", "/api/v1/query", places.Replace(sample), bearer("rk_ours")...)
		before[sample] = resultOf(answer)
		if status != 200 {
			// A segment of somebody else is one that does not exist.
			require.Contains(t, answer, `"code":"unknown_segment"`, sample)
			require.Contains(t, sample, "theirs-segment")
		} else {
			require.NotEmpty(t, before[sample])
		}
	}
	status, catalog := h.ask(t, "GET", "/api/v1/catalog", "", bearer("rk_ours")...)
	require.Equal(t, 200, status)
	require.Contains(t, catalog, "fine")

	h.fill("theirs", secret+"theirs")
	h.fill("dedicated", secret+"dedicated")
	// They ask first, so that the cache has their answers; and their cursors are
	// places for whoever uses them.
	next := map[string]string{}
	seen := 0
	for _, id := range []string{"theirs", "dedicated"} {
		for _, sample := range samples {
			_, answer := h.ask(t, "POST", "/api/v1/query", places.Replace(sample), bearer(h.keys[id])...)
			seen += strings.Count(answer, secret)
		}
		for name, question := range map[string]string{"$EVENTS": `{"kind":"events",` + wholeYear + `,"limit":2}`, "$PERSONS": `{"kind":"persons",` + wholeYear + `,"limit":1}`} {
			_, answer := h.ask(t, "POST", "/api/v1/query", question, bearer(h.keys[id])...)
			var page struct{ Next *string }
			require.NoError(t, json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimSpace(resultOf(answer)), "}")), &page))
			require.NotNil(t, page.Next, answer)
			next[id+name] = *page.Next
		}
		_, answer := h.ask(t, "GET", "/api/v1/catalog", "", bearer(h.keys[id])...)
		require.Contains(t, answer, secret)
	}
	require.Greater(t, seen, 50, "the canary is where it can be seen")

	for _, sample := range samples {
		_, answer := h.ask(t, "POST", "/api/v1/query", places.Replace(sample), bearer("rk_ours")...)
		require.NotContains(t, answer, secret)
		require.Equal(t, before[sample], resultOf(answer), "what others have changed the answer to %s", sample)
		_, answer = h.ask(t, "POST", "/api/v1/query", places.Replace(sample), append(bearer("rk_ours"), "Accept", "text/csv")...)
		require.NotContains(t, answer, secret)
		for _, id := range []string{"theirs", "dedicated"} {
			question := strings.NewReplacer("$EVENTS", next[id+"$EVENTS"], "$PERSONS", next[id+"$PERSONS"]).Replace(sample)
			_, answer = h.ask(t, "POST", "/api/v1/query", question, bearer("rk_ours")...)
			require.NotContains(t, answer, secret, question)
		}
	}
	_, again := h.ask(t, "GET", "/api/v1/catalog", "", bearer("rk_ours")...)
	require.Equal(t, catalog, again)

	t.Run("hostile", func(t *testing.T) {
		for _, text := range hostile {
			for _, name := range []string{"q", "event", "limit", "tenant"} {
				_, answer := h.ask(t, "GET", "/api/v1/catalog?"+url.Values{name: {text}}.Encode(), "", bearer("rk_ours")...)
				require.NotContains(t, answer, secret, text)
			}
		}
		sorts := map[string]bool{}
		for i, sample := range samples {
			sample = places.Replace(sample)
			fresh := freshPlaces(t, sample, sorts)
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				tried, answered := h.tryHostile(t, sample, fresh)
				require.Greater(t, tried, 8)
				t.Logf("%d tried, %d answered", tried, answered)
			})
		}
	})
}

// freshPlaces returns the places of a question that are the first of their sort:
// the value of a filter is read, compiled and sent the same way wherever the
// filter stands.
func freshPlaces(tb testing.TB, sample string, sorts map[string]bool) map[string]bool {
	tb.Helper()
	var doc any
	require.NoError(tb, json.Unmarshal([]byte(sample), &doc))
	fresh := map[string]bool{}
	parts(doc, func(any) {}, "", func(at, was string, _ func(any)) {
		names := slices.DeleteFunc(strings.Split(at, "/"), func(name string) bool { return name == "" || name[0] <= '9' })
		sort := strings.Join(names[max(0, len(names)-2):], "/") + " " + was[:strings.IndexAny(was, ".:")+1]
		fresh[at], sorts[sort] = !sorts[sort], true
	})
	return fresh
}

// tryHostile puts hostile texts in place of each text of a question; of a
// property's name and a person's id, behind the scope. A fresh place gets all of
// them, another a third of them, in turns.
func (h *house) tryHostile(tb testing.TB, sample string, fresh map[string]bool) (tried, answered int) {
	tb.Helper()
	var doc any
	require.NoError(tb, json.Unmarshal([]byte(sample), &doc))
	send := func(at, text string) {
		body, err := json.Marshal(doc)
		require.NoError(tb, err)
		status, answer := h.ask(tb, "POST", "/api/v1/query", string(body), bearer("rk_ours")...)
		require.NotContains(tb, answer, secret, "%s with %s", at, text)
		tried++
		if status == 200 {
			answered++
		}
	}
	turn := 0
	parts(doc, func(to any) { doc = to }, "", func(at, was string, put func(any)) {
		turn++
		for i, text := range hostile {
			if !fresh[at] && (i+turn)%3 != 0 {
				continue
			}
			if cut := strings.IndexAny(was, ".:") + 1; cut > 0 {
				put(was[:cut] + text)
			} else {
				put(text)
			}
			send(at, text)
		}
		put([]any{was, map[string]any{"tenant": "theirs"}})
		send(at, "a list")
		put(was)
	})
	return tried, answered
}

// TestNoKeyOpensAnother shows that what belongs to one tenant opens nothing of
// another, and what is forged opens nothing at all.
func TestNoKeyOpensAnother(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.fill("ours", "fine")
	h.fill("theirs", secret+"theirs")
	login := func(key string) string {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/session", strings.NewReader(`{"key":"`+key+`"}`))
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		require.Equal(t, 204, w.Code)
		return w.Result().Cookies()[0].Value
	}
	own, other := login("rk_ours"), login("rk_theirs")
	question := `{"kind":"events",` + wholeYear + `}`
	cookie := func(value string) []string { return []string{"Cookie", tenant.CookieName + "=" + value} }

	_, answer := h.ask(t, "POST", "/api/v1/query", question, cookie(other)...)
	require.Contains(t, answer, secret)
	// A key beats a cookie, either way.
	status, answer := h.ask(t, "POST", "/api/v1/query", question, append(bearer("rk_ours"), cookie(other)...)...)
	require.Equal(t, 200, status)
	require.NotContains(t, answer, secret)
	status, answer = h.ask(t, "POST", "/api/v1/query", question, cookie(own)...)
	require.Equal(t, 200, status)
	require.NotContains(t, answer, secret)

	forged := map[string][]string{
		"none": nil, "a write key of theirs": bearer("wk_theirs"), "the id": bearer("theirs"), "two keys": bearer("rk_ours,rk_theirs"),
		"a key in capitals": bearer("RK_THEIRS"), "no scheme": {"Authorization", "rk_theirs"}, "basic": {"Authorization", "Basic cmtfdGhlaXJzOg=="},
		"unsigned token": bearer("eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJ0aGVpcnMifQ."), "zero": bearer("rk_theirs\x00"),
		"their id under the MAC of ours": cookie(graft(own, other)), "an empty cookie": cookie(""), "their id alone": cookie("dGhlaXJz"),
	}
	for i := range len(other) {
		// Any change of any byte; the bits of the last one that are not used apart.
		for _, c := range []byte("A9") {
			changed := []byte(other)
			if changed[i] == c {
				continue
			}
			changed[i] = c
			if i%5 == 0 || i < 50 {
				forged[fmt.Sprint("a cookie changed at ", i, " to ", string(c))] = cookie(string(changed))
			}
		}
	}
	for name, headers := range forged {
		status, answer := h.ask(t, "POST", "/api/v1/query", question, headers...)
		require.Contains(t, []int{401, 403}, status, name)
		require.NotContains(t, answer, secret, name)
		status, answer = h.ask(t, "GET", "/api/v1/catalog", "", headers...)
		require.Contains(t, []int{401, 403}, status, name)
		require.NotContains(t, answer, secret, name)
	}
}

// graft puts what one cookie says under the MAC of another.
func graft(mac, says string) string {
	const macs = sha256.Size
	a, _ := base64.RawURLEncoding.DecodeString(mac) // the handler made them
	b, _ := base64.RawURLEncoding.DecodeString(says)
	return base64.RawURLEncoding.EncodeToString(append(a[:macs:macs], b[macs:]...))
}
