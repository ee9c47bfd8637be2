package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// subcommand runs one of the commands that a command has of its own.
func subcommand(ctx context.Context, p *Process, args []string, of string, all map[string]func(context.Context, *Process, []string) error) error {
	names := slices.Sorted(maps.Keys(all))
	if len(args) > 0 {
		if run, ok := all[args[0]]; ok {
			return run(ctx, p, args[1:])
		}
		if slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
			_, _ = fmt.Fprintf(p.Stdout, "usage: footfall %s %s [flags]; each has a --help of its own\n", of, strings.Join(names, "|"))
			return nil
		}
	}
	return usagef("say what to do: %s %s", of, strings.Join(names, "|"))
}

// one parses a command line with one argument and finds the server.
func (f *remoteFlags) one(p *Process, args []string, otherwise string) (argument string, server *runFile, err error) {
	rest, err := f.parse(p, args)
	if err != nil {
		return "", nil, err
	}
	if len(rest) != 1 {
		return "", nil, usagef("%s", otherwise)
	}
	server, err = f.find()
	return rest[0], server, err
}
