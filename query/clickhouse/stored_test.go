package clickhouse_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// storing returns a world whose engine stores segments.
func storing(tb testing.TB) *world {
	w := setup(tb)
	engine, err := query.NewEngine(query.Config{Conn: w.conn, Segments: w.store, Version: func(context.Context) string { return "same" }})
	require.NoError(tb, err)
	w.engine = engine
	return w
}

// put stores a segment given as JSON and returns how many are in it.
func (w *world) put(id, segment string, static bool) (uint64, error) {
	w.tb.Helper()
	var s query.StoredSegment
	q, err := query.Parse([]byte(`{"kind":"segment","segment":` + segment + `}`))
	require.NoError(w.tb, err)
	s.ID, s.Segment, s.Static = id, q.(*query.SegmentSize).Segment, static
	put, err := w.engine.PutSegment(w.tb.Context(), w.tenant, s)
	if err != nil {
		return 0, err
	}
	require.NotNil(w.tb, put.Count)
	got, err := w.engine.Segment(w.tb.Context(), w.tenant, id)
	require.NoError(w.tb, err)
	require.Equal(w.tb, put, got, "what is put is what is there")
	return *put.Count, nil
}

func (w *world) mustPut(id, segment string, static bool) uint64 {
	w.tb.Helper()
	n, err := w.put(id, segment, static)
	require.NoError(w.tb, err)
	return n
}

// refused returns the first mistake of a question.
func (w *world) refused(question string) string {
	w.tb.Helper()
	q, err := query.Parse([]byte(question))
	require.NoError(w.tb, err)
	_, err = w.engine.Run(w.tb.Context(), w.tenant, q)
	return mistake(w.tb, err)
}

func mistake(tb testing.TB, err error) string {
	tb.Helper()
	var invalid *query.InvalidError
	require.ErrorAs(tb, err, &invalid)
	return invalid.Problems[0].Path + " " + invalid.Problems[0].Code
}

func TestStoredSegments(t *testing.T) {
	t.Parallel()
	w := storing(t)
	w.visits("a", "A 01-01T10", "B 01-01T10")
	w.visits("b", "A 01-02T10")
	require.EqualValues(t, 2, w.mustPut("did-a", `{"did":{"event":"A"}}`, false))
	require.EqualValues(t, 2, w.mustPut("frozen", `"did-a"`, true))
	require.EqualValues(t, 1, w.mustPut("both", `{"and":["did-a",{"did":{"event":"B"}}]}`, false))
	require.Equal(t, "a b", w.in(`"did-a"`, ``))
	require.Equal(t, "b", w.in(`{"and":["frozen",{"not":"both"}]}`, ``))
	require.InDelta(t, 2, w.count(`{"segment":"both"}`), 0)

	// One that was frozen stays as it was, while its persons go on to be who
	// they are.
	w.visits("c", "A 01-03T10")
	require.Equal(t, "a b c", w.in(`"did-a"`, `,"at":"2024-06-01"`))
	require.Equal(t, "a b", w.in(`"frozen"`, `,"at":"2024-06-01"`))
	w.edge(footfall.LinkUser, "visitor:a", "ann")
	require.Equal(t, "b user:ann", w.in(`"frozen"`, `,"at":"2024-06-02"`))
	require.InDelta(t, 3, w.count(`{"and":[{"segment":"frozen"},{"property":"event.$name","op":"ne","value":"x"}]}`), 0)

	// It means the same whatever a question is about.
	const late = `{"kind":"trend","interval":"total","range":{"from":"2024-01-02","to":"2024-01-03"},"series":[{"event":"A","filter":{"segment":SEGMENT}}]}`
	w.mustPut("did-b", `{"did":{"event":"A"},"count":{"gte":1}}`, false)
	require.InDelta(t, 1, w.total(strings.Replace(late, "SEGMENT", `"did-b"`, 1)), 0)

	// Stored anew, the same words are another question.
	require.Equal(t, "b c user:ann", w.in(`"did-b"`, `,"at":"2024-06-03"`))
	require.EqualValues(t, 1, w.mustPut("did-b", `{"did":{"event":"B"}}`, false))
	require.Equal(t, "user:ann", w.in(`"did-b"`, `,"at":"2024-06-03"`))

	list, err := w.engine.Segments(t.Context(), w.tenant)
	require.NoError(t, err)
	var ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
		require.NotNil(t, s.Count, s.ID)
	}
	require.Equal(t, []string{"both", "did-a", "did-b", "frozen"}, ids)

	// Mistakes name the place, and circles are none that hang.
	require.Equal(t, "/segment/and/1/not unknown_segment", w.refused(`{"kind":"segment","segment":{"and":["did-a",{"not":"nobody"}]}}`))
	require.Equal(t, "/of/series/0/filter/segment unknown_segment", w.refused(`{"kind":"persons",`+wholeYear+`,"of":{"kind":"trend","series":[{"event":"A","filter":{"segment":"nobody"}}]}}`))
	_, err = w.put("did-a", `{"or":["both",{"did":{"event":"C"}}]}`, false)
	require.Equal(t, "/segment circle", mistake(t, err))
	_, err = w.put("self", `{"not":"self"}`, false)
	require.Equal(t, "/segment circle", mistake(t, err))
	_, err = w.put("no", `"nobody"`, false)
	require.Equal(t, "/segment unknown_segment", mistake(t, err))
	_, err = w.engine.PutSegment(t.Context(), w.tenant, query.StoredSegment{ID: "no spaces"})
	require.Equal(t, "/id bad_value", mistake(t, err))

	require.NoError(t, w.engine.DeleteSegment(t.Context(), w.tenant, "did-a"))
	require.ErrorIs(t, w.engine.DeleteSegment(t.Context(), w.tenant, "did-a"), query.ErrNoSegment)
	require.Equal(t, "/segment unknown_segment", w.refused(`{"kind":"segment","segment":"both"}`), "it needs the one that is gone")
	require.Equal(t, "b user:ann", w.in(`"frozen"`, `,"at":"2024-06-04"`), "this one does not any more")
	require.EqualValues(t, 1, w.mustPut("frozen", `{"did":{"event":"B"}}`, true))
	counts, err := w.store.Count(t.Context(), &footfall.Erasure{Tenant: w.tenant.ID})
	require.NoError(t, err)
	require.EqualValues(t, 1, counts["members"], "of what was replaced nothing is left")
}

// TestStoredSegmentsEnd shows that the members of a segment go with the person.
func TestStoredSegmentsEnd(t *testing.T) {
	t.Parallel()
	w := storing(t)
	w.visits("a", "A 01-01T10")
	w.visits("b", "A 01-02T10")
	require.EqualValues(t, 2, w.mustPut("frozen", `{"did":{"event":"A"}}`, true))
	w.upsert(&footfall.Upserts{Erasures: []footfall.Erasure{{
		Tenant: w.tenant.ID, Name: "e", IDs: []footfall.ID{w.id("visitor:a")}, Before: footfall.Position{Offset: 100}, Time: 1,
	}}})
	require.Equal(t, "b", w.in(`"frozen"`, ``))
	w.upsert(&footfall.Upserts{Erasures: []footfall.Erasure{{Tenant: w.tenant.ID, Name: "all", Before: footfall.Position{Offset: 100}, Time: 1}}})
	require.Equal(t, "/segment unknown_segment", w.refused(`{"kind":"segment","segment":"frozen"}`))
	counts, err := w.store.Count(t.Context(), &footfall.Erasure{Tenant: w.tenant.ID})
	require.NoError(t, err)
	require.Zero(t, counts["members"]+counts["definitions"])
}

// erasing is a store in which a person is erased while members are being frozen.
type erasing struct {
	query.SegmentStore

	erase func()
}

func (e *erasing) Freeze(ctx context.Context, m ...footfall.Member) error {
	if e.erase != nil {
		e.erase()
	}
	e.erase = nil
	return e.SegmentStore.Freeze(ctx, m...)
}

// TestFreezingDuringAnErasure shows that whoever is erased after the members were
// read and before they are written is not among them.
func TestFreezingDuringAnErasure(t *testing.T) {
	t.Parallel()
	w := storing(t)
	w.visits("a", "A 01-01T10")
	w.visits("b", "A 01-02T10")
	store := &erasing{SegmentStore: w.store}
	engine, err := query.NewEngine(query.Config{Conn: w.conn, Segments: store})
	require.NoError(t, err)
	w.engine = engine
	erasure := &footfall.Erasure{Tenant: w.tenant.ID, Name: "e", IDs: []footfall.ID{w.id("visitor:a")}, Before: footfall.Position{Offset: 100}, Time: 1}
	store.erase = func() { w.upsert(&footfall.Upserts{Erasures: []footfall.Erasure{*erasure}}) }
	require.EqualValues(t, 1, w.mustPut("frozen", `{"did":{"event":"A"}}`, true))
	require.Equal(t, "b", w.in(`"frozen"`, ``))
	counts, err := w.store.Count(t.Context(), erasure)
	require.NoError(t, err)
	require.Zero(t, counts["members"], "no hash is left")

	// A link in between is no reason to do it again.
	store.erase = func() { w.edge(footfall.LinkUser, "visitor:b", "bob") }
	require.EqualValues(t, 1, w.mustPut("frozen", `{"did":{"event":"A"}}`, true))
	require.Equal(t, "user:bob", w.in(`"frozen"`, `,"at":"2024-06-01"`))
}

func TestSegmentRoutes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("a", "A 01-01T10")
	other := newTenant(t, "other", tenant.Settings{})
	keys, err := tenant.NewKeys(
		tenant.Registration{Tenant: *w.tenant, ReadKeys: []string{"rk_shop"}, WriteKeys: []string{"wk_shop"}},
		tenant.Registration{Tenant: *other, ReadKeys: []string{"rk_other"}},
	)
	require.NoError(t, err)
	handler, err := query.New(query.Config{Conn: w.conn, Auth: keys, Segments: w.store})
	require.NoError(t, err)
	send := func(method, path, key, body string) (int, map[string]any) {
		r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/segments"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		var fields map[string]any
		if answer.Body.Len() > 0 {
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &fields), answer.Body)
		}
		return answer.Code, fields
	}
	code, got := send(http.MethodPut, "/early", "rk_shop", `{"segment":{"did":{"event":"A"},"count":{"gte":1}},"static":true}`)
	require.Equal(t, http.StatusOK, code, got)
	require.Equal(t, "early", got["id"])
	require.Equal(t, "early", got["name"])
	require.Equal(t, true, got["static"])
	require.InDelta(t, 1, got["count"], 0)
	require.Contains(t, got, "updated")
	code, again := send(http.MethodGet, "/early", "rk_shop", "")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, got, again)
	code, got = send(http.MethodGet, "", "rk_shop", "")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, []any{again}, got["segments"])

	// Nobody else sees it, or may touch it.
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		code, _ = send(method, "/early", "rk_other", "")
		require.Equal(t, http.StatusNotFound, code, method)
		code, _ = send(method, "/early", "wk_shop", "")
		require.Equal(t, http.StatusForbidden, code, method)
	}
	code, got = send(http.MethodPut, "/mine", "rk_other", `{"segment":"early"}`)
	require.Equal(t, http.StatusBadRequest, code, got)
	code, got = send(http.MethodGet, "", "rk_other", "")
	require.Equal(t, http.StatusOK, code)
	require.Empty(t, got["segments"])

	// What is answered may be sent back.
	text, err := json.Marshal(again)
	require.NoError(t, err)
	code, got = send(http.MethodPut, "/early", "rk_shop", string(text))
	require.Equal(t, http.StatusOK, code, got)
	delete(got, "updated")
	delete(again, "updated")
	require.Equal(t, again, got)

	for _, body := range []string{``, `[]`, `{}`, `{"segment":{}}`, `{"segment":"early","size":1}`, `{"segment":"early","name":7}`, `{"segment":"new"}`, `{"segment":"early","id":"other"}`, `{"segment":"early","id":7}`} {
		code, got = send(http.MethodPut, "/new", "rk_shop", body)
		require.Equal(t, http.StatusBadRequest, code, "%s: %v", body, got)
	}
	code, _ = send(http.MethodGet, "/early?static=true", "rk_shop", "")
	require.Equal(t, http.StatusBadRequest, code)
	code, _ = send(http.MethodPost, "/early", "rk_shop", `{}`)
	require.Equal(t, http.StatusMethodNotAllowed, code)
	code, _ = send(http.MethodDelete, "/early", "rk_shop", "")
	require.Equal(t, http.StatusNoContent, code)
	code, _ = send(http.MethodGet, "/early", "rk_shop", "")
	require.Equal(t, http.StatusNotFound, code)
}
