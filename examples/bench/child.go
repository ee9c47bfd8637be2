package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/footfall-go/footfall/examples/reference-stack/stack"
)

// The command starts itself again as the server under load, where that server
// is not the footfall binary itself.
const (
	childPrefix = "-child-"
	childNull   = childPrefix + "null" // a store that drops its blocks
	childUp     = childPrefix + "up"   // footfall up, under the profiler

	profileVariable = "FOOTFALL_BENCH_PROFILE"
)

func child(ctx context.Context, args []string) error {
	if dir := os.Getenv(profileVariable); dir != "" {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("cpu%s-%d.prof", args[0], os.Getpid())))
		if err != nil {
			return fmt.Errorf("make a profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("make a profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	if args[0] == childNull {
		return serveNull(ctx, args[1:])
	}
	code := stack.Main(stack.Process{
		Args: append([]string{"up"}, args[1:]...), Getenv: os.Getenv,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	if code != 0 {
		return fmt.Errorf("footfall up ended with code %d", code)
	}
	return nil
}
