package referencestack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
)

// statements is the variable that makes this test binary a process that runs
// SQL in a data folder, which only one process at a time can have.
const statements = "FOOTFALL_TEST_SQL"

// TestRunStatements is no test but that process.
func TestRunStatements(t *testing.T) { //nolint:paralleltest // it is alone in its process
	dir, sql, ok := strings.Cut(os.Getenv(statements), "\n")
	if !ok {
		t.Skip("run by TestRejected")
	}
	engine, err := chdb.Open(t.Context(), chdb.Config{Dir: filepath.Join(dir, "store")})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://embedded/?database=footfall", strings.NewReader(sql))
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: engine.Transport()}).Do(req)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", text)
	require.NoError(t, engine.Close())
}

// alter changes the tables of a server that is not running.
func alter(t *testing.T, dir, sql string) {
	t.Helper()
	cmd := testenv.Tie(exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunStatements$"))
	cmd.Env = append(os.Environ(), statements+"="+dir+"\n"+sql)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// replayed is the last line of the command rejected replay.
type replayed struct{ Selected, Replayed, Erased, Unreadable, Left int }

func (s *server) rejected(tb testing.TB, args ...string) (rows []map[string]any, last string) {
	tb.Helper()
	code, stdout, stderr := run(tb, append(append([]string{"rejected"}, args...), "--data", s.dir, "--tenant", "shop")...)
	require.Zero(tb, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	for _, line := range lines[:len(lines)-1] {
		var row map[string]any
		require.NoError(tb, json.Unmarshal([]byte(line), &row))
		rows = append(rows, row)
	}
	return rows, lines[len(lines)-1]
}

func (s *server) replay(tb testing.TB, args ...string) (answer replayed) {
	tb.Helper()
	_, last := s.rejected(tb, append([]string{"replay"}, args...)...)
	require.NoError(tb, json.Unmarshal([]byte(last), &answer))
	return answer
}

// TestRejected has the store refuse events for a cause of its own, replays them
// in vain, mends the cause, and replays them while the server is killed again
// and again. Afterwards each event is stored once and the ledger tells it all.
func TestRejected(t *testing.T) {
	t.Parallel()
	const all, bad = 400, 50
	dir := t.TempDir()
	s := up(t, dir)
	s.stop(t)
	alter(t, dir, "ALTER TABLE events ADD CONSTRAINT nothing_bad CHECK name != 'bad'")
	s = up(t, dir)
	var url atomic.Pointer[string]
	url.Store(&s.url)
	client := newSender(&url)
	start := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	for from := 0; from < all; from += 80 {
		var batch []message
		for i := from; i < from+80; i++ {
			m := message{
				Type: "track", MessageID: fmt.Sprintf("m%d", i), AnonymousID: fmt.Sprintf("v%d", i%5), Event: "good",
				Timestamp: start.Add(time.Duration(i) * time.Second), Properties: map[string]any{"n": i},
			}
			if i%8 == 3 {
				m.Event = "bad"
			}
			batch = append(batch, m)
		}
		_, err := client.send(t.Context(), batch)
		require.NoError(t, err)
	}
	got := s.settled(t).Ledger["shop"]
	require.Equal(t, ledger{Accepted: all, Stored: all - bad, Quarantined: bad}, got)

	rows, last := s.rejected(t, "list", "--json", "--reason", "nothing_bad")
	require.Len(t, rows, bad)
	require.JSONEq(t, fmt.Sprintf(`{"tenant":"shop","rows":%d,"waiting":%[1]d,"shown":%[1]d}`, bad), last)
	require.Equal(t, "waiting", rows[0]["state"])
	require.Contains(t, rows[0]["reason"], "nothing_bad")
	require.Regexp(t, `^0/0/\d+/\d+$`, rows[0]["position"])
	require.Equal(t, "m3", rows[0]["payload"].(map[string]any)["messageId"])
	_, last = s.rejected(t, "list", "--json", "--message", "m11")
	require.JSONEq(t, `{"tenant":"shop","rows":1,"waiting":1,"shown":1}`, last)

	// The cause is still there: they are refused again, at new positions.
	require.Equal(t, replayed{Selected: bad, Replayed: bad}, s.replay(t, "--all"))
	require.Equal(t, ledger{Accepted: all + bad, Stored: all - bad, Quarantined: 2 * bad}, s.settled(t).Ledger["shop"])
	_, last = s.rejected(t, "list", "--json", "--limit", "0")
	require.JSONEq(t, fmt.Sprintf(`{"tenant":"shop","rows":%d,"waiting":%d,"shown":%[1]d}`, 2*bad, bad), last)

	s.stop(t)
	alter(t, dir, "ALTER TABLE events DROP CONSTRAINT nothing_bad")
	s = up(t, dir)
	one, _ := s.rejected(t, "list", "--json", "--waiting", "--limit", "1")
	position := one[0]["position"].(string)
	require.Equal(t, replayed{Selected: 1, Replayed: 1}, s.replay(t, "--position", position))
	require.Equal(t, replayed{}, s.replay(t, "--position", position), "there is nothing left at it")

	left, _ := s.rejected(t, "list", "--json", "--waiting", "--limit", "0")
	require.Len(t, left, bad-1)
	s = replayUnderKills(t, s, left)
	for range 2 {
		require.Zero(t, s.replay(t, "--all").Left)
	}
	st := s.settled(t)
	require.Equal(t, int64(all), st.Ledger["shop"].Stored)
	require.Equal(t, int64(2*bad), st.Ledger["shop"].Quarantined)
	require.Equal(t, int64(2*bad), st.Store.Rows["rejected"])
	require.Equal(t, int64(all), st.Store.Rows["events"])
	require.Equal(t, int64(all), s.count(t, "events"))
	require.Equal(t, int64(5), s.count(t, "sessions"))
	require.Equal(t, int64(5), st.Store.Rows["sessions"])
	requireOnce(t, s.events(t), all)
	t.Logf("ledger %+v", st.Ledger["shop"])
	s.stop(t)
}

// replayUnderKills replays more and more of some rows, two at a time, and kills
// the server at random moments of it. It returns the last server.
func replayUnderKills(t *testing.T, s *server, rows []map[string]any) *server {
	t.Helper()
	chance := rand.New(rand.NewPCG(5, 6))
	rounds := max(kills(t)/3, 4)
	for round := range rounds {
		var ask struct {
			Positions []any `json:"positions"`
		}
		for _, row := range rows[:(round+1)*len(rows)/(rounds+1)] {
			ask.Positions = append(ask.Positions, row["position"])
		}
		body, err := json.Marshal(ask)
		require.NoError(t, err)
		gone := make(chan struct{}, 2)
		for range 2 {
			go func() {
				defer func() { gone <- struct{}{} }()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/rejected/replay?tenant=shop", bytes.NewReader(body))
				if err != nil {
					return
				}
				req.Header.Set("Authorization", "Bearer "+s.admin)
				if resp, err := http.DefaultClient.Do(req); err == nil {
					_ = resp.Body.Close() // the answer may be a lie of a moment later
				}
			}()
		}
		<-time.After(time.Duration(chance.IntN(250)) * time.Millisecond)
		s.kill(t)
		<-gone
		<-gone
		s = up(t, s.dir)
	}
	return s
}

// requireOnce checks that each event is there once, in its visitor's only
// session.
func requireOnce(t *testing.T, events []event, want int) {
	t.Helper()
	require.Len(t, events, want)
	seen, session := map[string]bool{}, map[string]string{}
	for _, e := range events {
		require.False(t, seen[e.ID], "event %s is there twice", e.ID)
		seen[e.ID] = true
		if session[e.Visitor] == "" {
			session[e.Visitor] = e.Session
		}
		require.NotEmpty(t, e.Session, e.ID)
		require.Equal(t, session[e.Visitor], e.Session, e.ID)
	}
}
