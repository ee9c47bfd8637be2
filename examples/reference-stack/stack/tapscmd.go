package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
)

// taps is the command taps.
func taps(ctx context.Context, p *Process, args []string) error {
	return subcommand(ctx, p, args, "taps", map[string]func(context.Context, *Process, []string) error{"list": listTaps, "drop": dropTap})
}

// listTaps is the command taps list. Its last line is JSON.
func listTaps(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("taps list", "")
	asJSON := f.Bool("json", false, "print each tap as JSON")
	server, err := f.server(p, args)
	if err != nil {
		return err
	}
	var answer TapsAnswer
	if err := server.call(ctx, http.MethodGet, "/api/v1/taps", nil, &answer); err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	for i := range answer.Taps {
		t := &answer.Taps[i]
		if *asJSON {
			if err := json.NewEncoder(p.Stdout).Encode(t); err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", t.Name, t.Partition, t.kind(), t.lag(), t.state())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(map[string]int{"taps": len(answer.Taps)})
}

// dropTap is the command taps drop.
func dropTap(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("taps drop NAME", "")
	name, server, err := f.one(p, args, "name one tap")
	if err != nil {
		return err
	}
	if err := server.call(ctx, http.MethodDelete, "/api/v1/taps/"+url.PathEscape(name), nil, nil); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(map[string]string{"dropped": name})
}

// count writes a number of things for people.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprint(n, " ", thing, "s")
}
