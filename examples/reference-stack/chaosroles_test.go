package referencestack

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
)

// seedsOfStorms are the schedules of faults to try: one, more where servers are
// killed more often, or the one that FOOTFALL_CHAOS_SEED repeats.
func seedsOfStorms(t *testing.T) (seeds []uint64) {
	t.Helper()
	if text := os.Getenv("FOOTFALL_CHAOS_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		return []uint64{seed}
	}
	for seed := range uint64(max(1, kills(t)/12)) {
		seeds = append(seeds, seed)
	}
	return seeds
}

const (
	stormEvents = 200_000
	stormRate   = 4000 // a second, so that events come as long as faults do
)

// TestChaosRoles kills, freezes, adds and removes every part of a deployment
// while clients send, repeat what was not answered, and repeat what was.
// Afterwards the topic, read from its start by another consumer and folded by
// one thread, says what the store must have: that, once, and nothing else. A
// schedule with an odd seed has three brokers, of which two remain at any time.
func TestChaosRoles(t *testing.T) {
	t.Parallel()
	for _, seed := range seedsOfStorms(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Logf("FOOTFALL_CHAOS_SEED=%d repeats this", seed)
			brokers := 1
			if seed%2 == 1 {
				brokers = 3
			}
			s := newStorm(t, seed, brokers)
			s.open(2, 3, s.processor)
			crowds := s.rage(seed, stormEvents, s.ofProcessors(), s.ofSurroundings())
			require.Positive(t, s.brokers.LostCommits())
			s.requireExact(crowds)
		})
	}
}

// TestChaosRolesControl is the same with processors that take the store's word
// for what it has. It must lose events, or the test above proves nothing.
func TestChaosRolesControl(t *testing.T) {
	t.Parallel()
	s := newStorm(t, 0, 1)
	s.open(1, 2, s.believer(t))
	renames := blow{"the engine is killed at a rename of events", 6, func(ctx context.Context, _ *rand.Rand) error { return s.killAtRename(ctx, "events") }}
	s.rage(0, stormEvents/5, []blow{renames})
	s.settled()
	want, have := s.fold(), newReader(t, s.store()).count("SELECT count() FROM events")
	t.Logf("%d of %d events are lost without read-back", len(want.events)-int(have), len(want.events))
	require.Less(t, int(have), len(want.events))
}

// believer builds the processor that reads nothing back.
func (s *storm) believer(t *testing.T) func(int) *part {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stream.test")
	said, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, "../../stream").CombinedOutput()
	require.NoError(t, err, string(said))
	config, err := json.Marshal(map[string]any{
		"Kafka": map[string]any{
			"Brokers": s.brokers.Addrs(), "Topic": s.topic, "Group": s.topic, "Partitions": stormPartitions, "Replication": 1, "SessionTimeout": session,
		},
		"ClickHouse": map[string]any{"URL": *s.engine.url.Load(), "Database": s.topic},
	})
	require.NoError(t, err)
	return func(n int) *part {
		return s.add(fmt.Sprintf("believer %d", n), false, func() *exec.Cmd {
			cmd := exec.Command(program, "-test.run=^TestProcessorThatBelieves$") //nolint:noctx // the faults decide how it ends
			cmd.Env = append(cmd.Environ(), "FOOTFALL_BELIEVER="+string(config))
			return cmd
		})
	}
}

// rage lets clients send as many events while faults happen, each list in an
// order of its own, and returns when all that ended.
func (s *storm) rage(seed uint64, events int, lists ...[]blow) []*crowd {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	working, done := len(lists), make(chan error)
	for i, list := range lists {
		go func() { done <- s.happen(ctx, seed<<8+uint64(i), list) }()
	}
	var crowds []*crowd
	clients := 4 * len(stormTenants)
	for i := range clients {
		c := newCrowd(s, stormTenants[i%len(stormTenants)], i, seed)
		crowds, working = append(crowds, c), working+1
		go func() { done <- c.run(ctx, events/clients, stormRate/float64(clients)) }()
	}
	var failure error
	for working > 0 {
		select {
		case err := <-done:
			if working--; err != nil && failure == nil {
				failure = err
				stop()
			}
		case err := <-s.failed:
			if failure == nil {
				failure = err
				stop()
			}
		}
	}
	require.NoError(s.t, failure)
	return crowds
}

// settled waits until everything is visible, and returns what a process says
// that only asks.
func (s *storm) settled() status {
	s.t.Helper()
	asked := s.role("query", 0, s.brokers.Addrs())
	require.NoError(s.t, asked.start())
	s.t.Cleanup(asked.kill)
	st := (&server{url: *asked.url.Load(), admin: adminKey}).settled(s.t)
	s.t.Log("all is visible")
	return st
}

// requireExact compares what the store has with what clients know and with what
// one thread makes of the topic.
func (s *storm) requireExact(crowds []*crowd) {
	s.t.Helper()
	st := s.settled()
	want, store := s.fold(), newReader(s.t, s.store())
	require.Zero(s.t, st.Lag.Events)
	for name, l := range want.totals {
		require.Equal(s.t, l, st.Ledger[name], "what the ledger says of %s", name)
		require.Equal(s.t, want.accepted[name], l.Accepted, "events in the topic of %s", name)
	}
	rows := store.events()
	s.requireOnce(rows, crowds)
	require.Empty(s.t, wrongEvents(want.events, rows))
	require.Equal(s.t, uint64(len(rows)), store.count("SELECT count() FROM events FINAL"))
	require.Empty(s.t, foldtest.Diff(want.rows, store.folded()))
	s.t.Logf("%d events of %d accepted, %d sessions, %d edges, %d answers to commits lost",
		len(rows), accepted(st), len(want.rows.Sessions), len(want.rows.Links), s.brokers.LostCommits())
}

func accepted(st status) (n int64) {
	for _, l := range st.Ledger {
		n += l.Accepted
	}
	return n
}

// requireOnce checks by ids: what clients got a 200 for is there, nothing is
// there that they did not send, and nothing twice.
func (s *storm) requireOnce(rows []footfall.Event, crowds []*crowd) {
	s.t.Helper()
	type name struct{ tenant, id string }
	seen := map[name]footfall.Position{}
	sent := sentByTenant(crowds)
	for i := range rows {
		ev := &rows[i]
		key := name{ev.Tenant.String(), ev.MessageID}
		other, twice := seen[key]
		require.False(s.t, twice, "%s of %s is there twice, at %s and %s", key.id, key.tenant, other, ev.Position)
		seen[key] = ev.Position
		_, ours := sent[key.tenant][key.id]
		require.True(s.t, ours, "%s of %s was never sent", key.id, key.tenant)
	}
	repeated := 0
	for _, c := range crowds {
		repeated += c.repeated
	}
	for tenant, ids := range sent {
		for id, accepted := range ids {
			_, there := seen[name{tenant, id}]
			require.True(s.t, there || !accepted, "%s of %s was accepted and is not there", id, tenant)
		}
	}
	s.t.Logf("clients repeated %d requests", repeated)
	require.Positive(s.t, repeated)
}

// wrongEvents names the first few positions at which the store has not what the
// fold says, or not once.
func wrongEvents(want map[footfall.Position]footfall.Event, rows []footfall.Event) (wrong []string) {
	seen := map[footfall.Position]bool{}
	for i := range rows {
		have := rows[i]
		ev, ok := want[have.Position]
		// The table has ids for these texts, which are rows of their own.
		ev.AnonymousID, ev.UserID, ev.PreviousID, ev.Context, ev.Derived = "", "", "", "", ""
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s: not in the topic: %+v", have.Position, have))
		case seen[have.Position]:
			wrong = append(wrong, fmt.Sprintf("%s: twice", have.Position))
		case ev != have:
			wrong = append(wrong, fmt.Sprintf("%s: want %+v, got %+v", have.Position, ev, have))
		}
		seen[have.Position] = true
	}
	for at := range want {
		if !seen[at] {
			wrong = append(wrong, fmt.Sprintf("%s: missing", at))
		}
	}
	return wrong[:min(len(wrong), 10)]
}
