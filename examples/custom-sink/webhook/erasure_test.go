package webhook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// TestErase has a receiver that fails once read who is to be forgotten.
func TestErase(t *testing.T) {
	t.Parallel()
	var got []Erasure
	var ids []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = Verify(r.Header, body, time.Now(), secret)
		}
		var line Erasure
		if err == nil {
			err = json.Unmarshal(body, &line)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		got, ids = append(got, line), append(ids, r.Header.Get(HeaderID))
		if len(got) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	s, err := New(Config{URL: server.URL, Secret: secret, Backoff: time.Millisecond})
	require.NoError(t, err)
	shop, err := tenant.ParseID("shop")
	require.NoError(t, err)
	e := &footfall.Erasure{Tenant: shop, Name: "er_1", IDs: []footfall.ID{{1}, {2}}, Time: 1_700_000_000_000, Before: footfall.Position{Epoch: 1, Partition: 3, Offset: 140}}
	require.NoError(t, s.Erase(t.Context(), e))
	require.Len(t, got, 2)
	require.Equal(t, got[0], got[1])
	require.Equal(t, []string{"1-3-140.erase", "1-3-140.erase"}, ids, "a repetition has the id of the first")
	line := got[0].Erase
	require.Equal(t, []any{"er_1", "shop", [4]int64{1, 3, 140, 0}, e.IDs, e.Time.Time()}, []any{line.Name, line.Tenant, line.Before, line.IDs, line.Time})

	// What it names is what events name.
	body, err := encode([]footfall.Event{{Tenant: shop, Visitor: footfall.ID{1}, User: footfall.ID{2}}})
	require.NoError(t, err)
	var ev Event
	require.NoError(t, json.Unmarshal(body, &ev))
	require.Equal(t, []string{e.IDs[0].String(), e.IDs[1].String()}, []string{ev.Visitor, ev.User})
}
