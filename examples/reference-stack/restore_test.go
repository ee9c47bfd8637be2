package referencestack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/keep"
)

// shell runs the commands of docs/running.md that begin with a comment, so that
// what an operator copies is what is tested.
func shell(tb testing.TB, comment string, env ...string) {
	tb.Helper()
	text, err := os.ReadFile("../../docs/running.md")
	require.NoError(tb, err)
	found := regexp.MustCompile("(?s)```sh\n# " + regexp.QuoteMeta(comment) + ".*?\n(.*?)```").FindStringSubmatch(string(text))
	require.NotNil(tb, found, "docs/running.md has no commands for: %s", comment)
	if _, err := exec.LookPath("curl"); err != nil {
		testenv.Missing(tb, "curl is not on this machine")
	}
	cmd := exec.CommandContext(tb.Context(), "bash", "-euo", "pipefail", "-c", found[1])
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(footfallBinary(tb))+":"+os.Getenv("PATH"))
	said, err := cmd.CombinedOutput()
	require.NoError(tb, err, "%s", said)
}

// history is some of everything: people of several sessions, who sign in, with
// traits, some of it sent twice.
func history(prefix string, n int) (all []message) {
	for i := range n {
		v := newVisitor(fmt.Sprintf("%s%d", prefix, i), uint64(len(prefix)*1000+i))
		for range 10 {
			m, _ := v.next()
			all = append(all, m)
		}
		again := all[len(all)-1]
		all = append(all, message{
			Type: "identify", MessageID: fmt.Sprintf("%s%d-who", prefix, i), AnonymousID: v.id, UserID: fmt.Sprintf("u-%s%d", prefix, i),
			Timestamp: v.clock, Traits: map[string]any{"n": i},
		}, again)
	}
	return all
}

// give sends messages to a server until it has them.
func (s *server) give(tb testing.TB, all []message) {
	tb.Helper()
	var url atomic.Pointer[string]
	url.Store(&s.url)
	n, err := newSender(&url).send(tb.Context(), all)
	require.NoError(tb, err)
	require.Equal(tb, len(all), n)
}

// TestRestore brings a server back from a copy of its folder that was made while
// it stood still, and from one of when it was stopped.
func TestRestore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := up(t, dir)
	s.give(t, history("a", 20))
	s.settled(t)

	// Clients send all the time, so that the copy has work under way.
	ctx, stop := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	var accepted atomic.Int64
	for i := range 4 {
		sending.Go(func() {
			client := newSender(&atomic.Pointer[string]{})
			client.url.Store(&s.url)
			for turn := 0; ctx.Err() == nil; turn++ {
				n, err := client.send(context.WithoutCancel(ctx), history(fmt.Sprintf("b%d-%d-", i, turn), 3))
				if err != nil {
					t.Error(err)
					return
				}
				accepted.Add(int64(n))
			}
		})
	}
	flow := func() {
		before := accepted.Load()
		require.Eventually(t, func() bool { return accepted.Load() > before+1000 || t.Failed() }, patience, 20*time.Millisecond)
	}
	flow()
	least := accepted.Load()
	copied := filepath.Join(t.TempDir(), "copy")
	shell(t, "copy a running server", "DATA="+dir, "BACKUP="+copied)
	flow()
	stop()
	sending.Wait()
	s.settled(t)
	all := map[string]event{}
	for _, e := range s.events(t) {
		all[e.ID] = e
	}
	s.stop(t)

	restored := up(t, copied)
	st := restored.settled(t)
	require.GreaterOrEqual(t, st.Ledger["shop"].Accepted, least, "what was accepted before the copy")
	require.Less(t, st.Ledger["shop"].Accepted, accepted.Load()+20*12)
	events := restored.events(t)
	require.Len(t, events, int(st.Ledger["shop"].Stored))
	for _, e := range events {
		require.Equal(t, all[e.ID], e, "the same event, session and person")
		delete(all, e.ID)
	}
	restored.stop(t)

	// A stopped server is its folder.
	before := s.digest(t, "nobody")
	again := filepath.Join(t.TempDir(), "again")
	shell(t, "copy a stopped server", "DATA="+dir, "BACKUP="+again)
	require.NoError(t, os.RemoveAll(dir))
	shell(t, "restore a server", "DATA="+dir, "BACKUP="+again)
	require.Equal(t, before, s.digest(t, "nobody"))
	s = up(t, dir)
	s.give(t, history("c", 1))
	require.Equal(t, int64(12), s.settled(t).Ledger["shop"].Accepted-accepted.Load()-20*12)
	s.stop(t)
}

// TestRestoreStore loses the store of a deployment, restores an older backup of
// it into an empty place, and lets the log bring back what came since: every row
// of every table is what it was. Then it does so after an erasure, which cuts
// the log: whoever was erased does not come back, and what else stood before the
// order and after the backup is gone, and said to be.
func TestRestoreStore(t *testing.T) {
	t.Parallel()
	d := deploy(t, 3)
	backups := t.TempDir()
	engine := startEngine(t, t.TempDir(), "--backups", backups)
	d.use("--clickhouse", engine.url)
	ingest, query, processor := d.start(t, "ingest"), d.start(t, "query"), d.start(t, "process")
	ingest.give(t, history("a", 30))
	query.settled(t)
	processor.stop(t) // it saves its states
	processor = d.start(t, "process")
	ingest.give(t, history("b", 30)) // newer than the newest snapshot
	backup := filepath.Join(backups, "night")
	shell(t, "back up the store", "CLICKHOUSE="+engine.url, "DATABASE="+d.topic, "BACKUP="+backup)
	ingest.give(t, history("c", 30)) // newer than the backup
	ledger := query.settled(t).Ledger["shop"]
	require.Positive(t, ledger.Duplicate)

	// lose ends everything, loses the store, and brings back what can be.
	lose := func(lost bool) (before, after map[string]string, said string) {
		for _, s := range []*server{ingest, query, processor} {
			s.stop(t)
		}
		before = tables(t, engine, d.topic)
		engine.kill(t) // and its disk is gone
		engine = startEngine(t, t.TempDir(), "--backups", backups)
		d.use("--clickhouse", engine.url)
		shell(t, "restore the store", "CLICKHOUSE="+engine.url, "DATABASE="+d.topic, "BACKUP="+backup)
		require.NotEqual(t, before, tables(t, engine, d.topic), "the backup is older")
		refused := d.launch(t, "process")
		require.Equal(t, 1, refused.wait(t))
		if !lost { // else there is no state that it could be refused by
			require.Contains(t, refused.stderr.String(), "the store lacks events that were in it")
		}
		require.Contains(t, refused.stderr.String(), "footfall recover")
		if lost {
			status, stdout, stderr := d.recover(t)
			require.Equal(t, 1, status, stdout)
			require.Regexp(t, `[1-9][0-9]* records are gone from the log, and the store has nothing of them \(partition \d lacks [1-9]`, stderr)
			status, stdout, said = d.recover(t, "--accept-loss")
			require.Zero(t, status, said)
			require.Regexp(t, `"lost":[1-9]`, stdout)
		} else {
			shell(t, "bring the restored store in line", d.environment()...)
		}
		after = tables(t, engine, d.topic)
		ingest, query, processor = d.start(t, "ingest"), d.start(t, "query"), d.start(t, "process")
		return before, after, said
	}
	before, after, _ := lose(false)
	require.Equal(t, before, after)
	require.Equal(t, ledger, query.settled(t).Ledger["shop"])

	receipt := keep.Receipt{}
	code, text := query.ask(t, http.MethodPost, "/api/v1/erasures", adminKey, `{"tenant":"shop","person":"visitor:a7"}`)
	require.Equal(t, http.StatusAccepted, code, text)
	require.NoError(t, json.Unmarshal([]byte(text), &receipt))
	require.Eventually(t, func() bool {
		_, text := query.ask(t, http.MethodGet, "/api/v1/erasures/"+receipt.Name, adminKey, "")
		require.NoError(t, json.Unmarshal([]byte(text), &receipt))
		return receipt.State == keep.Done
	}, patience, 50*time.Millisecond)
	before, after, said := lose(true)
	require.Equal(t, before["erasures"], after["erasures"], "the order is carried out again")
	require.NotEqual(t, before["events"], after["events"])
	require.Contains(t, said, "records that are gone")
	people := query.events(t)
	require.NotEmpty(t, people)
	for _, e := range people {
		require.NotEqual(t, "a7", e.Visitor)
	}
	code, _ = query.ask(t, http.MethodGet, "/api/v1/erasures/"+receipt.Name, adminKey, "")
	require.Equal(t, http.StatusNotFound, code, "the receipt was in the store that is gone")
}

// TestRestoreStoreOfUp brings the store of a server back from an older copy and
// leaves the log as it is: the server does not start on that, recover brings in
// what came since, and every row of every table is what it was.
func TestRestoreStoreOfUp(t *testing.T) {
	t.Parallel()
	dir, copied := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
	s := up(t, dir)
	s.give(t, history("a", 20))
	s.settled(t)
	s.stop(t)
	shell(t, "copy a stopped server", "DATA="+dir, "BACKUP="+copied)
	s = up(t, dir)
	s.give(t, history("b", 20))
	ledger := s.settled(t).Ledger["shop"]
	s.stop(t) // and its newest state is as of now
	before := s.digest(t, "nobody")

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "store")))
	require.NoError(t, os.Rename(filepath.Join(copied, "store"), filepath.Join(dir, "store")))
	require.NotEqual(t, before, s.digest(t, "nobody"))
	refused := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--tenant", tenantArg)
	require.Equal(t, 1, refused.wait(t))
	require.Contains(t, refused.stderr.String(), "the store lacks events that were in it")
	require.Contains(t, refused.stderr.String(), "`footfall recover` --data "+dir)

	status, stdout, stderr := run(t, "recover", "--data", dir)
	require.Zero(t, status, stderr)
	require.Equal(t, int64(20*11), sentBy(t, stdout))
	require.Equal(t, before, s.digest(t, "nobody"))
	s = up(t, dir)
	require.Equal(t, ledger, s.settled(t).Ledger["shop"])
	status, _, stderr = run(t, "recover", "--data", dir)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "in use")
	s.stop(t)
}

// tables is what the tables of a database hold, as FINAL shows it: how many rows,
// and a sum over them that does not depend on their order.
func tables(tb testing.TB, engine *server, database string) map[string]string {
	tb.Helper()
	out := map[string]string{}
	for table := range strings.FieldsSeq("events sessions identities visitors traits rejected ledger members erasures") {
		code, text, err := engine.sql(tb.Context(), "SELECT count(), sum(cityHash64(*)) FROM "+database+"."+table+" FINAL")
		require.NoError(tb, err)
		require.Equal(tb, http.StatusOK, code, text)
		out[table] = text
	}
	return out
}
