// Command bench-query measures what questions cost on a store with a year of a
// generated shop in it, and prints a table. Each question stands beside a bare
// count with the same filter, which is the floor, and beside statements written
// by hand for the same answer; the three take turns in one run, because figures
// of two runs on a shared machine do not compare. Where others take most of the
// machine, not even those of one run do, and the time of the processors, which
// stands beside that of the clock, tells more. The rows of the store must be those
// that were generated, and both answers must be equal; otherwise the command fails.
//
//	go run ./examples/bench-query -events 10000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	events := flag.Int64("events", 10_000_000, "size of the shop; space and time grow with it: 10 million take 0.6 GB once merged")
	runs := flag.Int("runs", 15, "how often each question is asked when it is warm")
	only := flag.String("only", "", "regular expression for the questions; all if empty")
	data := flag.String("data", "", "folder of a store that is kept and used again; a temporary one if empty")
	show := flag.Bool("sql", false, "print the statements with their times")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *events, *data, &bench{runs: *runs, only: regexp.MustCompile(*only), show: *show})
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "bench-query:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, events int64, dir string, b *bench) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "footfall-bench-query-")
		if err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	w, err := openWorld(ctx, dir, events)
	if err != nil {
		return err
	}
	b.world = w
	return errors.Join(b.measure(ctx), w.close())
}
