package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/tenant"
)

// erasePerson is the command erase.
func erasePerson(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("erase", "")
	id := f.String("tenant", "", "`id` of the tenant whose person it is")
	person := f.String("person", "", "`user:ID or visitor:ID`, any of the person's ids")
	return f.request(ctx, p, args, id, func() (method, path string, body any, err error) {
		if *person == "" {
			return "", "", nil, usagef("--person is required")
		}
		return http.MethodPost, "/api/v1/erasures", map[string]string{"tenant": *id, "person": *person}, nil
	})
}

// dropTenant is the command drop-tenant.
func dropTenant(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("drop-tenant", "")
	id := f.String("tenant", "", "`id` of the tenant of which nothing is to be left")
	return f.request(ctx, p, args, id, func() (method, path string, body any, err error) {
		return http.MethodDelete, "/api/v1/tenants/" + url.PathEscape(*id), nil, nil
	})
}

// maintain is the command maintain.
func maintain(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("maintain", "")
	server, err := f.server(p, args)
	if err != nil {
		return err
	}
	var report keep.Report
	if err := server.call(ctx, http.MethodPost, "/api/v1/maintain", nil, &report); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(&report)
}

// server parses a command line without arguments and finds the server.
func (f *remoteFlags) server(p *Process, args []string) (*runFile, error) {
	rest, err := f.parse(p, args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, usagef("unexpected argument %q", rest[0])
	}
	return f.find()
}

// request makes a request to erase and waits until it is done. The last line is
// the receipt; it is pending, and the status 1, if the wait was cut short: the
// server goes on, and the request's name finds it again.
func (f *remoteFlags) request(ctx context.Context, p *Process, args []string, id *string, make func() (method, path string, body any, err error)) error {
	server, err := f.server(p, args)
	if err != nil {
		return err
	}
	if _, err := tenant.ParseID(*id); err != nil {
		return usagef("--tenant: %w", err)
	}
	method, path, body, err := make()
	if err != nil {
		return err
	}
	var receipt keep.Receipt
	err = server.call(ctx, method, path, body, &receipt)
	for err == nil && receipt.State != keep.Done {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			_ = json.NewEncoder(p.Stdout).Encode(&receipt) // its name is what counts
			return fmt.Errorf("%s goes on without this command: %w", receipt.Name, ctx.Err())
		}
		now := keep.Receipt{}
		err = server.call(ctx, http.MethodGet, "/api/v1/erasures/"+receipt.Name, nil, &now)
		receipt = now
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(&receipt)
}
