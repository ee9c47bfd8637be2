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

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// rejected is the command rejected.
func rejected(ctx context.Context, p *Process, args []string) error {
	return subcommand(ctx, p, args, "rejected", map[string]func(context.Context, *Process, []string) error{
		"list": listRejected, "replay": replayRejected, "trace": traceMessage,
	})
}

// quarantineFlags are those of all three commands; reason is not trace's.
type quarantineFlags struct {
	*remoteFlags
	tenant, reason string
}

func newQuarantineFlags(command string) *quarantineFlags {
	f := &quarantineFlags{remoteFlags: newRemoteFlags(command, "")}
	f.StringVar(&f.tenant, "tenant", "", "`id` of the tenant whose events these are")
	return f
}

// choose adds what list and replay are to choose by.
func (f *quarantineFlags) choose() *quarantineFlags {
	f.StringVar(&f.reason, "reason", "", "only events whose reason has this `text` in it")
	return f
}

// server checks what is common and finds the server.
func (f *quarantineFlags) server(p *Process, args []string) (*runFile, error) {
	rest, err := f.parse(p, args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, usagef("unexpected argument %q", rest[0])
	}
	return f.locate()
}

func (f *quarantineFlags) locate() (*runFile, error) {
	if _, err := tenant.ParseID(f.tenant); err != nil {
		return nil, usagef("--tenant: %w", err)
	}
	return f.find()
}

// listRejected is the command rejected list. Its last line is JSON.
func listRejected(ctx context.Context, p *Process, args []string) error {
	f := newQuarantineFlags("rejected list").choose()
	asJSON := f.Bool("json", false, "print each event as JSON, with its payload")
	waiting := f.Bool("waiting", false, "leave out what was replayed or erased")
	message := f.String("message", "", "`id` of the message that is looked for")
	limit := f.Int("limit", 100, "how `many` at most; 0 for all")
	door := f.Bool("door", false, "show instead what the door refused since the server started")
	server, err := f.server(p, args)
	if err != nil {
		return err
	}
	if *door {
		return listRefused(ctx, p, server, f.tenant, *asJSON)
	}
	ask := url.Values{"tenant": {f.tenant}, "reason": {f.reason}, "messageId": {*message}, "waiting": {strconv.FormatBool(*waiting)}}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	shown := 0
	var page RejectedPage
	for {
		ask.Set("limit", strconv.Itoa(maxRejected))
		if *limit > 0 {
			ask.Set("limit", strconv.Itoa(min(*limit-shown, maxRejected)))
		}
		page = RejectedPage{}
		if err := server.call(ctx, http.MethodGet, "/api/v1/rejected?"+ask.Encode(), nil, &page); err != nil {
			return err
		}
		for i := range page.Rows {
			row := &page.Rows[i]
			shown++
			if *asJSON {
				if err := json.NewEncoder(p.Stdout).Encode(row); err != nil {
					return err
				}
				continue
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", row.Position, row.Time.Format(time.RFC3339), row.State, row.about(), oneLine(row.Reason))
		}
		if page.Next == "" || *limit > 0 && shown >= *limit {
			break
		}
		ask.Set("cursor", page.Next)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(map[string]any{"tenant": f.tenant, "rows": page.Total, "waiting": page.Waiting, "shown": shown})
}

// about names the event of a row.
func (r *RejectedRow) about() string {
	var said struct{ Event, MessageID string }
	_ = json.Unmarshal(r.Payload, &said) // what is not there is not shown
	return oneLine(said.Event + " " + said.MessageID)
}

// oneLine keeps what a stranger wrote from looking like something else.
func oneLine(text string) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
	const most = 160
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// replayRejected is the command rejected replay. Its last line is JSON.
func replayRejected(ctx context.Context, p *Process, args []string) error {
	f := newQuarantineFlags("rejected replay").choose()
	all := f.Bool("all", false, "all that waits")
	positions := list{sep: ", \n"}
	f.Var(&positions, "position", "the event at this `position`; repeatable")
	server, err := f.server(p, args)
	if err != nil {
		return err
	}
	ask := ReplayRequest{All: *all, Reason: f.reason, Positions: positions.items}
	for _, text := range positions.items {
		if _, err := footfall.ParsePosition(text); err != nil {
			return usagef("--position: %w", err)
		}
	}
	if *all == (f.reason != "") && len(positions.items) == 0 || len(positions.items) > 0 && (*all || f.reason != "") {
		return usagef("give one of --all, --reason and --position")
	}
	var sum ReplayAnswer
	for {
		var answer ReplayAnswer
		if err := server.call(ctx, http.MethodPost, "/api/v1/rejected/replay?tenant="+url.QueryEscape(f.tenant), &ask, &answer); err != nil {
			return fmt.Errorf("after %d events: %w; run it again, no event comes twice", sum.Replayed, err)
		}
		sum.Tenant, sum.Left, sum.Before = answer.Tenant, answer.Left, answer.Before
		sum.Selected += answer.Selected
		sum.Replayed += answer.Replayed
		sum.Erased += answer.Erased
		sum.Unreadable += answer.Unreadable
		if ask.After, ask.Before = answer.After, answer.Before; ask.After == "" {
			break
		}
	}
	return json.NewEncoder(p.Stdout).Encode(sum)
}
