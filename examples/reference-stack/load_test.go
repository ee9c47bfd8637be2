package referencestack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// message is one call of the wire format, as the tests send it.
type message struct {
	Type        string         `json:"type"`
	MessageID   string         `json:"messageId"`
	AnonymousID string         `json:"anonymousId,omitempty"`
	UserID      string         `json:"userId,omitempty"`
	PreviousID  string         `json:"previousId,omitempty"`
	Event       string         `json:"event,omitempty"`
	Timestamp   time.Time      `json:"timestamp"`
	Properties  map[string]any `json:"properties,omitempty"`
	Traits      map[string]any `json:"traits,omitempty"`
}

// sender is a client on a connection of its own that sends a batch until it is
// accepted, with unchanged ids, wherever the server is by then.
type sender struct {
	url  *atomic.Pointer[string]
	http http.Client
}

func newSender(url *atomic.Pointer[string]) *sender {
	return &sender{url: url, http: http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1},
	}}
}

// send returns how many messages the server accepted.
func (s *sender) send(ctx context.Context, batch []message) (int, error) {
	body, err := json.Marshal(map[string]any{"batch": batch})
	if err != nil {
		return 0, err
	}
	for {
		accepted, retry, err := s.post(ctx, body)
		if !retry {
			return accepted, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *sender) post(ctx context.Context, body []byte) (accepted int, retry bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, *s.url.Load()+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	req.SetBasicAuth(writeKey, "")
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, true, nil // the server is away
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, true, nil // it went away
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		return 0, true, nil
	}
	var answer struct {
		Accepted int
		Rejected []any
	}
	if err := json.Unmarshal(text, &answer); err != nil || resp.StatusCode != http.StatusOK || len(answer.Rejected) > 0 {
		return 0, false, fmt.Errorf("the server answered %s: %s", resp.Status, text)
	}
	return answer.Accepted, false, nil
}

// gap and longest are the rules of a session.
const (
	gap     = 30 * time.Minute
	longest = 24 * time.Hour
)

// visitor makes up what one device does, and keeps what must come of it: the
// naive fold of the semantics, in the order of sending.
type visitor struct {
	id     string
	rand   *rand.Rand
	clock  time.Time
	user   string // signed in as
	linked string // the first user it was seen with
	made   int
	// sessions are those its events must make, in order.
	sessions []visit
}

// visit is what must be known of one session.
type visit struct {
	opened, last time.Time
	views        int
}

// expected is what the server must know of one message.
type expected struct {
	visitor string
	user    string
	session int // of the visitor, counted from 1; 0 for none
}

func newVisitor(id string, seed uint64) *visitor {
	return &visitor{
		id: id, rand: rand.New(rand.NewPCG(seed, 1)),
		clock: time.Date(2024, 1, 1+int(seed%50), 0, 0, 0, 0, time.UTC),
	}
}

func (v *visitor) next() (message, expected) {
	pause := time.Duration(v.rand.IntN(300)+1) * time.Second
	if v.rand.IntN(12) == 0 {
		pause = time.Duration(v.rand.IntN(90)+20) * time.Minute // sometimes just under the gap
	}
	v.clock = v.clock.Add(pause)
	v.made++
	m := message{
		Type: "track", MessageID: fmt.Sprintf("%s-%d", v.id, v.made), AnonymousID: v.id, Timestamp: v.clock,
		Event: [...]string{"Viewed", "Added", "Ordered"}[v.rand.IntN(3)], Properties: map[string]any{"n": v.made, "price": float64(v.rand.IntN(10000)) / 100},
	}
	switch v.rand.IntN(40) {
	case 2, 3, 4, 5, 6, 7, 8, 9:
		m.Type, m.Event = "page", ""
	case 0: // signs in, on a shared device as somebody else than before
		v.user = fmt.Sprintf("user-%s-%d", v.id, v.rand.IntN(2))
		m.Type, m.Event, m.Properties, m.Traits = "identify", "", nil, map[string]any{"plan": "pro"}
	case 1:
		v.user = "" // signs out
	}
	m.UserID = v.user
	if v.user != "" && v.linked == "" {
		v.linked = v.user
	}
	want := expected{visitor: v.id, user: v.user}
	if m.Type == "identify" {
		return m, want // it says who somebody is and is no behaviour
	}
	n := len(v.sessions)
	if n == 0 || v.clock.Sub(v.sessions[n-1].last) > gap || v.clock.Sub(v.sessions[n-1].opened) > longest {
		v.sessions = append(v.sessions, visit{opened: v.clock})
		n++
	}
	current := &v.sessions[n-1]
	current.last = v.clock
	if m.Type == "page" {
		current.views++
	}
	want.session = n
	return m, want
}
