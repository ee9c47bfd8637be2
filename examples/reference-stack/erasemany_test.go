package referencestack

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/keep"
)

// TestEraseManyUnderKills asks for the erasure of sixty persons at the same
// moment and kills the server again and again while it carries that out. Each
// receipt then tells of its person alone, of nobody of them is anything left,
// and all of the others is.
func TestEraseManyUnderKills(t *testing.T) {
	t.Parallel()
	const gone, stay = 60, 40
	dir := t.TempDir()
	s := up(t, dir)
	var lines strings.Builder
	var kept []string
	for i := range gone + stay {
		line := func(id, who string) {
			fmt.Fprintf(&lines, `{"type":"track","messageId":%q,"event":"E",%s,"timestamp":"2024-%02d-10T10:00:00Z"}`+"\n", id, who, 1+i%12)
			if i >= gone {
				kept = append(kept, id)
			}
		}
		line(fmt.Sprint("a", i), fmt.Sprintf(`"anonymousId":"phone%d"`, i))
		line(fmt.Sprint("b", i), fmt.Sprintf(`"anonymousId":"phone%d","userId":"u%[1]d"`, i))
		line(fmt.Sprint("c", i), fmt.Sprintf(`"anonymousId":"laptop%d","userId":"u%[1]d"`, i))
	}
	status, text := s.ask(t, http.MethodPost, "/v1/import?tenant=shop&name=history&position=300", s.admin, lines.String())
	require.Equal(t, http.StatusOK, status, text)
	before := s.settled(t).Ledger["shop"]

	receipts := make([]keep.Receipt, gone)
	var asking sync.WaitGroup
	for i := range receipts {
		asking.Go(func() {
			status, text := s.ask(t, http.MethodPost, "/api/v1/erasures", s.admin, fmt.Sprintf(`{"tenant":"shop","person":"user:u%d"}`, i))
			if status != http.StatusAccepted || json.Unmarshal([]byte(text), &receipts[i]) != nil {
				t.Errorf("asked for u%d: %d %s", i, status, text)
			}
		})
	}
	asking.Wait()
	refused := func() {
		t.Helper()
		for i := range gone {
			status, text := s.ask(t, http.MethodPost, "/v1/track", writeKey, fmt.Sprintf(`{"event":"E","anonymousId":"laptop%d"}`, i))
			require.Equal(t, http.StatusBadRequest, status, "a device that was not named")
			require.Contains(t, text, `"illegal_id"`)
		}
	}
	refused()
	chance := rand.New(rand.NewPCG(7, 8))
	for range max(kills(t)/3, 4) {
		<-time.After(time.Duration(chance.IntN(1500)) * time.Millisecond)
		s.kill(t)
		s = up(t, dir)
		refused()
	}
	for i := range receipts {
		r := &receipts[i]
		require.Eventually(t, func() bool {
			answer := keep.Receipt{}
			s.call(t, http.MethodGet, "/api/v1/erasures/"+r.Name, s.admin, nil, &answer)
			*r = answer
			return r.State == keep.Done
		}, patience, 50*time.Millisecond)
		require.Len(t, r.IDs, 3)
		requireErased(t, r, map[string]uint64{"events": 3})
		require.GreaterOrEqual(t, r.Before["identities"], uint64(2), "a replay writes them again, until a merge")
	}
	check := func() {
		t.Helper()
		require.Equal(t, before, s.settled(t).Ledger["shop"])
		var ids []string
		for _, e := range s.events(t) {
			ids = append(ids, e.ID)
		}
		require.ElementsMatch(t, kept, ids)
		require.EqualValues(t, stay, s.count(t, "persons"))
		require.EqualValues(t, 2*stay, s.count(t, "sessions"))
	}
	check()
	s.kill(t) // and nothing comes back by a replay
	s = up(t, dir)
	check()
	s.stop(t)
}
