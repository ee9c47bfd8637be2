package webhook

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/footfall-go/footfall"
)

// Config is what a [Sink] is made of.
type Config struct {
	// URL takes the requests. Required.
	URL string
	// Secret signs them: "whsec_" and base64. Required.
	Secret string
	// Client sends them; it should not follow redirects, which turn a POST into
	// a GET. Defaults to one of its own.
	Client *http.Client
	// Timeout bounds one request. Defaults to 15s.
	Timeout time.Duration
	// Attempts is how often one Write tries; a durable tap then comes back with
	// the same events. Defaults to 5.
	Attempts int
	// Backoff is the pause after the first failure; it doubles up to MaxBackoff
	// and is cut short by up to a half at random, so that receivers that come
	// back are not hit by all at once. Defaults to 200ms.
	Backoff time.Duration
	// MaxBackoff bounds the pause, and what of Retry-After is honoured within a
	// Write. Defaults to 30s.
	MaxBackoff time.Duration
}

// Sink posts events. It is safe for concurrent use.
type Sink struct {
	cfg    Config
	secret []byte
}

var _ footfall.Eraser = (*Sink)(nil)

// New checks the configuration and returns a Sink.
func New(cfg Config) (*Sink, error) {
	cfg.Timeout = cmp.Or(cfg.Timeout, 15*time.Second)
	cfg.Attempts = cmp.Or(cfg.Attempts, 5)
	cfg.Backoff = cmp.Or(cfg.Backoff, 200*time.Millisecond)
	cfg.MaxBackoff = cmp.Or(cfg.MaxBackoff, 30*time.Second)
	if cfg.Client == nil {
		cfg.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	var errs []error
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" {
		errs = append(errs, errors.New("webhook: Config.URL is no absolute URL"))
	}
	secret, err := parseSecret(cfg.Secret)
	if err != nil {
		errs = append(errs, fmt.Errorf("webhook: Config.Secret: %w", err))
	}
	if min(cfg.Timeout, cfg.Backoff, cfg.MaxBackoff) < 0 || cfg.Attempts < 0 {
		errs = append(errs, errors.New("webhook: a bound is negative"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Sink{cfg: cfg, secret: secret}, nil
}

// Write posts the events in one request, and tries again as long as that is
// likely to help.
func (s *Sink) Write(ctx context.Context, events []footfall.Event) error {
	if len(events) == 0 {
		return nil
	}
	body, err := encode(events)
	if err != nil {
		return footfall.Permanent(fmt.Errorf("encode events: %w", err))
	}
	return s.send(ctx, idOf(events), body)
}

// Erase posts who is to be forgotten, in a request of its own.
func (s *Sink) Erase(ctx context.Context, e *footfall.Erasure) error {
	body, err := encodeErasure(e)
	if err != nil {
		return footfall.Permanent(fmt.Errorf("encode an erasure: %w", err))
	}
	return s.send(ctx, idOfErasure(e), body)
}

func (s *Sink) send(ctx context.Context, id string, body []byte) error {
	for try := 1; ; try++ {
		after, err := s.post(ctx, id, body)
		if err == nil || footfall.IsPermanent(err) || try == s.cfg.Attempts || ctx.Err() != nil {
			return err
		}
		pause := min(s.cfg.Backoff<<min(try-1, 16), s.cfg.MaxBackoff)
		pause -= rand.N(pause/2 + 1)
		if err := wait(ctx, max(pause, min(after, s.cfg.MaxBackoff))); err != nil {
			return err
		}
	}
}

// post sends one request. After is how long the receiver asks to wait.
func (s *Sink) post(ctx context.Context, id string, body []byte) (after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return 0, footfall.Permanent(err)
	}
	now := time.Now() // of each try, because receivers refuse what is old
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set(HeaderID, id)
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(HeaderSignature, sign(s.secret, id, now.Unix(), body))
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return 0, err
	}
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // the status tells what counts
	_ = resp.Body.Close()
	code := resp.StatusCode
	if code/100 == 2 {
		return 0, nil
	}
	err = fmt.Errorf("post events %s: %s: %s", id, resp.Status, bytes.TrimSpace(said))
	if code/100 != 5 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests {
		return 0, footfall.Permanent(err)
	}
	return retryAfter(resp.Header.Get("Retry-After"), now), err
}

// retryAfter reads seconds or a date; what it cannot read asks for nothing.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
