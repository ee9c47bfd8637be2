package footfall_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/query"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

// analytics gives a server its two doors, with everything kept in one folder.
func analytics(ctx context.Context, dir string, keys *tenant.Keys, mux *http.ServeMux) (stop func() error, err error) {
	// The log: what was answered with 200 is in it, synced to disk.
	log, err := local.Open(local.Config{Dir: dir + "/log"})
	if err != nil {
		return nil, err
	}
	// The store: ClickHouse, inside this process.
	engine, err := chdb.Open(ctx, chdb.Config{Dir: dir + "/store"})
	if err != nil {
		return nil, err
	}
	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport()})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	conn, err := ch.Open(&ch.Options{
		Protocol: ch.HTTP, Addr: []string{"embedded"}, Auth: ch.Auth{Database: "footfall"},
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) { return engine.Transport(), nil },
	})
	if err != nil {
		return nil, err
	}
	// The processor between them, and a door on either side.
	runner, err1 := stream.New(stream.Config{Log: log, Store: store})
	door, err2 := ingest.New(ingest.Config{Log: log, Auth: keys})
	answers, err3 := query.New(query.Config{Conn: queryclickhouse.New(conn), Auth: keys})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	mux.Handle("/v1/", door)
	mux.Handle("/api/v1/", answers)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	return func() error {
		cancel() // Run brings what is in the log into the store, then returns
		return errors.Join(<-done, conn.Close(), engine.Close(), log.Close())
	}, nil
}

// A shop's own server takes an event over HTTP and answers a question about it.
func Example() {
	shop, err := tenant.ParseID("shop")
	check(err)
	keys, err := tenant.NewKeys(tenant.Registration{
		Tenant: tenant.Tenant{ID: shop}, WriteKeys: []string{"wk_shop"}, ReadKeys: []string{"rk_shop"},
	})
	check(err)
	dir, err := os.MkdirTemp("", "footfall-example-")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()

	mux := http.NewServeMux() // with the shop's own routes
	stop, err := analytics(context.Background(), dir, keys, mux)
	check(err)
	server := httptest.NewServer(mux)

	fmt.Println(post(server.URL+"/v1/track", "wk_shop", `{"event": "Order Completed", "userId": "ada", "properties": {"revenue": 42}}`))
	question := `{"kind": "trend", "range": {"last": "1d"}, "interval": "total",
		"series": [{"event": "Order Completed", "measure": "sum", "of": "event.revenue"}]}`
	var answer struct{ Result query.TrendResult }
	for range time.Tick(20 * time.Millisecond) { // the event is visible within half a second
		check(json.Unmarshal([]byte(post(server.URL+"/api/v1/query", "rk_shop", question)), &answer))
		if total := answer.Result.Series[0].Total; total != nil && *total > 0 {
			fmt.Println("revenue:", *total)
			break
		}
	}
	server.Close()
	check(stop())

	// Prints:
	// {"success":true,"accepted":1,"rejected":[]}
	// revenue: 42
}

func post(url, key, body string) string {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	check(err)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	check(err)
	defer func() { check(resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	check(err)
	return strings.TrimSpace(string(text))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
