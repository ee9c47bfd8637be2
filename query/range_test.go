package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// TestRangesOfATenantsZone asks about ranges of which a question alone does not
// tell whether they end after they begin.
func TestRangesOfATenantsZone(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	const trend = `"kind":"trend","series":[{"event":"A"}]`
	for _, test := range []struct{ zone, question, wrong string }{
		{"America/New_York", `{` + trend + `,"range":{"from":"2024-03-11T02:00:00Z","to":"2024-03-11"}}`, ""},
		{"America/New_York", `{` + trend + `,"range":{"from":"2024-03-11T04:00:00Z","to":"2024-03-11"}}`, "/range"},
		{"America/New_York", `{` + trend + `,"range":{"from":"2024-03-10","to":"2024-03-10T05:00:00Z"}}`, "/range"},
		{"America/New_York", `{` + trend + `,"range":{"from":"2024-03-10","to":"2024-03-10T05:00:00.001Z"}}`, ""},
		{"America/New_York", `{` + trend + `,"interval":"hour","range":{"from":"2024-03-10","to":"2024-03-10T03:00:00Z"}}`, "/range"},
		{"America/New_York", `{` + trend + `,"zone":"UTC","range":{"from":"2024-03-10","to":"2024-03-10T03:00:00Z"}}`, ""},
		{"America/New_York", `{"kind":"sessions","range":{"from":"2024-03-10","to":"2024-03-10T03:00:00Z"}}`, "/range"},
		{"America/New_York", `{"kind":"segment","segment":{"did":{"event":"A"}},"range":{"from":"2024-03-10","to":"2024-03-10T03:00:00Z"}}`, "/range"},
		{"America/New_York", `{"kind":"persons","of":{` + trend + `,"range":{"from":"2024-03-10","to":"2024-03-10T03:00:00Z"}},"at":{"series":0}}`, "/of/range"},
		{"America/New_York", `{"kind":"persons","range":{"from":"2024-03-10","to":"2024-03-10T03:00:00Z"},"of":{` + trend + `},"at":{"series":0}}`, "/range"},
		// Samoa's calendar has no 30th.
		{"Pacific/Apia", `{` + trend + `,"range":{"from":"2011-12-30","to":"2011-12-31"}}`, "/range"},
		{"Pacific/Apia", `{` + trend + `,"range":{"from":"2011-12-30","to":"2012-01-01"}}`, ""},
	} {
		conn := &fakeConn{}
		engine, err := query.NewEngine(query.Config{Conn: conn})
		require.NoError(t, err)
		shop := &tenant.Tenant{ID: id, Settings: tenant.Settings{Zone: test.zone}.WithDefaults()}
		q, err := query.Parse([]byte(test.question))
		require.NoError(t, err, test.question)
		_, err = engine.Run(t.Context(), shop, q)
		if test.wrong == "" {
			require.NoError(t, err, test.question)
			continue
		}
		var invalid *query.InvalidError
		require.ErrorAs(t, err, &invalid, test.question)
		require.Equal(t, test.wrong, invalid.Problems[0].Path, test.question)
		require.Empty(t, conn.asked, test.question)
	}
}
