package stack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

// RejectedPage is the answer of GET /api/v1/rejected.
type RejectedPage struct {
	Tenant  string        `json:"tenant"`
	Total   uint64        `json:"total"`   // rows that the question chooses
	Waiting uint64        `json:"waiting"` // those of them that can be replayed
	Rows    []RejectedRow `json:"rows"`
	Next    string        `json:"next,omitempty"` // cursor of the next page
}

// RejectedRow is an event in quarantine.
type RejectedRow struct {
	Position string          `json:"position"`
	Time     time.Time       `json:"time"` // of the log
	State    RowState        `json:"state"`
	Reason   string          `json:"reason"`
	Payload  json.RawMessage `json:"payload,omitempty"` // while it waits
}

// RowState says what became of an event in quarantine.
type RowState string

// The states of a row.
const (
	RowWaiting  RowState = "waiting"
	RowReplayed RowState = "replayed"
	RowErased   RowState = "erased"
)

func rejectedRow(r *footfall.Rejected) RejectedRow {
	row := RejectedRow{Position: r.Position.String(), Time: r.Time.Time(), State: RowWaiting, Reason: r.Reason, Payload: json.RawMessage(r.Payload)}
	switch {
	case r.Version > 0:
		row.State = RowReplayed
	case r.Payload == "":
		row.State = RowErased
	case !json.Valid(row.Payload):
		row.Payload, _ = json.Marshal(r.Payload) // a text always marshals
	}
	return row
}

// tenantOf finds the tenant that an operator's request is about.
func (s *Server) tenantOf(w http.ResponseWriter, r *http.Request) *tenant.Tenant {
	id, err := tenant.ParseID(r.URL.Query().Get("tenant"))
	if err != nil {
		badParameter(w, r, "tenant", err)
		return nil
	}
	t := s.keys.Tenant(id)
	if t == nil {
		problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "there is no such tenant"})
	}
	return t
}

// parameters answers a request that has other parameters than its route.
func parameters(w http.ResponseWriter, r *http.Request, known ...string) bool {
	p := problem.Parameters(r, known...)
	if p != nil {
		problem.Write(w, r, *p)
	}
	return p == nil
}

func badParameter(w http.ResponseWriter, r *http.Request, name string, err error) {
	problem.Write(w, r, *problem.Invalid(problem.Error{Path: "/" + name, Code: "invalid", Message: name + " is wrong: " + err.Error()}))
}

// maxRejected is how many rows an answer has at most.
const maxRejected = 1000

func (s *Server) serveRejected(w http.ResponseWriter, r *http.Request) {
	if !s.admin(w, r) || !parameters(w, r, "tenant", "reason", "messageId", "waiting", "limit", "cursor") {
		return
	}
	t := s.tenantOf(w, r)
	if t == nil {
		return
	}
	query := r.URL.Query()
	ask := clickhouse.Quarantine{Tenant: t.ID, Reason: query.Get("reason"), MessageID: query.Get("messageId"), Limit: 100}
	if text := query.Get("waiting"); text != "" {
		waiting, err := strconv.ParseBool(text)
		if err != nil {
			badParameter(w, r, "waiting", errors.New("it must be true or false"))
			return
		}
		ask.Waiting = waiting
	}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxRejected {
			badParameter(w, r, "limit", errors.New("it must be from 1 to "+strconv.Itoa(maxRejected)))
			return
		}
		ask.Limit = n
	}
	if text := query.Get("cursor"); text != "" {
		after, err := footfall.ParsePosition(text)
		if err != nil {
			badParameter(w, r, "cursor", errors.New(notAPosition))
			return
		}
		ask.After = &after
	}
	page, err := s.rejected(r.Context(), ask)
	if err != nil {
		s.storeFailed(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, page)
}

// storeFailed answers where the store does not. What it says may name files.
func (s *Server) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.log.Error("answer an operator", "path", r.URL.Path, "error", err)
	}
	problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: "the store does not answer", RetryAfter: time.Second})
}

func (s *Server) rejected(ctx context.Context, ask clickhouse.Quarantine) (*RejectedPage, error) {
	page := &RejectedPage{Tenant: ask.Tenant.String(), Rows: []RejectedRow{}}
	var err error
	if page.Total, page.Waiting, err = s.store.CountQuarantined(ctx, ask); err != nil {
		return nil, err
	}
	rows, err := s.store.Quarantined(ctx, ask)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		page.Rows = append(page.Rows, rejectedRow(&rows[i]))
	}
	if n := len(rows); n == ask.Limit {
		page.Next = rows[n-1].Position.String()
	}
	return page, nil
}
