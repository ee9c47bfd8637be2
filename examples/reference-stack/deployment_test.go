package referencestack

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

// shared is a broker and an engine for all tests of roles: each has a topic, a
// group and a database of its own there.
var shared struct {
	sync.Once
	dir    string
	broker *kafkatest.Cluster
	engine *server
	err    error
	names  atomic.Int32
}

// closeShared ends what openShared started, after the last test.
func closeShared() {
	if shared.engine != nil {
		_ = shared.engine.cmd.Process.Kill() // it may be gone
		<-shared.engine.exited
	}
	if shared.broker != nil {
		shared.broker.Close()
	}
	_ = os.RemoveAll(shared.dir) // a leftover in the temporary folder does no harm
}

func openShared(tb testing.TB) {
	tb.Helper()
	program := footfallBinary(tb)
	shared.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "footfall-roles-"); shared.err != nil { //nolint:usetesting // it outlives the test that makes it
			return
		}
		ctx := context.WithoutCancel(tb.Context())
		if shared.broker, shared.err = kafkatest.Open(ctx, shared.dir, kafkatest.Config{}); shared.err != nil {
			return
		}
		shared.engine, shared.err = begin("", program, "engine", "--listen", "127.0.0.1:0", "--data", filepath.Join(shared.dir, "engine"))
		if shared.err == nil {
			shared.engine.waitReady(tb)
		}
	})
	if shared.err != nil {
		testenv.Missing(tb, shared.err.Error())
	}
	require.NotEmpty(tb, shared.engine.url, "the engine did not start")
}

// deployment is Footfall beside the shared broker and engine, in as many
// processes as a test wants.
type deployment struct {
	topic string
	place []string // flags that say where log and store are
	flags []string // all
}

const adminKey = "ak_test"

// deploy makes up a deployment with nothing running.
func deploy(tb testing.TB, partitions int, extra ...string) *deployment {
	tb.Helper()
	openShared(tb)
	name := fmt.Sprintf("test%d", shared.names.Add(1))
	place := []string{
		"--kafka", strings.Join(shared.broker.Addrs(), ","), "--topic", name, "--group", name, "--partitions", fmt.Sprint(partitions), "--replication", "1",
		"--clickhouse", shared.engine.url, "--clickhouse-database", name,
	}
	return &deployment{topic: name, place: place, flags: slices.Concat(place, []string{"--admin-key", adminKey, "--tenant", tenantArg}, extra)}
}

// environment says where log and store are in another way.
func (d *deployment) environment() (env []string) {
	for i := 0; i < len(d.place); i += 2 {
		env = append(env, "FOOTFALL_"+strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(d.place[i], "--"), "-", "_"))+"="+d.place[i+1])
	}
	return env
}

// launch starts a process of a role and does not wait for it to be ready.
func (d *deployment) launch(tb testing.TB, role string, extra ...string) *server {
	tb.Helper()
	s := launch(tb, "", append(append([]string{role, "--listen", "127.0.0.1:0"}, d.flags...), extra...)...)
	s.admin = adminKey
	return s
}

// start starts a process of a role and waits for its ready line.
func (d *deployment) start(tb testing.TB, role string, extra ...string) *server {
	tb.Helper()
	s := d.launch(tb, role, extra...)
	s.waitReady(tb)
	return s
}

// send sends a batch of track messages with the given ids, and requires that all
// are accepted.
func (s *server) send(tb testing.TB, ids ...string) {
	tb.Helper()
	code, text := s.ask(tb, http.MethodPost, "/v1/batch", writeKey, batchOf(ids...))
	require.Equal(tb, http.StatusOK, code, text)
}

// batchOf makes a batch of messages, each of a visitor of its own.
func batchOf(ids ...string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = fmt.Sprintf(`{"type":"track","event":"Tick","messageId":%q,"anonymousId":"v-%s","properties":{"n":%d}}`, id, id, i)
	}
	return `{"batch":[` + strings.Join(all, ",") + `]}`
}

func ids(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return all
}
