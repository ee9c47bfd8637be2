package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "custom-sink:", err)
		os.Exit(1) //nolint:gocritic // the signals need no undoing
	}
}

type options struct {
	listen, data, tenant, admin  string
	webhook, feed, secret, files string
	rows                         int
	age                          time.Duration
}

func run(ctx context.Context, args []string) error {
	var o options
	f := flag.NewFlagSet("custom-sink", flag.ContinueOnError)
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of the door")
	f.StringVar(&o.data, "data", "", "folder of log and store")
	f.StringVar(&o.tenant, "tenant", "", "ID:WRITE_KEY")
	f.StringVar(&o.admin, "admin-key", "", "password of who may erase persons, nobody if empty")
	f.StringVar(&o.webhook, "webhook", "", "URL that events are posted to")
	f.StringVar(&o.feed, "feed", "", "URL that events are posted to if it keeps up")
	f.StringVar(&o.secret, "secret", "", "what signs them, whsec_ and base64")
	f.StringVar(&o.files, "parquet", "", "folder of Parquet files")
	f.IntVar(&o.rows, "rows", 50_000, "events of one Parquet file at most")
	f.DurationVar(&o.age, "age", time.Minute, "how long an event waits for its Parquet file at most")
	if err := f.Parse(args); err != nil {
		return err
	}
	taps, err := o.taps()
	if err != nil {
		return err
	}
	return serve(ctx, &o, taps)
}

// serve opens everything in the direction data flows and closes it likewise.
func serve(ctx context.Context, o *options, taps []stream.Tap) (err error) {
	name, key, _ := strings.Cut(o.tenant, ":")
	id, err := tenant.ParseID(name)
	if err != nil {
		return err
	}
	keys, err := tenant.NewKeys(tenant.Registration{Tenant: tenant.Tenant{ID: id}, WriteKeys: []string{key}})
	if err != nil {
		return err
	}
	log, err := local.Open(local.Config{Dir: filepath.Join(o.data, "log"), Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	engine, err := chdb.Open(ctx, chdb.Config{Dir: filepath.Join(o.data, "store")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport(), Kind: "chdb"})
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	runner, err := stream.New(stream.Config{Log: log, Store: store, Taps: taps, Logger: slog.Default()})
	if err != nil {
		return err
	}
	keeper, erasures, err := openKeeper(ctx, keep.Config{Log: log, Store: store, Tenants: keys.Tenants, Settle: runner.Settle}, o.admin)
	if err != nil {
		return err
	}
	door, err := ingest.New(ingest.Config{Log: log, Auth: keys, Bans: keeper, Unavailable: func(err error) bool { return errors.Is(err, stream.ErrUnavailable) }})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", door)
	mux.Handle("/api/v1/erasures", erasures)
	mux.Handle("/api/v1/erasures/", erasures)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		status, err := runner.Status(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(status) // nobody is left to tell
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	processing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan error, 3)
	go func() { done <- runner.Run(processing) }()
	go func() { done <- keeper.Run(processing) }()
	go func() { done <- server.Serve(listener) }()
	fmt.Println("ready", "http://"+listener.Addr().String())
	select {
	case <-ctx.Done():
	case err = <-done:
		done <- err
	}
	shut, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(shut))
	stop() // Run brings the rest of the log into the store, and taps along
	for range 3 {
		if ended := <-done; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
	}
	return err
}
