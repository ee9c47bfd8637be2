package referencestack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/keep"
)

// TestRoles walks through a deployment in four processes, which start in any
// order: what one takes in, others bring into the store, and another answers
// questions about.
func TestRoles(t *testing.T) {
	t.Parallel()
	d := deploy(t, 2)
	ingest, query := d.launch(t, "ingest"), d.launch(t, "query")
	processors := []*server{d.launch(t, "process"), d.launch(t, "process"), d.launch(t, "process")}
	for _, s := range append(processors, ingest, query) {
		s.waitReady(t) // also the one that owns nothing
	}
	ingest.send(t, ids("m", 100)...)
	ingest.send(t, ids("m", 10)...) // again
	st := query.settled(t)
	require.Equal(t, ledger{Accepted: 110, Stored: 100, Duplicate: 10}, st.Ledger["shop"])
	require.Equal(t, int64(100), query.count(t, "events"))
	require.Equal(t, int64(100), query.count(t, "persons"))
	require.Equal(t, "kafka", st.Log.Kind)
	owners := map[string]bool{}
	for _, p := range st.Log.Partitions {
		owners[p.Owner] = true
	}
	require.Len(t, owners, 2, "two processors have a partition each")
	for _, s := range append(processors, ingest) {
		other := s.settled(t)
		require.Equal(t, st.Ledger, other.Ledger, "every role tells the same")
		require.Equal(t, s == ingest, other.Door["shop"] != nil)
	}

	// Each has its own routes, and no others.
	for path, s := range map[string]*server{"/v1/batch": ingest, "/api/v1/query": query, "/api/v1/taps": processors[0]} {
		for _, other := range []*server{ingest, query, processors[0]} {
			code, text := other.ask(t, http.MethodGet, path, adminKey, "")
			if other == s {
				require.NotEqual(t, http.StatusNotFound, code, text)
			} else {
				require.Equal(t, http.StatusNotFound, code, path)
				require.Contains(t, text, `"status":404`)
			}
		}
	}
	code, text := get(t, query.url+"/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "<html")

	status, stdout, stderr := run(t, "status", "--json", "--url", processors[0].url, "--admin-key", adminKey)
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, `"kind":"kafka"`)

	// What is there when all have left is told by whoever comes.
	for _, s := range append(processors, ingest, query) {
		s.stop(t)
	}
	query = d.start(t, "query")
	st = query.settled(t)
	require.Equal(t, ledger{Accepted: 110, Stored: 100, Duplicate: 10}, st.Ledger["shop"])
	for _, p := range st.Log.Partitions {
		require.Empty(t, p.Owner)
		require.Equal(t, p.End, p.Snapshot, "those who left saved their states")
	}
}

// TestTapsAcrossRoles asks each of two processors for the places that a durable
// tap has left in the partitions of both.
func TestTapsAcrossRoles(t *testing.T) {
	t.Parallel()
	d := deploy(t, 2)
	ingest := d.start(t, "ingest") // which makes the topic
	client, err := sarama.NewClient(shared.broker.Addrs(), sarama.NewConfig())
	require.NoError(t, err)
	places, err := sarama.NewOffsetManagerFromClient(d.topic, client)
	require.NoError(t, err)
	for n := range int32(2) {
		place, err := places.ManagePartition(d.topic, n)
		require.NoError(t, err)
		place.MarkOffset(0, `v1 - - - "warehouse"=0`)
		place.AsyncClose()
	}
	require.NoError(t, places.Close())
	require.NoError(t, client.Close())

	processors := []*server{d.start(t, "process"), d.start(t, "process")}
	ingest.send(t, ids("m", 20)...)
	var st status
	require.Eventually(t, func() bool {
		st = ingest.settled(t)
		return len(st.Log.Partitions) == 2 && st.Log.Partitions[0].Owner != st.Log.Partitions[1].Owner
	}, patience, 50*time.Millisecond, "each has one")
	type place struct {
		Partition, Cursor, End int64
		Name                   string
		LagEvents              int64 `json:"lag_events"`
		Idle, Elsewhere        bool
	}
	for _, s := range processors {
		var answer struct{ Taps []place }
		s.call(t, http.MethodGet, "/api/v1/taps", adminKey, nil, &answer)
		require.Len(t, answer.Taps, 2)
		for n, tap := range answer.Taps {
			own := tap.Idle
			require.Equal(t, place{Partition: int64(n), Name: "warehouse", End: st.Log.Partitions[n].End, LagEvents: -1, Idle: own, Elsewhere: !own}, tap)
		}
		require.NotEqual(t, answer.Taps[0].Idle, answer.Taps[1].Idle, "one is its own")
		_, stdout, _ := run(t, "taps", "list", "--url", s.url, "--admin-key", adminKey)
		require.Regexp(t, `(?m)^warehouse +\d +durable +\d+ records? +of another process$`, stdout)
	}
	for i, s := range processors {
		code, text := s.ask(t, http.MethodDelete, "/api/v1/taps/warehouse", adminKey, "")
		require.Equal(t, http.StatusNoContent, code, text)
		var answer struct{ Taps []place }
		s.call(t, http.MethodGet, "/api/v1/taps", adminKey, nil, &answer)
		require.Len(t, answer.Taps, 1-i, "what is dropped is known to all")
	}
}

// TestEraseAcrossRoles requests an erasure where questions are asked: the doors
// refuse, and the processor that owns partition 0 carries it out, whichever that
// is after the first was killed.
func TestEraseAcrossRoles(t *testing.T) {
	t.Parallel()
	d := deploy(t, 3)
	first := d.start(t, "process")
	ingest, query := d.start(t, "ingest"), d.start(t, "query")
	ingest.send(t, ids("m", 30)...)
	query.settled(t)

	first.kill(t) // what is requested now waits
	receipt := keep.Receipt{}
	code, text := query.ask(t, http.MethodPost, "/api/v1/erasures", adminKey, `{"tenant":"shop","person":"visitor:v-m-7"}`)
	require.Equal(t, http.StatusAccepted, code, text)
	require.NoError(t, json.Unmarshal([]byte(text), &receipt))
	require.Eventually(t, func() bool {
		_, text := ingest.ask(t, http.MethodPost, "/v1/batch", writeKey, batchOf("m-7", "m-8"))
		return strings.Contains(text, "illegal_id")
	}, patience, 20*time.Millisecond, "the door learns of it from the store")

	second := d.start(t, "process")
	require.Eventually(t, func() bool {
		_, text := query.ask(t, http.MethodGet, "/api/v1/erasures/"+receipt.Name, adminKey, "")
		require.NoError(t, json.Unmarshal([]byte(text), &receipt))
		return receipt.State == keep.Done
	}, patience, 50*time.Millisecond)
	requireErased(t, &receipt, map[string]uint64{"events": 1})
	st := query.settled(t)
	require.Equal(t, int64(29), query.count(t, "events"))
	for _, at := range receipt.Orders {
		require.Greater(t, st.Log.Partitions[at.Partition].Snapshot, at.Offset, "no start needs what stood before the order")
	}
	second.stop(t)
}

// TestImportAcrossRoles goes on with an import at another door.
func TestImportAcrossRoles(t *testing.T) {
	t.Parallel()
	d := deploy(t, 2)
	one, two := d.start(t, "ingest"), d.start(t, "ingest")
	query := d.start(t, "query")
	d.start(t, "process")
	file := filepath.Join(t.TempDir(), "history.ndjson")
	write := func(n int) {
		var text bytes.Buffer
		for i := range n {
			fmt.Fprintf(&text, `{"who":"v%d","timestamp":"2024-02-%02d 10:00:00"}`+"\n", i%97, 1+i%28)
		}
		require.NoError(t, os.WriteFile(file, text.Bytes(), 0o600))
	}
	bring := func(s *server) (res imported) {
		status, stdout, stderr := run(t, "import", file, "--url", s.url, "--admin-key", adminKey, "--tenant", "shop", "--name", "history",
			"--map", "anonymousId={who}", "--map", "event=Visit")
		require.Zero(t, status, stderr)
		require.NoError(t, json.Unmarshal([]byte(strings.TrimSpace(stdout)), &res))
		return res
	}
	write(3000)
	require.Equal(t, imported{Import: "history", Rows: 3000, Accepted: 3000, Position: 3000}, bring(one))
	one.kill(t)
	write(3010)
	require.Equal(t, imported{Import: "history", Rows: 10, Accepted: 10, Position: 3010}, bring(two))
	require.Equal(t, ledger{Accepted: 3010, Stored: 3010}, query.settled(t).Ledger["shop"])
}

// TestRecover takes the group's offsets away. A processor does not start then,
// and says what helps; recover brings the store in line, once.
func TestRecover(t *testing.T) {
	t.Parallel()
	d := deploy(t, 2)
	ingest, query, processor := d.start(t, "ingest"), d.start(t, "query"), d.start(t, "process")
	ingest.send(t, ids("m", 100)...)
	query.settled(t)
	status, _, stderr := d.recover(t)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "1 processors of the group "+d.topic+" are running")
	processor.stop(t)
	status, stdout, stderr := d.recover(t)
	require.Zero(t, status, stderr)
	require.Equal(t, int64(0), sentBy(t, stdout), "nothing was missing")

	ingest.send(t, ids("n", 50)...)
	admin, err := sarama.NewClusterAdmin(shared.broker.Addrs(), nil)
	require.NoError(t, err)
	require.NoError(t, admin.DeleteConsumerGroup(d.topic))
	require.NoError(t, admin.Close())
	lost := d.launch(t, "process")
	require.Equal(t, 1, lost.wait(t))
	require.Contains(t, lost.stderr.String(), "the plan is lost")
	require.Contains(t, lost.stderr.String(), "footfall recover")

	status, stdout, stderr = d.recover(t)
	require.Zero(t, status, stderr)
	require.Equal(t, int64(50), sentBy(t, stdout))
	require.Equal(t, ledger{Accepted: 150, Stored: 150}, query.settled(t).Ledger["shop"])
	require.Equal(t, int64(150), query.count(t, "events"))
	d.start(t, "process").stop(t)
}

func (d *deployment) recover(tb testing.TB, extra ...string) (status int, stdout, stderr string) {
	tb.Helper()
	return run(tb, slices.Concat([]string{"recover"}, d.place, extra)...)
}

// sentBy adds up what recover has sent, of all partitions.
func sentBy(tb testing.TB, stdout string) (n int64) {
	tb.Helper()
	var recovered struct {
		Partitions []struct{ Partition, From, To, Sent, Lost int64 }
	}
	require.NoError(tb, json.Unmarshal([]byte(stdout), &recovered))
	require.NotEmpty(tb, recovered.Partitions)
	for _, p := range recovered.Partitions {
		require.Zero(tb, p.Lost)
		n += p.Sent
	}
	return n
}

// TestReplayAcrossRoles replays, where questions are asked, what the store
// refused a processor, and tells where an event is.
func TestReplayAcrossRoles(t *testing.T) {
	t.Parallel()
	d := deploy(t, 3)
	ingest, query, _ := d.start(t, "ingest"), d.start(t, "query"), d.start(t, "process")
	sql := func(statement string) {
		t.Helper()
		code, text, err := shared.engine.sql(t.Context(), statement)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code, text)
	}
	sql("ALTER TABLE " + d.topic + ".events ADD CONSTRAINT nothing_bad CHECK name != 'Tick'")
	ingest.send(t, ids("m", 40)...)
	require.Equal(t, ledger{Accepted: 40, Quarantined: 40}, query.settled(t).Ledger["shop"])
	command := func(args ...string) string {
		t.Helper()
		status, stdout, stderr := run(t, append(args, "--url", query.url, "--admin-key", adminKey, "--tenant", "shop")...)
		require.Zero(t, status, stderr)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		return lines[len(lines)-1]
	}
	require.JSONEq(t, `{"tenant":"shop","rows":40,"waiting":40,"shown":40}`, command("rejected", "list", "--json"))
	sql("ALTER TABLE " + d.topic + ".events DROP CONSTRAINT nothing_bad")
	var answer replayed
	require.NoError(t, json.Unmarshal([]byte(command("rejected", "replay", "--all")), &answer))
	require.Equal(t, replayed{Selected: 40, Replayed: 40}, answer)
	require.Equal(t, ledger{Accepted: 80, Stored: 40, Quarantined: 40}, query.settled(t).Ledger["shop"])
	require.Equal(t, int64(40), query.count(t, "events"))
	require.Contains(t, command("rejected", "trace", "m-3"), `"verdict":"stored"`)
}
