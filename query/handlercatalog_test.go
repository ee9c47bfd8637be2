package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

func TestCatalogRoute(t *testing.T) {
	t.Parallel()
	d := openDoor(t, tenant.Settings{})
	d.conn.rows = nil
	ask := func(method, query, key string) (int, string) {
		w := d.send(t, method, "/api/v1/catalog"+query, "", "Authorization", key)
		return w.Code, w.Body.String()
	}
	code, body := ask("GET", "?q=a&event=b&limit=5", asRead)
	require.Equal(t, 200, code, body)
	require.JSONEq(t, `{"events":[],"properties":[]}`, body)
	require.Equal(t, "b", d.conn.asked[2].Params["p3"], "the event whose properties are listed")
	for query, want := range map[string]string{
		"?limit=0": "/limit", "?limit=x": "/limit", "?limit=1001": "/limit", "?Q=a": "unknown_parameter", "?q=%ff": "/q", "?event=a%00": "/event",
	} {
		code, body := ask("GET", query, asRead)
		require.Equal(t, 400, code, query)
		require.Contains(t, body, want, query)
	}
	code, _ = ask("GET", "", "Bearer wk_shop")
	require.Equal(t, 403, code)
	code, _ = ask("GET", "", "")
	require.Equal(t, 401, code)
	code, _ = ask("POST", "", asRead)
	require.Equal(t, 405, code)
}
