package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// askReady is the command ready: what a container's health check runs, since
// slim images have no other program that could ask.
func askReady(ctx context.Context, p *Process, args []string) error {
	f := newFlags("ready", "")
	address := f.String("url", "http://127.0.0.1:8080", "`address` of the server")
	patience := Duration(5 * time.Second)
	f.Var(&patience, "timeout", "`time` that it may take to answer")
	rest, err := f.parse(p, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q", rest[0])
	}
	at, err := url.Parse(*address)
	if err != nil || at.Host == "" {
		return usagef("--url: %q is no address", *address)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(patience))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath("readyz").String(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(text)))
	}
	if !json.Valid(text) {
		return fmt.Errorf("%s is not footfall", at.Host)
	}
	_, err = p.Stdout.Write(text)
	return err
}
