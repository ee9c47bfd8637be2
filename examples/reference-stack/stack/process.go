package stack

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// Version is what status tells.
const Version = "0.1.0"

// Process is what a command is given by the operating system.
type Process struct {
	Args           []string
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

type command struct {
	name, about string
	run         func(context.Context, *Process, []string) error
}

func commands() []command {
	return []command{
		{"up", "serve: take events, keep them, answer questions", serve(roleUp)},
		{"demo", "serve a made-up shop with live traffic, in a folder that goes away", demo},
		{"engine", "serve the embedded engine alone, for processes that share it", engine},
		{"ingest", "serve one role: take events into Kafka", serve(roleIngest)},
		{"process", "serve one role: bring them from Kafka into ClickHouse, exactly once", serve(roleProcess)},
		{"query", "serve one role: answer questions, show the page, take the operator's orders", serve(roleQuery)},
		{"recover", "bring the store in line with the log: after a restore, or where the group's offsets are gone", recoverStore},
		{"import", "bring in files of rows", importFiles},
		{"rejected", "list what was refused or set aside, trace and replay it", rejected},
		{"erase", "erase a person", erasePerson},
		{"erasures", "list, show and lift requests to erase", erasures},
		{"drop-tenant", "erase all of a tenant", dropTenant},
		{"maintain", "do the night's work now: delete what is past retention", maintain},
		{"taps", "list taps, and drop the place of one that is no longer configured", taps},
		{"ready", "tell whether a server is ready, for health checks", askReady},
		{"status", "show what the server has and how far it is", showStatus},
	}
}

// Main runs one command and returns the exit status: 0 for success, 1 for a
// failure, 2 for a mistake on the command line.
func Main(p Process) int {
	args := p.Args
	if len(args) == 0 {
		usage(p.Stderr)
		return 2
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		usage(p.Stdout)
		return 0
	}
	if slices.Contains([]string{"version", "--version"}, args[0]) {
		_, _ = fmt.Fprintln(p.Stdout, "footfall", Version)
		return 0
	}
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		_, _ = fmt.Fprintf(p.Stderr, "footfall: there is no command %q\n\n", args[0])
		usage(p.Stderr)
		return 2
	}
	ctx, stop := untilSignal()
	defer stop()
	err := all[i].run(ctx, &p, args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(p.Stderr, "footfall %s: %v\nsee: footfall %s --help\n", args[0], err, args[0])
		return 2
	default:
		_, _ = fmt.Fprintf(p.Stderr, "footfall %s: %v\n", args[0], err)
		return 1
	}
}

func usage(w io.Writer) {
	_, _ = fmt.Fprint(w, "footfall: product analytics in one process\n\nusage: footfall COMMAND [flags]\n\n")
	for _, c := range commands() {
		_, _ = fmt.Fprintf(w, "  %-11s %s\n", c.name, c.about)
	}
	_, _ = fmt.Fprint(w, "\nfootfall COMMAND --help shows the flags. Each flag can be given as FOOTFALL_<FLAG> too.\n")
}

// untilSignal returns a context that ends with SIGINT or SIGTERM. A second
// signal ends the process at once.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range signals {
			if ctx.Err() != nil {
				os.Exit(1)
			}
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}
