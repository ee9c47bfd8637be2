package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/tenant"
)

// erasures is the command erasures.
func erasures(ctx context.Context, p *Process, args []string) error {
	return subcommand(ctx, p, args, "erasures", map[string]func(context.Context, *Process, []string) error{"list": listErasures, "show": showErasure, "lift": liftErasure})
}

// listErasures is the command erasures list. Its last line is JSON.
func listErasures(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("erasures list", "")
	id := f.String("tenant", "", "`id` of the tenant whose requests these are; all without it")
	asJSON := f.Bool("json", false, "print each receipt as JSON")
	server, err := f.server(p, args)
	if err != nil {
		return err
	}
	path, last := "/api/v1/erasures", map[string]any{}
	if *id != "" {
		if _, err := tenant.ParseID(*id); err != nil {
			return usagef("--tenant: %w", err)
		}
		path += "?tenant=" + url.QueryEscape(*id)
		last["tenant"] = *id
	}
	var answer struct{ Erasures []keep.Receipt }
	if err := server.call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	pending := 0
	for i := range answer.Erasures {
		r := &answer.Erasures[i]
		if r.State == keep.Pending {
			pending++
		}
		if *asJSON {
			if err := json.NewEncoder(p.Stdout).Encode(r); err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Tenant, r.Requested.Format(time.RFC3339), r.Scope, r.State, oneLine(r.Error+r.Log.Remains))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	last["erasures"], last["pending"] = len(answer.Erasures), pending
	return json.NewEncoder(p.Stdout).Encode(last)
}

// showErasure is the command erasures show.
func showErasure(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("erasures show NAME", "")
	name, server, err := f.one(p, args, "name one request, as erasures list does")
	if err != nil {
		return err
	}
	var receipt keep.Receipt
	if err := server.call(ctx, http.MethodGet, "/api/v1/erasures/"+url.PathEscape(name), nil, &receipt); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(&receipt)
}

// liftErasure is the command erasures lift.
func liftErasure(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("erasures lift NAME", "")
	name, server, err := f.one(p, args, "name one request, as erasures list does")
	if err != nil {
		return err
	}
	if err := server.call(ctx, http.MethodDelete, "/api/v1/erasures/"+url.PathEscape(name), nil, nil); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(map[string]string{"lifted": name})
}
