// Command fetch brings the embedded ClickHouse engine onto this machine, once:
//
//	go run github.com/footfall-go/footfall/store/chdb/fetch
//
// It asks npm for the pinned package (178 MB), checks its integrity, keeps the
// shared library (566 MB) in the user's cache directory and prints its path.
// Run again, it finds the library and returns at once. Where CHDB_LIB_PATH
// names a copy of the user's own, it only prints that.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/footfall-go/footfall/store/chdb/internal/library"
)

func main() {
	verify := flag.Bool("verify", false, "compare the whole library with its recorded digest")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	path, err := fetch(ctx, *verify)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

func fetch(ctx context.Context, verify bool) (string, error) {
	if os.Getenv(library.PathVariable) != "" {
		return library.Pinned.Find("")
	}
	path, err := library.Pinned.Path()
	if err != nil {
		return "", err
	}
	if err := library.Pinned.Fetch(ctx, path, library.NPM); err != nil {
		return "", err
	}
	if verify {
		return path, library.Pinned.Verify(path)
	}
	return path, nil
}
