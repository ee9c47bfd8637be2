package chdb_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/footfall-go/footfall/store/chdb"
)

func ExampleOpen() {
	ctx := context.Background()
	engine, err := chdb.Open(ctx, chdb.Config{Dir: "data"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = engine.Close() }()

	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{"embedded"}, // A name for logs; nothing is dialled.
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return engine.Transport(), nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	var version string
	if err := conn.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(version)
}
