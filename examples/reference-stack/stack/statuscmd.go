package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// showStatus is the command status.
func showStatus(ctx context.Context, p *Process, args []string) error {
	f := newRemoteFlags("status", "")
	asJSON := f.Bool("json", false, "print the server's own answer")
	rest, err := f.parse(p, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q", rest[0])
	}
	server, err := f.find()
	if err != nil {
		return err
	}
	text, err := fetchStatus(ctx, server)
	if err != nil {
		return err
	}
	if *asJSON {
		_, err = p.Stdout.Write(text)
		return err
	}
	var status Status
	if err := json.Unmarshal(text, &status); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return status.print(p.Stdout)
}

func fetchStatus(ctx context.Context, server *runFile) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(server.URL, "/")+"/api/v1/status", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+server.AdminKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no footfall answers: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return text, nil
}

func (s *Status) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t")
			}
			_, _ = fmt.Fprint(w, cell)
		}
		_, _ = fmt.Fprintln(w) // Flush returns the first error
	}
	state := "ready"
	if !s.Ready {
		state = "not ready: " + s.Reason
	}
	line("footfall", s.Version+", up "+(time.Duration(s.UptimeS)*time.Second).String()+", "+state)
	about := ""
	if s.Lag.Estimated {
		about = "about "
	}
	line("lag", fmt.Sprintf("%s%d events, %.1f s", about, s.Lag.Events, s.Lag.Seconds))
	line("log", fmt.Sprintf("%s, %s", s.Log.Kind, size(s.Log.Bytes)))
	line("store", fmt.Sprintf("%s %s, schema %d, %s", s.Store.Kind, s.Store.Version, s.Store.Schema, size(int64(s.Store.Bytes))))
	for _, table := range slices.Sorted(maps.Keys(s.Store.Rows)) {
		line("  "+table, s.Store.Rows[table])
	}
	line()
	line("partition", "owner", "from", "to", "end", "lag", "snapshot", "visitors")
	for _, part := range s.Log.Partitions {
		line(part.Partition, part.Owner, part.From, part.To, part.End, part.LagEvents, part.Snapshot, part.Visitors)
	}
	if all := tapsOf(s.Log.Partitions); len(all) > 0 {
		line()
		line("tap", "partition", "kind", "lag", "given", "dropped", "state")
		for i := range all {
			t := &all[i]
			line(t.Name, t.Partition, t.kind(), t.lag(), t.Given, t.Dropped, t.state())
		}
	}
	line()
	line("tenant", "accepted", "stored", "duplicate", "quarantined", "pending", "refused", "redacted")
	for _, id := range slices.Sorted(maps.Keys(s.Ledger)) {
		l := s.Ledger[id]
		line(id, l.Accepted, l.Stored, l.Duplicate, l.Quarantined, l.Pending, s.Door[id].Refused, s.Door[id].Redacted)
	}
	return w.Flush()
}

// size writes a number of bytes for people.
func size(n int64) string {
	const unit = 1 << 10
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, i := float64(n)/unit, 0
	for value >= unit && i < 3 {
		value, i = value/unit, i+1
	}
	return fmt.Sprintf("%.1f %cB", value, "KMGT"[i])
}
