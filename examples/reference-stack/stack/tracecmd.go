package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// listRefused shows the door's samples. Its last line is JSON.
func listRefused(ctx context.Context, p *Process, server *runFile, id string, asJSON bool) error {
	var answer RefusedAnswer
	if err := server.call(ctx, http.MethodGet, "/api/v1/refused?tenant="+url.QueryEscape(id), nil, &answer); err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	for i := range answer.Samples {
		m := &answer.Samples[i]
		if asJSON {
			if err := json.NewEncoder(p.Stdout).Encode(m); err != nil {
				return err
			}
			continue
		}
		code := string(m.Code)
		if m.Status > 0 {
			code = strings.TrimSpace(strconv.Itoa(m.Status) + " " + code)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Time.Format(time.RFC3339), code, oneLine(m.Event+" "+m.MessageID), oneLine(m.Message), oneLine(m.Agent))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	shown := len(answer.Samples)
	answer.Samples = nil
	return json.NewEncoder(p.Stdout).Encode(struct {
		*RefusedAnswer
		Samples int `json:"samples"` // how many were shown
	}{&answer, shown})
}

// traceMessage is the command rejected trace: why is my event missing?
func traceMessage(ctx context.Context, p *Process, args []string) error {
	f := newQuarantineFlags("rejected trace MESSAGE_ID")
	rest, err := f.parse(p, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("name one message by its id")
	}
	server, err := f.locate()
	if err != nil {
		return err
	}
	var answer Trace
	if err := server.call(ctx, http.MethodGet, "/api/v1/trace?"+url.Values{"tenant": {f.tenant}, "messageId": rest}.Encode(), nil, &answer); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(answer)
}
