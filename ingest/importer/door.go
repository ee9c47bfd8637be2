package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// door speaks to the server's import route.
type door struct {
	cfg     *Config
	query   url.Values
	address string // of the route, "" if it is to be looked up
	key     string
}

func newDoor(cfg *Config) *door {
	return &door{cfg: cfg, query: url.Values{"tenant": {cfg.Tenant.String()}, "name": {cfg.Name}}}
}

// locate finds out where the server is, if that is not known.
func (d *door) locate() error {
	if d.address != "" {
		return nil
	}
	base, key := d.cfg.URL, d.cfg.AdminKey
	if d.cfg.Locate != nil {
		var err error
		if base, key, err = d.cfg.Locate(); err != nil {
			return err
		}
	}
	d.address, d.key = strings.TrimSuffix(base, "/")+"/v1/import", key
	return nil
}

// reply is an answer of the import route, a problem included.
type reply struct {
	Position int64  `json:"position"`
	Accepted int64  `json:"accepted"`
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Rejected []struct {
		Index     int    `json:"index"`
		MessageID string `json:"messageId"`
		Code      string `json:"code"`
		Message   string `json:"message"`
	} `json:"rejected"`
}

// position asks how many rows of the import the server has. A server that is
// not there at all is no reason to wait.
func (d *door) position(ctx context.Context) (int64, error) {
	status, r, err := d.do(ctx, http.MethodGet, d.query, nil, false)
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, r.error(status)
	}
	return r.Position, nil
}

// send hands one chunk over and counts what became of it.
func (d *door) send(ctx context.Context, c *chunk, res *Result) error {
	query := maps.Clone(d.query)
	query.Set("position", strconv.FormatInt(c.last, 10))
	// A chunk of nothing but bad rows is sent too: it moves the position.
	status, r, err := d.do(ctx, http.MethodPost, query, c.body, true)
	if err != nil {
		return err
	}
	switch {
	case status == http.StatusOK:
	case status == http.StatusBadRequest && len(r.Rejected) == len(c.rows):
		// Every row was refused, each by name.
	case status == http.StatusRequestEntityTooLarge && len(c.rows) == 1:
		c.bad = append(c.bad, Rejection{Row: c.rows[0], Code: "too_large", Message: r.Detail})
		c.rows = nil
	default:
		return r.error(status)
	}
	for _, refused := range r.Rejected {
		if refused.Index < 0 || refused.Index >= len(c.rows) {
			return fmt.Errorf("the server refused message %d of %d", refused.Index, len(c.rows))
		}
		c.bad = append(c.bad, Rejection{c.rows[refused.Index], refused.MessageID, refused.Code, refused.Message})
	}
	for _, bad := range c.bad {
		d.cfg.OnReject(bad)
	}
	res.Rows += c.last - c.first + 1
	res.Accepted += r.Accepted
	res.Rejected += int64(len(c.bad))
	res.Position = c.last
	return nil
}

// do makes one request and repeats it while the server is away or busy. The
// messages keep their ids, so that a repeated chunk adds nothing.
func (d *door) do(ctx context.Context, method string, query url.Values, body []byte, patient bool) (int, reply, error) {
	deadline := time.Now().Add(d.cfg.Patience)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		status, r, wait, err := d.once(ctx, method, query, body)
		again := err != nil || status == http.StatusTooManyRequests || status >= 500
		if d.cfg.Locate != nil && (err != nil || status == http.StatusUnauthorized) {
			d.address, again = "", true
		}
		if !patient && (err != nil || status == http.StatusUnauthorized) {
			return status, r, err
		}
		if !again || ctx.Err() != nil || time.Now().After(deadline) {
			return status, r, err
		}
		select {
		case <-time.After(max(pause, wait)):
		case <-ctx.Done():
			return status, r, errors.Join(ctx.Err(), err)
		}
	}
}

func (d *door) once(ctx context.Context, method string, query url.Values, body []byte) (status int, r reply, wait time.Duration, err error) {
	if err := d.locate(); err != nil {
		return 0, r, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, d.address+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return 0, r, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+d.key)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	resp, err := d.cfg.Client.Do(req)
	if err != nil {
		return 0, r, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // absent or a date: the usual pause
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return 0, r, 0, err
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		r.Detail = strings.TrimSpace(string(answer[:min(len(answer), 200)]))
	}
	return resp.StatusCode, r, min(time.Duration(seconds)*time.Second, 30*time.Second), nil
}

func (r *reply) error(status int) error {
	text := r.Detail
	if text == "" {
		text = r.Title
	}
	return fmt.Errorf("the server answered %d: %s", status, text)
}
