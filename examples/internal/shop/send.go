package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client sends messages to a server's public door.
type Client struct {
	// URL is the server's address. Required.
	URL string
	// WriteKey is the tenant's write key. Required.
	WriteKey string
	// HTTP makes the requests. Defaults to a client with a time-out.
	HTTP *http.Client
}

// retryAfter is how long a client waits before it sends a batch again.
const retryAfter = 500 * time.Millisecond

// Send delivers one batch, again and again with unchanged ids while the server
// is away or busy.
func (c *Client) Send(ctx context.Context, batch []Message) error {
	body, err := json.Marshal(map[string]any{"batch": batch, "sentAt": time.Now().UTC()})
	if err != nil {
		return err
	}
	for {
		status, answer, err := c.post(ctx, body)
		if err == nil && status == http.StatusOK {
			return nil
		}
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			return fmt.Errorf("send a batch: the server answered %d: %s", status, answer)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryAfter):
		}
	}
}

func (c *Client) post(ctx context.Context, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.SetBasicAuth(c.WriteKey, "")
	req.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, answer, err
}

// Play sends what happened until now in large batches, then live what happens,
// until ctx ends. It calls caughtUp once, with the number of messages of the
// past.
func (c *Client) Play(ctx context.Context, s *Shop, caughtUp func(int)) error {
	const most, every = 400, 200 * time.Millisecond
	var batch []Message
	sent := 0
	deliver := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := c.Send(ctx, batch)
		sent += len(batch)
		batch = batch[:0]
		return err
	}
	flush := time.NewTicker(every)
	defer flush.Stop()
	for {
		m := s.Next()
		for time.Until(m.Timestamp) > 0 {
			if err := deliver(); err != nil {
				return err
			}
			if caughtUp != nil {
				caughtUp(sent)
				caughtUp = nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-flush.C:
			}
		}
		if batch = append(batch, m); len(batch) >= most {
			if err := deliver(); err != nil {
				return err
			}
		}
	}
}
