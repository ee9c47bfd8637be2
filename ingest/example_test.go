package ingest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/tenant"
)

// counted is a log that counts; a real one is opened with stream/local.
type counted struct{ records int }

func (l *counted) Append(_ context.Context, records []footfall.Record) error {
	l.records += len(records)
	return nil
}

// A server's own events need neither HTTP nor a key.
func ExampleHandler_Track() {
	id, err := tenant.ParseID("shop")
	if err != nil {
		panic(err)
	}
	keys, err := tenant.NewKeys(tenant.Registration{Tenant: tenant.Tenant{ID: id}, WriteKeys: []string{"wk_shop"}})
	if err != nil {
		panic(err)
	}
	log := &counted{}
	door, err := ingest.New(ingest.Config{Log: log, Auth: keys})
	if err != nil {
		panic(err)
	}

	err = door.Track(context.Background(), keys.Tenant(id),
		ingest.Message{Event: "Order Completed", UserID: "u-17", MessageID: "order-4711", Properties: map[string]any{"total": 99.5}},
		ingest.Message{Event: "Order Completed", UserID: "undefined"},
	)
	if refused, ok := errors.AsType[*ingest.RefusedError](err); ok {
		for _, r := range refused.Refused {
			fmt.Println(r.Index, r.Path, r.Code, r.Message)
		}
	}
	fmt.Println(log.records, "record in the log")
	// Output:
	// 1 /userId illegal_id userId is a placeholder, not an id
	// 1 record in the log
}
