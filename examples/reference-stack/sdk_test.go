package referencestack

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// sdk is one of the client libraries that products use, unchanged.
type sdk struct {
	name string
	// others are the events it sends besides its ticks, by their names here.
	others []string
	// tells is what its user is told of a refused event, "" if nothing.
	tells string
	// stubborn SDKs try again whatever the answer is, up to ten times.
	stubborn bool
	// leaves is set for a page that goes on to another while something is on
	// its way, which the SDK sends again from there.
	leaves bool
	// forgetful SDKs make few requests of all, and a failure of the last one, as
	// the page is left, they do not remember.
	forgetful bool
	// blind SDKs hear of no answer and so never try again.
	blind bool
	// faults are those of its rough line. Defaults to rough.
	faults []fault
	// send has the SDK carry out a plan and returns when nothing is on the way
	// any more, with the errors its user has seen.
	send func(tb testing.TB, p plan) []string
}

// plan is what an SDK is to do. Scripts get it as JSON.
type plan struct {
	URL   string `json:"url"`
	Key   string `json:"key"`
	Count int    `json:"count"` // of track messages named Tick, with n = 0, 1, …
	Bad   bool   `json:"bad"`   // send one event named Bad, of a user that cannot be, and nothing else

	// Of pages:
	Pages string `json:"-"`     // where they are
	Mode  string `json:"mode"`  // how the SDK is to send
	Blind bool   `json:"blind"` // it does not hear of answers
	Stay  bool   `json:"stay"`  // send all before the page is left
	Tells string `json:"tells"` // what it is to tell in the end
}

// ticks is more than any SDK puts into one request here.
const ticks = 45

// serverCalls are the calls besides track that a server's SDK has.
var serverCalls = []string{"$identify", "$page", "$screen", "$group", "$alias"}

// browserCalls are those of a page's SDK.
var browserCalls = []string{"$identify", "$page", "$group", "$alias"}

// sdks are all that are tried. Adding one: see the package's documentation.
func sdks() []sdk {
	return []sdk{
		{name: "segment-node", others: serverCalls, tells: "[400] Bad Request", send: script("segment-node.cjs")},
		{name: "analytics-node", others: serverCalls, tells: "illegal_id", send: script("analytics-node.cjs")},
		{name: "rudder-node", others: serverCalls, tells: "illegal_id", send: script("rudder-node.cjs")},
		{name: "segment-go", others: serverCalls, tells: "illegal_id", stubborn: true, send: segmentGo},
		{name: "rudder-go", others: serverCalls, tells: "illegal_id", stubborn: true, send: rudderGo},
		{name: "segment-browser", leaves: true, others: browserCalls, tells: "NonRetryableError", send: page("segment.html", "", false)},
		{name: "segment-browser-batching", leaves: true, forgetful: true, others: browserCalls, send: page("segment.html", "batching", false)},
		{name: "rudder-browser", leaves: true, others: browserCalls, tells: "illegal_id", send: page("rudder.html", "", false)},
		{name: "rudder-browser-beacon", leaves: true, others: browserCalls, blind: true, send: page("rudder.html", "beacon", true)},
		{
			name: "posthog-browser", leaves: true, forgetful: true, others: browserCalls, tells: "illegal_id", send: page("posthog.html", "", false),
			// It gives up after a 429, which is why the door does not say so on its paths.
			faults: []fault{{status: http.StatusServiceUnavailable}, {status: http.StatusServiceUnavailable, after: true}},
		},
		{name: "posthog-node", others: []string{"$identify", "$group", "$alias"}, tells: "status=400", send: script("posthog-node.cjs")},
	}
}

// TestSDKs has every SDK send through a line that works, through one that
// fails, and an event that must be refused. Each sends as a tenant of its own,
// to one server.
func TestSDKs(t *testing.T) {
	t.Parallel()
	scenarios := []string{"plain", "rough", "bad"}
	var tenants []fileTenant
	for _, k := range sdks() {
		for _, scenario := range scenarios {
			tenants = append(tenants, tenantOf(k.name+"-"+scenario))
		}
	}
	s := upWith(t, tenants...)
	pages, _ := servePages(t)
	for _, k := range sdks() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			t.Run("plain", func(t *testing.T) {
				t.Parallel()
				a := s.account(t, k.name+"-plain", nil)
				require.Empty(t, k.send(t, a.plan(ticks, pages)))
				l := a.settled(t, k.accepted())
				if !k.leaves {
					require.Zero(t, l.Duplicate)
				}
				a.storedOnce(t, k.others, ticks)
			})
			t.Run("bad", func(t *testing.T) {
				t.Parallel()
				a := s.account(t, k.name+"-bad", nil)
				p := a.plan(0, pages)
				p.Bad, p.Tells = true, k.tells
				said := strings.Join(k.send(t, p), "\n")
				if k.tells == "" {
					require.Empty(t, said)
				}
				require.Contains(t, said, k.tells)
				a.refused(t, k.stubborn)
			})
			if k.blind {
				return // it never tries again
			}
			t.Run("rough", func(t *testing.T) {
				t.Parallel()
				faults := rough
				if k.faults != nil {
					faults = k.faults
				} else if k.forgetful { // nothing comes in between, and it tries ten times
					faults = slices.DeleteFunc(slices.Clone(rough), func(f fault) bool { return f.status == 0 })
				}
				a := s.account(t, k.name+"-rough", faults)
				p := a.plan(ticks, pages)
				p.Stay = k.forgetful
				require.Empty(t, k.send(t, p))
				l := a.settled(t, k.accepted())
				require.Positive(t, l.Duplicate, "faults behind the server make it see events twice")
				a.storedOnce(t, k.others, ticks)
				for _, f := range faults {
					require.True(t, slices.ContainsFunc(a.proxy.seen(), func(e exchange) bool { return e.fault == f }), "%+v", f)
				}
			})
		})
	}
}

// TestOrigins has pages of two origins send for a tenant that names one of
// them, and for one that lets all pages send.
func TestOrigins(t *testing.T) {
	t.Parallel()
	ours, other := servePages(t)
	s := upWith(t, tenantOf("named", ours), tenantOf("open"))
	send := page("segment.html", "", false)
	for id, pages := range map[string]string{"named": ours, "open": other} {
		a := s.account(t, id, nil)
		require.Empty(t, send(t, a.plan(ticks, pages)))
		a.settled(t, int64(ticks+len(browserCalls)))
		for _, e := range a.proxy.seen() {
			require.Equal(t, pages, e.origin)
		}
	}
	a := s.account(t, "named", nil)
	p := a.plan(ticks, other)
	p.Tells = "may not send with this key"
	require.Contains(t, strings.Join(send(t, p), "\n"), p.Tells)
	require.Empty(t, a.proxy.seen(), "the SDK asks for its settings first, and gives up there")
	require.Equal(t, int64(ticks+len(browserCalls)), a.status(t).Ledger["named"].Stored)
}

// accepted is how many events the SDK sends on a plan with ticks.
func (k sdk) accepted() int64 { return int64(ticks + len(k.others)) }

// account is a tenant with the line that one SDK sends over.
type account struct {
	*server
	tenant string
	proxy  *proxy
}

// fileTenant is a tenant of the configuration file.
type fileTenant struct {
	ID        string   `json:"id"`
	WriteKeys []string `json:"write_keys"`
	ReadKeys  []string `json:"read_keys"`
	Origins   []string `json:"origins,omitempty"`
}

// tenantOf is a tenant whose keys end in its id.
func tenantOf(id string, origins ...string) fileTenant {
	return fileTenant{ID: id, WriteKeys: []string{"wk_" + id}, ReadKeys: []string{"rk_" + id}, Origins: origins}
}

// upWith starts a server with tenants.
func upWith(tb testing.TB, tenants ...fileTenant) *server {
	tb.Helper()
	dir := tb.TempDir()
	config := filepath.Join(tb.TempDir(), "footfall.yaml")
	text, err := json.Marshal(map[string]any{"tenants": tenants}) // which is YAML too
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(config, text, 0o600))
	s := launch(tb, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
	s.waitReady(tb)
	return s
}

func (s *server) account(tb testing.TB, id string, faults []fault) *account {
	tb.Helper()
	return &account{server: s, tenant: id, proxy: newProxy(tb, s.url, faults)}
}

func (a *account) plan(count int, pages string) plan {
	return plan{URL: a.proxy.url, Key: "wk_" + a.tenant, Count: count, Pages: pages}
}

// settled waits until that many events are visible and nothing is pending, and
// returns the tenant's ledger. It holds what the proxy has seen accepted against
// it, and asks the command status too.
func (a *account) settled(tb testing.TB, stored int64) (l ledger) {
	tb.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		seen := a.proxy.accepted(tb)
		l = a.status(tb).Ledger[a.tenant]
		require.Equal(tb, l.Accepted, l.Stored+l.Duplicate+l.Quarantined+l.Pending, "%+v", l)
		want := ledger{Accepted: seen, Stored: stored, Duplicate: seen - stored}
		if l == want {
			break
		}
		select {
		case <-tick.C:
		case <-late:
			require.Equal(tb, want, l, a.tenant)
		}
	}
	code, stdout, stderr := run(tb, "status", "--data", a.dir, "--json")
	require.Zero(tb, code, stderr)
	var st status
	require.NoError(tb, json.Unmarshal([]byte(stdout), &st))
	require.Equal(tb, stored, st.Ledger[a.tenant].Stored)
	return l
}

// storedOnce asks the query API for all events and finds each tick and each of
// the others there, once.
func (a *account) storedOnce(tb testing.TB, others []string, count int) {
	tb.Helper()
	var answer struct {
		Result struct{ Events []event }
	}
	a.call(tb, http.MethodPost, "/api/v1/query", "rk_"+a.tenant, map[string]any{"kind": "events", "range": always, "limit": 1000}, &answer)
	var names []string
	var seen []int
	ids := map[string]int{}
	for _, ev := range answer.Result.Events {
		ids[ev.ID]++
		if ev.Name != "Tick" {
			names = append(names, ev.Name)
			continue
		}
		require.IsType(tb, 1.0, ev.Properties["n"])
		seen = append(seen, int(ev.Properties["n"].(float64)))
	}
	slices.Sort(seen)
	want := make([]int, count)
	for n := range want {
		want[n] = n
	}
	require.Equal(tb, want, seen, "every tick is there, once")
	require.ElementsMatch(tb, others, names)
	require.Len(tb, ids, count+len(others), "message ids are distinct")
	for id, n := range ids {
		require.NotEmpty(tb, id)
		require.Equal(tb, 1, n, id)
	}
	// The count of the engine says the same as the list.
	var counted struct{ Result trend }
	a.call(tb, http.MethodPost, "/api/v1/query", "rk_"+a.tenant, map[string]any{
		"kind": "trend", "range": always, "interval": "total", "series": []any{map[string]any{"event": "Tick"}},
	}, &counted)
	require.Equal(tb, float64(count), *counted.Result.Series[0].Total)
}

// refused finds that the bad event was sent once, was named in the answer, and
// was not stored.
func (a *account) refused(tb testing.TB, stubborn bool) {
	tb.Helper()
	var bad []exchange
	for _, e := range a.proxy.seen() {
		if e.status == http.StatusBadRequest {
			bad = append(bad, e)
			continue
		}
		require.Zero(tb, e.fault)
	}
	require.NotEmpty(tb, bad)
	if !stubborn {
		require.Len(tb, bad, 1, "a 400 is not tried again")
	}
	var answer struct {
		Detail string
		Errors []struct{ Path, Code, Message string }
	}
	require.NoError(tb, json.Unmarshal([]byte(bad[0].answer), &answer))
	require.Len(tb, answer.Errors, 1)
	require.Contains(tb, []string{"/batch/0/userId", "/batch/0/anonymousId", "/userId", "/anonymousId"}, answer.Errors[0].Path)
	require.Equal(tb, "illegal_id", answer.Errors[0].Code)
	require.NotEmpty(tb, answer.Errors[0].Message)
	require.Zero(tb, a.status(tb).Ledger[a.tenant])
	require.Equal(tb, int64(len(bad)), a.status(tb).Door[a.tenant]["refused"])
}

// sdkFolder is where the scripts and what npm installed for them are.
func sdkFolder(tb testing.TB) string {
	tb.Helper()
	dir, err := filepath.Abs(filepath.Join("testdata", "sdk"))
	require.NoError(tb, err)
	_, err = os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err != nil {
		testenv.Missing(tb, "the JavaScript SDKs are not installed: make sdks")
	}
	return dir
}
