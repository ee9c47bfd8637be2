package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/tenant"
)

// ReplayRequest is the body of POST /api/v1/rejected/replay: all rows that
// wait, or those whose reason has a text in it, or those at some positions.
type ReplayRequest struct {
	All       bool     `json:"all,omitzero"`
	Reason    string   `json:"reason,omitzero"`
	Positions []string `json:"positions,omitzero"`
	// After and Before are those of the answer before, to go on: a request
	// replays a bounded number of rows, and none that came in the meantime.
	After  string           `json:"after,omitzero"`
	Before map[uint16]int64 `json:"before,omitzero"`
}

// ReplayAnswer tells what became of the rows.
type ReplayAnswer struct {
	Tenant     string           `json:"tenant"`
	Selected   int              `json:"selected"`   // rows looked at
	Replayed   int              `json:"replayed"`   // are events again, or were refused once more at their new position
	Erased     int              `json:"erased"`     // of persons whose erasure stands
	Unreadable int              `json:"unreadable"` // hold no event that could be read
	Left       uint64           `json:"left"`       // of all that was asked for, rows that still wait
	After      string           `json:"after,omitempty"`
	Before     map[uint16]int64 `json:"before"`
}

// How much one request replays, and how long it waits for the store.
const (
	replayPage    = 500
	replayPages   = 20
	replayWaiting = 45 * time.Second

	maxReplayBody = 1 << 20
)

const notAPosition = "a position is epoch/partition/offset/index"

var (
	errBehind   = errors.New("the store has not caught up with the log")
	errStopping = errors.New("the server is stopping")
)

func (s *Server) serveReplay(w http.ResponseWriter, r *http.Request) {
	if !s.admin(w, r) || !parameters(w, r, "tenant") {
		return
	}
	t := s.tenantOf(w, r)
	if t == nil {
		return
	}
	var ask ReplayRequest
	p := problem.Object(w, r, maxReplayBody, map[string]any{
		"all": &ask.All, "reason": &ask.Reason, "positions": &ask.Positions, "after": &ask.After, "before": &ask.Before,
	})
	var choice clickhouse.Quarantine
	if p == nil {
		choice, p = ask.choice(t.ID)
	}
	if p != nil {
		problem.Write(w, r, *p)
		return
	}
	s.replaying.Lock() // two at a time would only overtake each other
	defer s.replaying.Unlock()
	answer, err := s.replay(r.Context(), t, choice)
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, answer)
	case errors.Is(err, errBehind), errors.Is(err, errStopping), unavailable(err):
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: err.Error(), RetryAfter: 2 * time.Second})
	default:
		s.storeFailed(w, r, err)
	}
}

func (a *ReplayRequest) choice(id tenant.ID) (q clickhouse.Quarantine, p *problem.Problem) {
	q = clickhouse.Quarantine{Tenant: id, Waiting: true, Reason: a.Reason, Before: a.Before, Limit: replayPage}
	var wrong []problem.Error
	fail := func(path, code, message string) {
		wrong = append(wrong, problem.Error{Path: path, Code: code, Message: message})
	}
	chosen := 0
	for _, on := range []bool{a.All, a.Reason != "", a.Positions != nil} {
		if on {
			chosen++
		}
	}
	if chosen != 1 {
		fail("", "conflict", "give one of all, reason and positions")
	}
	if a.Positions != nil {
		q.At = []footfall.Position{}
	}
	for i, text := range a.Positions {
		at, err := footfall.ParsePosition(text)
		if err != nil {
			fail(fmt.Sprintf("/positions/%d", i), "bad_value", notAPosition)
			break // a list of thousands has one mistake, most likely
		}
		q.At = append(q.At, at)
	}
	if a.After != "" {
		after, err := footfall.ParsePosition(a.After)
		if err != nil {
			fail("/after", "bad_value", notAPosition)
		}
		q.After = &after
	}
	if wrong != nil {
		return q, problem.Invalid(wrong...)
	}
	return q, nil
}

// replay reads rows and sends them through the log, and waits until that shows.
// Whatever ends it in between, what it has not done waits in quarantine.
func (s *Server) replay(ctx context.Context, t *tenant.Tenant, q clickhouse.Quarantine) (*ReplayAnswer, error) {
	seen, err := s.caughtUp(ctx)
	if err != nil {
		return nil, err
	}
	if q.Before == nil {
		q.Before = map[uint16]int64{}
		for p, place := range seen {
			q.Before[p] = place.Offset
		}
	}
	for _, place := range seen {
		q.Epoch = place.Epoch
	}
	answer := &ReplayAnswer{Tenant: t.ID.String(), Before: q.Before}
	job := s.door.NewReplay(t, func(partition uint16) int64 { return seen[partition].Offset })
	for page := 0; ; page++ {
		if s.writes.isClosed() {
			return nil, errStopping
		}
		if page == replayPages {
			answer.After = q.After.String()
			break
		}
		rows, err := s.store.Quarantined(ctx, q)
		if err != nil {
			return nil, err
		}
		done, err := job.Append(ctx, rows)
		if err != nil {
			return nil, err
		}
		answer.Selected += len(rows)
		answer.Replayed += done.Appended
		answer.Erased += done.Erased
		answer.Unreadable += done.Unreadable
		if len(rows) < q.Limit {
			break
		}
		q.After = &rows[len(rows)-1].Position
	}
	if _, err := s.caughtUp(ctx); err != nil {
		return nil, err
	}
	q.After = nil
	_, answer.Left, err = s.store.CountQuarantined(ctx, q)
	return answer, err
}

// caughtUp waits until the store has all that follows from what is in the log
// now, and returns how far that is in each partition.
func (s *Server) caughtUp(ctx context.Context) (map[uint16]footfall.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, replayWaiting)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var ends map[uint16]int64
	for {
		status, err := s.progress.Status(ctx)
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		if err == nil {
			seen, behind := map[uint16]footfall.Position{}, len(status.Partitions) == 0 || status.Lag.Events == stream.Unknown
			if ends == nil && !behind {
				ends = map[uint16]int64{}
				for _, p := range status.Partitions {
					ends[p.Partition] = p.End
				}
			}
			for _, p := range status.Partitions {
				seen[p.Partition] = footfall.Position{Epoch: p.Epoch, Partition: p.Partition, Offset: p.Written}
				behind = behind || p.Written < ends[p.Partition]
			}
			if !behind {
				return seen, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errBehind
		}
	}
}
