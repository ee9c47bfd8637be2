package keep_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/store"
	"github.com/footfall-go/footfall/tenant"
)

// world is a log, a store and a keeper between them. Settle plays the
// processor: it carries out what is in the log.
type world struct {
	t     *testing.T
	store *store.Memory
	shop  *tenant.Tenant

	mu      sync.Mutex
	records []footfall.Record
	done    int
	obeys   func(*record.Erase) bool // whether an order is carried out
	forgot  []keep.Forget
	clings  error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	return &world{t: t, store: store.NewMemory(), shop: &tenant.Tenant{ID: id, Settings: tenant.Settings{}.WithDefaults()}}
}

func (w *world) Append(_ context.Context, records []footfall.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range records {
		records[i].Offset = int64(100 + len(w.records))
		w.records = append(w.records, records[i])
	}
	return nil
}

func (w *world) settle(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; w.done < len(w.records); w.done++ {
		rec := &w.records[w.done]
		o, err := record.ParseOrder(rec)
		if err != nil {
			return err
		}
		if w.obeys != nil && !w.obeys(o.Erase) {
			continue
		}
		e := footfall.Erasure{
			Tenant: w.shop.ID, Name: o.Erase.Name, IDs: o.Erase.IDs,
			Before: footfall.Position{Partition: rec.Partition, Offset: rec.Offset},
		}
		if err := w.store.Upsert(context.WithoutCancel(ctx), &footfall.Upserts{Erasures: []footfall.Erasure{e}}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w *world) keeper(change ...func(*keep.Config)) *keep.Keeper {
	w.t.Helper()
	cfg := keep.Config{
		Log: w, Store: w.store, Tenants: func() []*tenant.Tenant { return []*tenant.Tenant{w.shop} }, Settle: w.settle, Location: time.UTC,
		Forget: func(_ context.Context, f keep.Forget) error {
			w.forgot = append(w.forgot, f)
			return w.clings
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	k, err := keep.New(context.Background(), cfg)
	require.NoError(w.t, err)
	return k
}

func (w *world) id(person string) footfall.ID {
	kind, text, _ := strings.Cut(person, ":")
	if kind == "user" {
		return schema.UserID(w.shop.ID, text)
	}
	return schema.VisitorID(w.shop.ID, text)
}

// edges puts identity edges in, written "link visitor:v user:u".
func (w *world) edges(edges ...string) {
	w.t.Helper()
	kinds := map[string]footfall.LinkKind{"link": footfall.LinkUser, "unlink": footfall.UnlinkUser, "alias": footfall.LinkAlias}
	var u footfall.Upserts
	for i, e := range edges {
		f := strings.Fields(e)
		u.Links = append(u.Links, footfall.Link{
			Tenant: w.shop.ID, Kind: kinds[f[0]], From: w.id(f[1]), User: w.id(f[2]), Position: footfall.Position{Offset: int64(i)},
		})
	}
	require.NoError(w.t, w.store.Upsert(context.Background(), &u))
}

// erase requests the erasure of a person and runs the keeper until it is done.
func (w *world) erase(k *keep.Keeper, person string) keep.Receipt {
	w.t.Helper()
	r, err := k.ErasePerson(context.Background(), w.shop.ID, person)
	require.NoError(w.t, err)
	return w.wait(k, r.Name)
}

func (w *world) wait(k *keep.Keeper, name string) keep.Receipt {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = k.Run(ctx) })
	r, err := k.Wait(ctx, name)
	require.NoError(w.t, err)
	cancel()
	running.Wait()
	return r
}

func TestPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edges  []string
		person string
		ids    string
	}{
		"nobody knows":            {nil, "user:u", "user:u"},
		"a user and its visitors": {[]string{"link visitor:v user:u", "link visitor:w user:u", "link visitor:x user:o"}, "user:u", "user:u visitor:v visitor:w"},
		"by a visitor":            {[]string{"link visitor:v user:u", "link visitor:w user:u"}, "visitor:v", "visitor:v user:u visitor:w"},
		"the first link counts":   {[]string{"link visitor:v user:u", "link visitor:v user:o"}, "user:o", "user:o"},
		"after an unlink":         {[]string{"link visitor:v user:u", "unlink visitor:v user:u", "link visitor:v user:o"}, "user:o", "user:o visitor:v"},
		"an unlinked visitor":     {[]string{"link visitor:v user:u", "unlink visitor:v user:u"}, "visitor:v", "visitor:v"},
		"an alias is followed":    {[]string{"alias user:old user:u", "link visitor:v user:old"}, "user:u", "user:u user:old visitor:v"},
		"and named by its source": {[]string{"alias user:old user:u", "link visitor:v user:old"}, "visitor:v", "visitor:v user:u user:old"},
		"a chain":                 {[]string{"alias user:a user:b", "alias user:b user:c", "alias visitor:x user:a"}, "user:b", "user:b user:c user:a visitor:x"},
		"the newest alias counts": {[]string{"alias user:a user:b", "alias user:a user:c"}, "user:b", "user:b"},
		"a circle":                {[]string{"alias user:a user:b", "alias user:b user:a"}, "user:a", "user:a user:b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.edges(c.edges...)
				var want []footfall.ID
				for text := range strings.FieldsSeq(c.ids) {
					want = append(want, w.id(text))
				}
				r := w.erase(w.keeper(), c.person)
				require.Equal(t, want[0], r.IDs[0])
				require.ElementsMatch(t, want, r.IDs)
				for _, e := range w.store.Links() {
					require.NotContains(t, r.IDs, e.From)
					require.NotContains(t, r.IDs, e.User)
				}
			})
		})
	}
}

// TestRequestGoesOn has a keeper die at each step; the next one finishes, with
// the ids and counts that only the first could know.
func TestRequestGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.edges("link visitor:v user:u")
		died, die := context.WithCancel(context.Background())
		first := w.keeper(func(c *keep.Config) {
			c.Settle = func(ctx context.Context) error {
				if len(w.records) > 0 { // the order stands in the log
					die()
				}
				return w.settle(ctx)
			}
		})
		r, err := first.ErasePerson(t.Context(), w.shop.ID, "user:u")
		require.NoError(t, err)
		again, err := first.ErasePerson(t.Context(), w.shop.ID, "user:u")
		require.NoError(t, err)
		require.Equal(t, r.Name, again.Name, "one at a time")
		require.ErrorIs(t, first.Lift(t.Context(), r.Name), keep.ErrPending)
		require.NoError(t, first.Run(died))
		require.Empty(t, w.store.Links())

		second := w.keeper()
		require.Contains(t, second.Erased(w.shop.ID), w.id("visitor:v"), "refused from the start")
		got := w.wait(second, r.Name)
		require.Equal(t, []footfall.ID{w.id("user:u"), w.id("visitor:v")}, got.IDs)
		require.EqualValues(t, 1, got.Before[schema.Identities])
		require.Len(t, w.forgot, 1)
		require.Equal(t, int64(101), w.forgot[0].Before[0].Offset)

		require.NoError(t, second.Lift(t.Context(), r.Name))
		require.Empty(t, second.Erased(w.shop.ID))
		require.ErrorIs(t, second.Lift(t.Context(), r.Name), keep.ErrNotFound)
		third := w.keeper()
		require.Empty(t, third.Requests(w.shop.ID))
		require.Empty(t, third.Erased(w.shop.ID))
	})
}

// TestOrderThatDoesNothing shows in the request, and is tried again more and
// more seldom.
func TestOrderThatDoesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.edges("link visitor:v user:u")
		deaf := time.Now().Add(time.Hour)
		w.obeys = func(*record.Erase) bool { return time.Now().After(deaf) }
		k := w.keeper()
		r, err := k.ErasePerson(t.Context(), w.shop.ID, "user:u")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		require.NoError(t, k.Run(ctx))
		got, ok := k.Request(r.Name)
		require.True(t, ok)
		require.Equal(t, keep.Pending, got.State)
		require.Contains(t, got.Error, "not noted")
		require.Less(t, len(w.records), 15)
		require.Equal(t, keep.Done, w.wait(k, r.Name).State)
	})
}

func TestNight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.shop.Retention = 10 * 24 * time.Hour
		begun := time.Now() // midnight, in a bubble
		var b footfall.Batch
		for i := range 20 {
			at := footfall.MillisOf(begun.Add(-time.Duration(i) * 24 * time.Hour))
			b.Events = append(b.Events, footfall.Event{
				Tenant: w.shop.ID, Position: footfall.Position{Offset: int64(i)}, Visitor: w.id("visitor:v"), MessageID: string(rune('a' + i)), Time: at, Received: at,
			})
		}
		require.NoError(t, w.store.Insert(t.Context(), &b, 0))
		w.clings = context.DeadlineExceeded
		k := w.keeper()
		r := w.erase(k, "user:nobody")
		require.NotEmpty(t, r.Log.Remains)
		require.True(t, r.Purged.IsZero())
		run := func(d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			require.NoError(t, k.Run(ctx))
		}
		run(2 * time.Hour)
		require.Len(t, w.store.Rows(), 20, "not yet night")
		w.clings = nil
		run(2 * time.Hour)
		require.Len(t, w.store.Rows(), 10, "those of ten days at three in the morning")
		got, _ := k.Request(r.Name)
		require.False(t, got.Purged.IsZero())
		require.Empty(t, got.Log.Remains)
		run(3 * 24 * time.Hour)
		require.Len(t, w.store.Rows(), 7)
	})
}

func TestHandler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keeper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = k.Run(ctx) })
	defer running.Wait()
	defer cancel()
	h := keep.NewHandler(k, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer admin" {
			return true
		}
		w.WriteHeader(http.StatusUnauthorized)
		return false
	})
	do := func(method, path, body string, status int) (r keep.Receipt) {
		t.Helper()
		request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, request)
		require.Equal(t, http.StatusUnauthorized, answer.Code)
		request.Header.Set("Authorization", "Bearer admin")
		answer = httptest.NewRecorder()
		h.ServeHTTP(answer, request)
		require.Equal(t, status, answer.Code, answer.Body)
		if status == 202 || status == 200 && strings.Contains(path, "/er_") {
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &r))
		}
		return r
	}
	for body, status := range map[string]int{
		`{"tenant":"shop","person":"ada"}`: 400, `{"tenant":"shop","person":"user:"}`: 400, `{"tenant":"Shop"}`: 400, `{}`: 400, `{"tenant":"shop"}`: 400,
		`{"tenant":"club","person":"user:a"}`: 404, `{"tenant":"shop","person":"user:a","x":1}`: 400, `{"tenant":"shop","person":"user:a"}{}`: 400, ``: 400,
	} {
		do(http.MethodPost, "/api/v1/erasures", body, status)
	}
	do(http.MethodDelete, "/api/v1/tenants/club", "", 404)
	do(http.MethodDelete, "/api/v1/tenants/NO", "", 404)
	do(http.MethodPut, "/api/v1/erasures", "", 405)
	do(http.MethodGet, "/api/v1/erasures?tenant=", "", 400)
	do(http.MethodGet, "/api/v1/erasures", "", 200)
	do(http.MethodGet, "/api/v1/erasures/er_none", "", 404)
	do(http.MethodDelete, "/api/v1/erasures/er_none", "", 404)
	do(http.MethodPost, "/api/v1/maintain", "", 200)
	do(http.MethodPost, "/api/v1/erasures", `{"tenant":"shop","person":"user:`+strings.Repeat("a", 8<<10)+`"}`, 413)
	do(http.MethodPost, "/api/v1/erasures", `{"tenant":"club","person":"user:a"}`+strings.Repeat(" ", 8<<10), 413)
	do(http.MethodGet, "/api/v1/tenants", "", 404)
	do(http.MethodGet, "/api/v1/tenants/", "", 404)
	do(http.MethodGet, "/api/v1/tenants/shop", "", 405)
	mux := http.NewServeMux()
	for _, pattern := range h.Patterns() {
		mux.Handle(pattern, h)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/tenants", nil)
	request.Header.Set("Authorization", "Bearer admin")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	require.Equal(t, http.StatusNotFound, answer.Code, "no redirect to what is not there")
	require.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))

	r := do(http.MethodPost, "/api/v1/erasures", `{"tenant":"shop","person":"user:ada"}`, 202)
	require.Equal(t, keep.Person, r.Scope)
	_, err := k.Wait(t.Context(), r.Name)
	require.NoError(t, err)
	require.Equal(t, keep.Done, do(http.MethodGet, "/api/v1/erasures/"+r.Name, "", 200).State)
	do(http.MethodGet, "/api/v1/erasures?tenant=shop", "", 200)
	do(http.MethodGet, "/api/v1/erasures?tenant=shop&person=user:ada", "", 400)
	do(http.MethodDelete, "/api/v1/erasures/"+r.Name, "", 204)
	r = do(http.MethodDelete, "/api/v1/tenants/shop", "", 202)
	require.True(t, k.Dropped(w.shop.ID))
	_, err = k.Wait(t.Context(), r.Name)
	require.NoError(t, err)
	again := do(http.MethodDelete, "/api/v1/tenants/shop", "", 202)
	require.Equal(t, r.Name, again.Name, "it is dropped as long as that stands")
	require.Equal(t, keep.Done, again.State)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := keep.New(t.Context(), keep.Config{At: 25 * time.Hour})
	for _, field := range []string{"Log", "Store", "Tenants", "Settle", "At"} {
		require.ErrorContains(t, err, "Config."+field)
	}
}
