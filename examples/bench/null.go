package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

// discard is a ClickHouse that takes every block and keeps none: what is left
// of the pipeline is everything that is Footfall's own.
type discard struct{}

func (discard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, err := io.Copy(io.Discard, r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return nil, fmt.Errorf("discard: %w", err)
		}
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

// serveNull is the server of the run without ClickHouse: the same door, log,
// processor and block writer, in front of a store that discards.
func serveNull(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("null-store", flag.ContinueOnError)
	listen := flags.String("listen", "", "address")
	data := flags.String("data", "", "folder")
	_ = flags.String("tenant", "", "ignored: it is the benchmark's own")
	if err := flags.Parse(args); err != nil {
		return err
	}
	id, err := tenant.ParseID(tenantID)
	if err != nil {
		return err
	}
	keys, err := tenant.NewKeys(tenant.Registration{
		Tenant: tenant.Tenant{ID: id}, WriteKeys: []string{writeKey}, ReadKeys: []string{readKey},
	})
	if err != nil {
		return err
	}
	log, err := local.Open(local.Config{Dir: filepath.Join(*data, "log")})
	if err != nil {
		return err
	}
	defer log.Close()
	store, err := clickhouse.New(clickhouse.Config{Transport: discard{}, Database: "none", Kind: "null"})
	if err != nil {
		return err
	}
	runner, err := stream.New(stream.Config{Log: log, Store: store})
	if err != nil {
		return err
	}
	door, err := ingest.New(ingest.Config{Log: log, Auth: keys})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", door)
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, r *http.Request) {
		progress, err := runner.Status(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		stats, err := log.Stats()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"lag": progress.Lag, "ledger": progress.Ledger, "log": map[string]any{"bytes": stats.Bytes},
		})
	})
	lc := net.ListenConfig{}
	listener, err := lc.Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*data, "run.json"), []byte(`{"admin_key":"none"}`), 0o600); err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	fmt.Printf("footfall ready http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-done
}
