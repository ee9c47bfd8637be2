package ingest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// banned is a set of ids of one tenant, or all of it.
type banned struct {
	tenant tenant.ID
	ids    map[footfall.ID]struct{}
	all    bool
}

func (b *banned) Dropped(id tenant.ID) bool { return b.all && id == b.tenant }

func (b *banned) Erased(id tenant.ID) map[footfall.ID]struct{} {
	if id != b.tenant {
		return nil
	}
	return b.ids
}

func TestErasedPersonIsRefused(t *testing.T) {
	t.Parallel()
	id := shop(t)
	bans := &banned{tenant: id, ids: map[footfall.ID]struct{}{schema.UserID(id, "ada"): {}, schema.VisitorID(id, "x"): {}}}
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Bans = bans })
	for body, path := range map[string]string{
		`{"event":"E","userId":"ada"}`:                        "/userId",
		`{"event":"E","userId":"ada","anonymousId":"y"}`:      "/userId",
		`{"event":"E","anonymousId":"x"}`:                     "/anonymousId",
		`{"type":"alias","userId":"bob","previousId":"x"}`:    "/previousId",
		`{"type":"alias","userId":"bob","previousId":"ada"}`:  "/previousId",
		`{"type":"alias","userId":"ada","anonymousId":"new"}`: "/userId",
	} {
		route := "/v1/track"
		if body[2] == 't' {
			route = "/v1/alias"
		}
		e := b.refused(route, body)
		require.Equal(t, string(IllegalID), e.Code, body)
		require.Equal(t, path, e.Path, body)
		require.Contains(t, e.Message, "erased", body)
	}
	p := problemOf(t, b.do(http.MethodPost, "/v1/unlink", `{"anonymousId":"x","userId":"bob"}`, "Authorization", "Bearer "+readKey), http.StatusBadRequest)
	require.Contains(t, p.Detail, "erased")
	w := b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","messageId":"1","event":"E","anonymousId":"x"}`, "Authorization", "Bearer "+adminKey)
	require.Contains(t, w.Body.String(), `"accepted":0,"rejected":[{"index":0,"messageId":"1","code":"illegal_id"`)

	// A text means one thing as a user and another as a visitor, and what
	// another user does on an erased device is that user's.
	b.one("/v1/track", `{"event":"E","userId":"x"}`)
	b.one("/v1/track", `{"event":"E","anonymousId":"ada"}`)
	b.one("/v1/track", `{"event":"E","anonymousId":"x","userId":"bob"}`)
}

func TestDroppedTenantIsRefused(t *testing.T) {
	t.Parallel()
	bans := &banned{tenant: shop(t), all: true}
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Bans = bans })
	p := problemOf(t, b.post("/v1/track", `{"event":"E","userId":"u"}`), http.StatusForbidden)
	require.Contains(t, p.Detail, "dropped")
	problemOf(t, b.do(http.MethodPost, "/v1/import?tenant=shop", `{}`, "Authorization", "Bearer "+adminKey), http.StatusForbidden)
	problemOf(t, b.do(http.MethodPost, "/v1/unlink", `{}`, "Authorization", "Bearer "+readKey), http.StatusForbidden)
	require.ErrorContains(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Type: footfall.Track, Event: "E", UserID: "u"}), "dropped")
	require.Zero(t, b.log.count())
	require.NotEmpty(t, b.Refusals(shop(t)).Samples)
	b.Forget(shop(t))
	require.Empty(t, b.Refusals(shop(t)).Samples)
	require.NotZero(t, b.Counts()[shop(t)].Refused, "counts stay")
}

// BenchmarkErased is what the look-up costs an event where somebody was
// erased, and where nobody was.
func BenchmarkErased(b *testing.B) {
	id := shop(b)
	for name, ids := range map[string]map[footfall.ID]struct{}{"nobody": nil, "somebody": {schema.UserID(id, "ada"): {}}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			h := setup(b, func(c *Config, _ *tenant.Registration) { c.Bans = &banned{tenant: id, ids: ids} })
			s := newRequest(h.Handler)
			s.tenant = h.keys.Tenant(id)
			s.event.Anonymous = []byte("0b1a2c3d-4e5f-6071-8293-a4b5c6d7e8f9")
			for b.Loop() {
				if s.erased().code != "" {
					b.Fatal("refused")
				}
			}
		})
	}
}
