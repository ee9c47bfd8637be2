package referencestack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"time"
)

// shopper is a visitor whose messages come late, out of order, and tell that
// accounts are the same.
type shopper struct {
	*visitor
}

func (v shopper) next() message {
	m, _ := v.visitor.next()
	switch v.rand.IntN(30) {
	case 0, 1:
		m.Timestamp = m.Timestamp.AddDate(0, 0, -v.rand.IntN(14)) // was offline
	case 2, 3, 4:
		m.Timestamp = m.Timestamp.Add(time.Duration(v.rand.IntN(7200)-3600) * time.Second)
	case 5:
		m.Type, m.Event, m.Properties, m.UserID, m.PreviousID = "alias", "", nil, "user-"+v.id+"-0", v.id
		m.AnonymousID = ""
	}
	return m
}

// crowd is one client of one tenant with its visitors.
type crowd struct {
	storm    *storm
	key      string
	rand     *rand.Rand
	http     http.Client
	visitors []shopper
	sent     map[string]bool // by id, whether it was accepted to the client's knowledge
	repeated int
}

func newCrowd(s *storm, name string, n int, seed uint64) *crowd {
	c := &crowd{storm: s, key: "wk_" + name, rand: rand.New(rand.NewPCG(seed, uint64(n))), sent: map[string]bool{}}
	// A client that waits for ever never repeats what a frozen door has taken.
	c.http = http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 2, MaxIdleConnsPerHost: 1}}
	for v := range 40 {
		c.visitors = append(c.visitors, shopper{newVisitor(fmt.Sprintf("%s%dv%d", name, n, v), seed^uint64(1000*n+v))})
	}
	return c
}

// run sends messages, at most so many a second, until enough are accepted.
func (c *crowd) run(ctx context.Context, enough int, rate float64) error {
	var last []message
	tick := time.NewTicker(time.Duration(50 / rate * float64(time.Second)))
	defer tick.Stop()
	for len(c.sent) < enough {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		batch := last
		if batch == nil || c.rand.IntN(20) > 0 { // now and then the last batch once more
			batch = nil
			for range 20 + c.rand.IntN(60) {
				if len(batch) > 0 && c.rand.IntN(50) == 0 { // or one message
					batch = append(batch, batch[c.rand.IntN(len(batch))])
					continue
				}
				m := c.visitors[c.rand.IntN(len(c.visitors))].next()
				c.sent[m.MessageID] = false
				batch = append(batch, m)
			}
		}
		if err := c.send(ctx, batch); err != nil {
			return err
		}
		for _, m := range batch {
			c.sent[m.MessageID] = true
		}
		last = batch
	}
	return nil
}

// send tries at any door until the batch is accepted.
func (c *crowd) send(ctx context.Context, batch []message) error {
	body, err := json.Marshal(map[string]any{"batch": batch})
	if err != nil {
		return err
	}
	for try := 0; ctx.Err() == nil; try++ {
		door := c.storm.ingesters[c.rand.IntN(len(c.storm.ingesters))].url.Load()
		done, err := c.post(ctx, *door, body, len(batch))
		if done || err != nil {
			return err
		}
		c.repeated++
		pause(ctx, time.Duration(20+c.rand.IntN(200))*time.Millisecond)
	}
	return ctx.Err()
}

// post reports whether the batch was accepted. An error is an answer that no
// fault explains.
func (c *crowd) post(ctx context.Context, url string, body []byte, n int) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.SetBasicAuth(c.key, "")
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return false, nil // the door is away or too slow
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests {
		return false, nil // it went away, or says so
	}
	var answer struct {
		Accepted int
		Rejected []any
	}
	if err := json.Unmarshal(text, &answer); err != nil || resp.StatusCode != http.StatusOK || answer.Accepted != n || len(answer.Rejected) > 0 {
		return false, fmt.Errorf("the door answered %s to %d messages: %s", resp.Status, n, text)
	}
	return true, nil
}

// sentByTenant puts together what the clients of each tenant have sent.
func sentByTenant(crowds []*crowd) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, c := range crowds {
		name := c.key[len("wk_"):]
		if all[name] == nil {
			all[name] = map[string]bool{}
		}
		maps.Copy(all[name], c.sent)
	}
	return all
}
