package referencestack

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

// requireOnce checks that the events of some messages, and no others, are there
// once.
func (s *server) requireOnce(tb testing.TB, given ...[]message) {
	tb.Helper()
	want, have := map[string]int{}, map[string]int{}
	for _, all := range given {
		for _, m := range all {
			want[m.MessageID] = 1
		}
	}
	for _, e := range s.events(tb) {
		have[e.ID]++
	}
	require.Equal(tb, want, have)
}

// TestRestoreLogOfUp brings the log of a server back from an older copy and leaves
// the store as it is, and has the door accept events into that. Nothing is taken
// for what the store has already: the server ends, and with the next epoch it has
// all that it ever accepted.
func TestRestoreLogOfUp(t *testing.T) {
	t.Parallel()
	dir, copied := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
	a, b, c, d := history("a", 20), history("b", 20), history("c", 3), history("d", 20)
	s := up(t, dir)
	s.give(t, a)
	s.settled(t)
	s.stop(t)
	shell(t, "copy a stopped server", "DATA="+dir, "BACKUP="+copied)
	s = up(t, dir)
	s.give(t, b)
	s.settled(t)
	s.stop(t)
	before := s.digest(t, "nobody")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "log")))
	require.NoError(t, os.Rename(filepath.Join(copied, "log"), filepath.Join(dir, "log")))

	// It is never ready, and yet its door is open until it is sure.
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	refused := launch(t, dir, "up", "--listen", address, "--data", dir, "--tenant", tenantArg)
	refused.url = "http://" + address
	alive, err := http.NewRequestWithContext(t.Context(), http.MethodGet, refused.url+"/healthz", http.NoBody)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		response, err := http.DefaultClient.Do(alive)
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	}, patience, 10*time.Millisecond)
	refused.give(t, c)
	require.Equal(t, 1, refused.wait(t))
	require.Contains(t, refused.stderr.String(), "the log lacks records that the store has")
	require.Contains(t, refused.stderr.String(), "footfall recover --next-epoch")
	require.Equal(t, before, s.digest(t, "nobody"))
	status, _, stderr := run(t, "recover", "--data", dir)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "--next-epoch")
	require.Equal(t, before, s.digest(t, "nobody"))

	shell(t, "go on with a server's log", "DATA="+dir)
	s = up(t, dir)
	s.give(t, d)
	s.settled(t)
	s.requireOnce(t, a, b, c, d)
	s.stop(t)
	s = up(t, dir)
	s.give(t, history("e", 1))
	s.settled(t)
	s.requireOnce(t, a, b, c, d, history("e", 1))
	s.stop(t)
}

// TestTopicMadeAnew loses the topic of a deployment, which doors make anew under
// the same epoch, and accept into.
func TestTopicMadeAnew(t *testing.T) {
	t.Parallel()
	d := deploy(t, 2)
	a, c, e := history("a", 20), history("c", 10), history("e", 20)
	ingest, query, processor := d.start(t, "ingest"), d.start(t, "query"), d.start(t, "process")
	ingest.give(t, a)
	query.settled(t)
	for _, s := range []*server{processor, query, ingest} {
		s.stop(t)
	}
	before := tables(t, shared.engine, d.topic)
	admin, err := sarama.NewClusterAdmin(shared.broker.Addrs(), nil)
	require.NoError(t, err)
	require.NoError(t, admin.DeleteTopic(d.topic))
	require.Eventually(t, func() bool {
		topics, err := admin.ListTopics()
		_, there := topics[d.topic]
		return err == nil && !there
	}, patience, 50*time.Millisecond)
	require.NoError(t, admin.Close())

	ingest = d.start(t, "ingest")
	ingest.give(t, c)
	refused := d.launch(t, "process")
	require.Equal(t, 1, refused.wait(t))
	require.Contains(t, refused.stderr.String(), "the log lacks records that the store has")
	status, _, stderr := d.recover(t)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "--next-epoch")
	require.Equal(t, before, tables(t, shared.engine, d.topic))

	status, stdout, stderr := d.recover(t, "--next-epoch")
	require.Zero(t, status, stderr)
	require.Equal(t, 2, strings.Count(stdout, `"epoch":1`), stdout)
	status, again, stderr := d.recover(t, "--next-epoch")
	require.Zero(t, status, stderr)
	require.Equal(t, 2, strings.Count(again, `"epoch":1`), "it may be run again")
	ingest.stop(t)
	refused = d.launch(t, "process")
	require.Equal(t, 1, refused.wait(t))
	require.Contains(t, refused.stderr.String(), "is in epoch 1, the configuration says 0")

	ingest, query, processor = d.start(t, "ingest", "--epoch", "1"), d.start(t, "query", "--epoch", "1"), d.start(t, "process", "--epoch", "1")
	ingest.give(t, e)
	ledger := query.settled(t).Ledger["shop"]
	query.requireOnce(t, a, c, e)
	require.EqualValues(t, len(a)+len(c)+len(e), ledger.Accepted)
	for _, s := range []*server{processor, query, ingest} {
		s.stop(t)
	}
	d.start(t, "process", "--epoch", "1").stop(t)
}

// TestBrokerLosesTheEnd gives a broker the files of a topic as they were earlier:
// the plans, which it kept, speak of records that it has no more, and what doors
// accept takes their offsets.
func TestBrokerLosesTheEnd(t *testing.T) {
	t.Parallel()
	d := deploy(t, 1)
	dir := t.TempDir()
	broker, err := kafkatest.Open(t.Context(), dir, kafkatest.Config{})
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	d.use("--kafka", strings.Join(broker.Addrs(), ","))
	a, b, c, e := history("a", 20), history("b", 20), history("c", 5), history("e", 20)
	serve := func(given []message, extra ...string) *server {
		ingest, query, processor := d.start(t, "ingest", extra...), d.start(t, "query", extra...), d.start(t, "process", extra...)
		ingest.give(t, given)
		query.settled(t)
		processor.stop(t)
		ingest.stop(t)
		return query
	}
	restart := func(change func(topic, kept string) error) {
		broker.Kill(0)
		found, err := filepath.Glob(filepath.Join(dir, "*-data", d.topic+"-0"))
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.NoError(t, change(found[0], filepath.Join(dir, "kept")))
		require.NoError(t, broker.Restart(t.Context(), 0))
	}
	serve(a).stop(t)
	restart(func(topic, kept string) error { return os.CopyFS(kept, os.DirFS(topic)) })
	serve(b).stop(t)
	restart(func(topic, kept string) error {
		require.NoError(t, os.RemoveAll(topic))
		return os.Rename(kept, topic)
	})
	before := tables(t, shared.engine, d.topic)
	ingest := d.start(t, "ingest")
	ingest.give(t, c)
	ingest.stop(t)
	refused := d.launch(t, "process")
	require.Equal(t, 1, refused.wait(t))
	require.Contains(t, refused.stderr.String(), "the log lacks records that the store has")
	require.Equal(t, before, tables(t, shared.engine, d.topic))

	status, stdout, stderr := d.recover(t, "--next-epoch")
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, `"epoch":1`)
	query := serve(e, "--epoch", "1")
	query.requireOnce(t, a, b, c, e)
	query.stop(t)
}
