// Command bench measures a whole Footfall process from outside, as its clients
// see it, and prints a table: what a core takes from HTTP to rows, how fast an
// event is accepted and seen, what it weighs at rest, and what each stage
// costs by itself. Everything stands in one run, because figures of two runs
// on a shared machine do not compare. A figure counts only if the rows equal
// the accepted events; otherwise the command fails.
//
//	go run ./examples/bench -duration 20s
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	duration := flag.Duration("duration", 20*time.Second, "length of each load")
	only := flag.String("only", "", "one of: stages, rows, norows, accept, visible, neighbours, dashboards; all if empty")
	scaling := flag.Bool("scale", false, "measure several processes beside Kafka instead; -only takes processors, takeover, hot or soak")
	soak := flag.Duration("soak", 3*time.Minute, "length of the soak of -scale")
	profile := flag.String("profile", "", "folder for CPU profiles of the servers; tells where the time goes, costs a little of it")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], childPrefix) {
		exit(child(ctx, os.Args[1:]))
	}
	flag.Parse()
	exit(run(ctx, *duration, *only, *profile, *scaling, *soak))
}

func exit(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, d time.Duration, only, profile string, scaling bool, soak time.Duration) error {
	dir, err := os.MkdirTemp("", "footfall-bench-bin-")
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "footfall")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/footfall-go/footfall/examples/reference-stack/cmd/footfall")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build footfall: %w", err)
	}
	if scaling {
		return (&scale{binary: binary, d: d, soak: soak, table: &table{w: os.Stdout}}).run(ctx, only)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	b := &bench{d: d, footfall: []string{binary, "up"}, null: []string{self, childNull}, table: newTable(os.Stdout)}
	if profile != "" {
		b.footfall = []string{self, childUp}
		if err := os.Setenv(profileVariable, profile); err != nil {
			return fmt.Errorf("pass the profile folder on: %w", err)
		}
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"accept", b.accept}, {"visible", b.visible}, {"neighbours", b.neighbours}, {"dashboards", b.dashboards}, {"rows", b.rows}, {"norows", b.withoutStore}, {"stages", b.stages}} {
		if only != "" && only != part.name {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// bench is one run of the command.
type bench struct {
	d        time.Duration
	footfall []string
	null     []string
	table    *table
}

func (b *bench) with(ctx context.Context, command []string, fn func(*server) error) error {
	// What the run before left to be written would be charged to this one.
	unix.Sync()
	s, err := startServer(ctx, command...)
	if err != nil {
		return err
	}
	defer s.stop()
	return fn(s)
}

func (b *bench) rows(ctx context.Context) error {
	return b.with(ctx, b.footfall, func(s *server) error {
		f, err := throughput(ctx, s, b.d, true)
		if err != nil {
			return err
		}
		b.table.row("HTTP → durable → processed → rows", fmt.Sprintf("%.0f k events/s/core", f.perCore()/1000), "110 k", "180 k",
			fmt.Sprintf("%.2f CPU-µs/event, %.0f k events/s wall, peak %d MB, %d events = rows", f.micros(), f.perWall()/1000, f.peak>>20, f.events))
		b.table.row("bytes per event in the store", fmt.Sprintf("%.0f", f.storeBytes), "83", "60", "all tables and parts not yet merged included")
		b.table.row("bytes per event in the log", fmt.Sprintf("%.0f", f.logBytes), "120", "85", "growth during the load, write-ahead log and snapshots included")
		return nil
	})
}

func (b *bench) withoutStore(ctx context.Context) error {
	return b.with(ctx, b.null, func(s *server) error {
		f, err := throughput(ctx, s, b.d, false)
		if err != nil {
			return err
		}
		b.table.row("same, without ClickHouse", fmt.Sprintf("%.0f k events/s/core", f.perCore()/1000), "300 k", "450 k",
			fmt.Sprintf("%.2f CPU-µs/event, %.0f k events/s wall; blocks are built and dropped", f.micros(), f.perWall()/1000))
		return nil
	})
}

// accept measures how soon a single event is answered; once more without
// ClickHouse, which shares disk and processor with the log.
func (b *bench) accept(ctx context.Context) error {
	if err := b.with(ctx, b.footfall, func(s *server) error {
		return b.acceptRow(ctx, s, "durable accept, 752 single events/s, p95 / p99")
	}); err != nil {
		return err
	}
	return b.with(ctx, b.null, func(s *server) error {
		return b.acceptRow(ctx, s, "same, without ClickHouse")
	})
}

func (b *bench) acceptRow(ctx context.Context, s *server, name string) error {
	send := newSender(s.url, writeKey, 64)
	if _, _, err := send.openLoop(ctx, 752, 1, b.d/4, nil); err != nil {
		return err
	}
	before, err := s.settled(ctx)
	if err != nil {
		return err
	}
	cpu0, err := s.cpu()
	if err != nil {
		return err
	}
	lat, accepted, err := send.openLoop(ctx, 752, 1, b.d, nil)
	if err != nil {
		return err
	}
	after, err := s.settled(ctx)
	if err != nil {
		return err
	}
	if got := after.Ledger[tenantID].Stored - before.Ledger[tenantID].Stored; got != accepted {
		return fmt.Errorf("%d events accepted, %d stored", accepted, got)
	}
	cpu1, err := s.cpu()
	if err != nil {
		return err
	}
	b.table.row(name, fmt.Sprintf("%s / %s", ms(lat.at(0.95)), ms(lat.at(0.99))), "1.5 / 3 ms", "0.75 / 1.2 ms",
		fmt.Sprintf("open loop, from when each was due; p50 %s; the process uses %.0f %% of a core", ms(lat.at(0.5)), 100*(cpu1-cpu0).Seconds()/b.d.Seconds()))
	return nil
}

func (b *bench) visible(ctx context.Context) error {
	return b.with(ctx, b.footfall, func(s *server) error {
		load := newSender(s.url, writeKey, 64)
		for _, run := range []struct {
			where, least string
			rate         int
			counted      func(ctx context.Context, s *server, key, path string) (int64, error)
		}{
			{"a query", "400 ms", 1_000, inEvents},
			{"a query", "400 ms", 10_000, inEvents},
			{"session metrics", "1 s", 1_000, inSessions},
			{"session metrics", "1 s", 10_000, inSessions},
		} {
			lat, _, err := visibility(ctx, s, load, run.rate, b.d, owner{writeKey, readKey}, run.counted)
			if err != nil {
				return err
			}
			if _, err := s.settled(ctx); err != nil {
				return err
			}
			b.table.row(fmt.Sprintf("accepted → in %s, %d k events/s, p99", run.where, run.rate/1000), ms(lat.at(0.99)), run.least, "150 ms",
				fmt.Sprintf("p50 %s, %d marked events, polled", ms(lat.at(0.5)), len(lat)))
		}
		return nil
	})
}

func (b *bench) stages(ctx context.Context) error {
	b.table.section("Stages by themselves, CPU-µs per event in batches of 100; the limit is the budget of the design:")
	for _, s := range stageList {
		v, err := measureStage(ctx, s)
		if err != nil {
			return err
		}
		target := ""
		if s.target > 0 {
			target = fmt.Sprintf("%.2f", s.target)
		}
		b.table.row(s.name, fmt.Sprintf("%.2f", v), target, "", s.bench)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
