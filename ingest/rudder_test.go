package ingest

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRudderPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/sourceConfig", "/sourceConfig/"} {
		for _, w := range []interface{ Result() *http.Response }{
			b.do(http.MethodGet, path+"?p=npm&v=3.34.1&build=modern&writeKey="+writeKey+"&lockIntegrationsVersion=true", ""),
			b.do(http.MethodGet, path, "", "Authorization", basic(writeKey)),
		} {
			resp := w.Result()
			require.Equal(t, http.StatusOK, resp.StatusCode)
			var answer struct {
				Source struct {
					ID, Name, WriteKey string
					Enabled            bool
					Destinations       []any
					Config             struct {
						StatsCollection map[string]struct{ Enabled bool }
					}
				}
			}
			require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
			require.NoError(t, resp.Body.Close())
			require.Equal(t, "shop "+writeKey, answer.Source.ID+" "+answer.Source.WriteKey)
			require.True(t, answer.Source.Enabled)
			require.NotNil(t, answer.Source.Destinations)
			require.Empty(t, answer.Source.Destinations)
			require.Equal(t, map[string]struct{ Enabled bool }{"errors": {}, "metrics": {}}, answer.Source.Config.StatsCollection)
		}
		w := b.do(http.MethodHead, path+"?view=ad", "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Empty(t, w.Body.String())
		problemOf(t, b.do(http.MethodGet, path, ""), http.StatusUnauthorized)
		problemOf(t, b.do(http.MethodGet, path+"?writeKey="+readKey, ""), http.StatusForbidden)
		problemOf(t, b.do(http.MethodPost, path, ""), http.StatusMethodNotAllowed)
	}
	w := b.do(http.MethodPost, "/beacon/v1/batch?writeKey="+writeKey, `{"batch":[{"type":"track","event":"A","anonymousId":"a"}],"sentAt":"2024-05-01T10:00:00.000Z"}`, "Content-Type", "text/plain")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "A", b.log.events(t)[0].Name)
	problemOf(t, b.do(http.MethodPost, "/beacon/v1/batch", `{"batch":[{"type":"track","event":"A","anonymousId":"a"}]}`), http.StatusUnauthorized)
	for _, path := range []string{"/beacon/v1/track", "/sourceConfig/x", "/beacon"} {
		problemOf(t, b.do(http.MethodPost, path, ""), http.StatusNotFound)
	}
}
