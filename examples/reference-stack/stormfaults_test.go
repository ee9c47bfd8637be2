package referencestack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"
)

// blow is something that happens to a deployment. It takes its time, and
// mends what it broke.
type blow struct {
	name  string
	times int
	do    func(ctx context.Context, r *rand.Rand) error
}

// shuffled lists each fault as often as it is to happen, in some order.
func shuffled(r *rand.Rand, faults []blow) []blow {
	var all []blow
	for _, f := range faults {
		for range f.times {
			all = append(all, f)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// happen lets faults happen one after the other.
func (s *storm) happen(ctx context.Context, seed uint64, faults []blow) error {
	r := rand.New(rand.NewPCG(seed, 5))
	for _, f := range shuffled(r, faults) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(between(r, 200*time.Millisecond, 1500*time.Millisecond)):
		}
		begun := time.Now()
		if err := f.do(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		s.t.Logf("%s, %.1fs", f.name, time.Since(begun).Seconds())
	}
	return nil
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

// restart kills parts and starts them again some time later.
func restart(ctx context.Context, r *rand.Rand, parts ...*part) error {
	for _, p := range parts {
		p.kill()
	}
	pause(ctx, between(r, 0, 1500*time.Millisecond))
	for _, p := range parts {
		if err := p.start(); err != nil {
			return err
		}
	}
	return nil
}

// ofProcessors are the faults of those who own partitions.
func (s *storm) ofProcessors() []blow {
	some := func(r *rand.Rand) *part { return s.processors[r.IntN(len(s.processors))] }
	return []blow{
		{"a processor is killed", 3, func(ctx context.Context, r *rand.Rand) error { return restart(ctx, r, some(r)) }},
		{"all processors are killed", 1, func(ctx context.Context, r *rand.Rand) error { return restart(ctx, r, s.processors...) }},
		{"a processor is a zombie", 3, func(_ context.Context, r *rand.Rand) error {
			some(r).freeze(between(r, 3*session/2, 5*session/2))
			return nil
		}},
		{"a processor leaves", 2, func(ctx context.Context, r *rand.Rand) error {
			p := some(r)
			p.leave(ctx, 8*time.Second)
			return p.start()
		}},
		{"one more joins, and leaves", 1, func(ctx context.Context, r *rand.Rand) error {
			p := s.processor(len(s.processors))
			defer p.kill()
			if err := p.start(); err != nil {
				return err
			}
			pause(ctx, between(r, 2*time.Second, 5*time.Second))
			p.leave(ctx, 8*time.Second)
			return nil
		}},
		{"one more joins, and is killed", 1, func(ctx context.Context, r *rand.Rand) error {
			p := s.processor(len(s.processors))
			defer p.kill()
			if err := p.start(); err != nil {
				return err
			}
			pause(ctx, between(r, time.Second, 4*time.Second))
			return nil
		}},
	}
}

// ofSurroundings are the faults of everything else.
func (s *storm) ofSurroundings() []blow {
	return []blow{
		{"the engine is killed", 2, func(ctx context.Context, r *rand.Rand) error { return restart(ctx, r, s.engine) }},
		{"the engine is killed at a rename", 1, func(ctx context.Context, _ *rand.Rand) error { return s.killAtRename(ctx, "") }},
		{"the engine is killed at a rename of events", 2, func(ctx context.Context, _ *rand.Rand) error { return s.killAtRename(ctx, "events") }},
		{"the engine freezes", 1, func(_ context.Context, r *rand.Rand) error {
			s.engine.freeze(between(r, time.Second, 4*time.Second))
			return nil
		}},
		{"a broker is killed", 2, func(ctx context.Context, r *rand.Rand) error {
			i := r.IntN(len(s.brokers.Addrs()))
			s.brokers.Kill(i)
			pause(ctx, between(r, 0, time.Second))
			return s.brokers.Restart(ctx, i)
		}},
		{"a broker freezes", 1, func(ctx context.Context, r *rand.Rand) error {
			i := r.IntN(len(s.brokers.Addrs()))
			if err := s.brokers.Freeze(i); err != nil {
				return err
			}
			pause(ctx, between(r, session, 2*session))
			return s.brokers.Thaw(i)
		}},
		{"answers to commits are lost", 3, func(ctx context.Context, r *rand.Rand) error {
			s.brokers.LoseCommits(1 + r.IntN(5))
			pause(ctx, between(r, 0, time.Second))
			return nil
		}},
		{"an ingester is killed", 2, func(ctx context.Context, r *rand.Rand) error {
			return restart(ctx, r, s.ingesters[r.IntN(len(s.ingesters))])
		}},
		{"an ingester leaves", 1, func(ctx context.Context, r *rand.Rand) error {
			p := s.ingesters[r.IntN(len(s.ingesters))]
			p.leave(ctx, 8*time.Second)
			return p.start()
		}},
	}
}

// killAtRename starts the engine anew so that it dies at a rename of a part, of
// one table or any, waits until it has, and starts it as it should be.
func (s *storm) killAtRename(ctx context.Context, table string) error {
	env := []string{"LD_PRELOAD=" + s.killer, "KILL_RENAME=300"}
	if table != "" {
		path, err := s.folder(ctx, table)
		if err != nil {
			return err
		}
		env = append(env, "KILL_PATH="+path)
	}
	s.engine.kill()
	if err := s.engine.start(env...); err != nil {
		return err
	}
	life := s.engine.take()
	select {
	case <-life.exited:
	case <-time.After(patience):
	case <-ctx.Done():
	}
	_ = life.cmd.Process.Kill() // it may be gone
	<-life.exited
	if status, ok := life.cmd.ProcessState.Sys().(syscall.WaitStatus); ctx.Err() == nil && (!ok || status.Signal() != syscall.SIGKILL) {
		return fmt.Errorf("the engine ended by itself: %s", life.stderr)
	}
	return s.engine.start()
}

// folder returns where the parts of a table are.
func (s *storm) folder(ctx context.Context, table string) (path string, err error) {
	conn, err := ch.Open(s.store())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	until := time.Now().Add(patience)
	for { // it may have been started a moment ago
		err = conn.QueryRow(ctx, "SELECT toString(uuid) FROM system.tables WHERE database = currentDatabase() AND name = ?", table).Scan(&path)
		if err == nil || ctx.Err() != nil || time.Now().After(until) {
			return path, err
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// store is what opens a connection to the deployment's tables.
func (s *storm) store() *ch.Options {
	address := *s.engine.url.Load()
	require.Regexp(s.t, "^http://", address)
	return &ch.Options{Protocol: ch.HTTP, Addr: []string{address[len("http://"):]}, Auth: ch.Auth{Database: s.topic}, ReadTimeout: time.Minute}
}
