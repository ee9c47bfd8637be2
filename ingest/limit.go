package ingest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// Limiter keeps tenants to their [tenant.Limits]. [tenant.Buckets] does so
// within one process, package tenant/redis across several.
//
// Take counts n events, all or none, and says where the tenant stands. With no
// events it asks whether one would pass, before anything of a request is read:
// that question comes once a request and should be answered from memory. Give
// takes back what a failure kept out of the log. Both are called concurrently;
// an error lets the events in, since a limit is no reason to lose them.
type Limiter interface {
	Take(ctx context.Context, t *tenant.Tenant, n int) (tenant.Quota, error)
	Give(ctx context.Context, t *tenant.Tenant, n int) error
}

// LimitError says that [Handler.Track] took nothing because the tenant may not
// send that much now. The same call may pass after Wait.
type LimitError struct {
	Limit string // "rate", "day" or "plan"
	Wait  time.Duration
	text  string
}

func (e *LimitError) Error() string { return "ingest: " + e.text }

// turnedAway is a request that may not send now.
type turnedAway struct {
	limit  string
	wait   time.Duration
	status int
	detail string
}

func (a *turnedAway) problem() *problem.Problem {
	return &problem.Problem{Status: a.status, Detail: a.detail, RetryAfter: a.wait}
}

func (a *turnedAway) error() error { return &LimitError{Limit: a.limit, Wait: a.wait, text: a.detail} }

// ask turns a request away before its body is read, if not even one event of
// the tenant would pass: refusing a flood has to cost little.
func (s *request) ask() *problem.Problem {
	if away := s.limit(0); away != nil {
		return away.problem()
	}
	return nil
}

// admit counts the messages of a request, whatever then becomes of each, and
// asks the host's plan.
func (s *request) admit(n int) *problem.Problem {
	if away := s.mayPass(n); away != nil {
		return away.problem()
	}
	return nil
}

func (s *request) mayPass(n int) *turnedAway {
	if n == 0 {
		return nil
	}
	away := s.limit(n)
	if away == nil {
		s.taken = n
		if away = s.plan(n); away != nil {
			s.giveBack()
		}
	}
	return away
}

// limit asks the limiter and tells the sender what is left.
func (s *request) limit(n int) *turnedAway {
	if s.tenant.Limits.IsZero() {
		return nil
	}
	q, err := s.h.config.Limiter.Take(s.r.Context(), s.tenant, n)
	if s.h.limiterFailed(s.r.Context(), err) {
		return nil
	}
	tell(s.w.Header(), &q)
	if q.Exceeded == tenant.NoWindow {
		return nil
	}
	away := &turnedAway{limit: q.Exceeded.String(), wait: q.Wait, status: http.StatusTooManyRequests}
	if q.Exceeded == tenant.DayWindow {
		away.detail = fmt.Sprintf("at most %d events a day are taken, and %d are left until midnight UTC", q.Day.Quota, q.Day.Events)
	} else {
		away.detail = fmt.Sprintf("at most %v events a second are taken, %d at once, and %d are left now", s.tenant.Limits.Rate, q.Rate.Quota, q.Rate.Events)
	}
	s.h.countAway(s.r.Context(), s.tenant.ID, away.limit)
	return away
}

// giveBack undoes what mayPass took.
func (s *request) giveBack() {
	if s.taken > 0 && !s.tenant.Limits.IsZero() {
		ctx := context.WithoutCancel(s.r.Context())
		s.h.limiterFailed(ctx, s.h.config.Limiter.Give(ctx, s.tenant, s.taken))
	}
	s.taken = 0
}

// limiterFailed reports whether there was an error, and logs the first of a
// row of them.
func (h *Handler) limiterFailed(ctx context.Context, err error) bool {
	switch {
	case err == nil && h.unlimited.Load() && h.unlimited.CompareAndSwap(true, false):
		h.config.Logger.InfoContext(ctx, "limits are kept again")
	case err != nil && ctx.Err() == nil && h.unlimited.CompareAndSwap(false, true):
		h.config.Logger.ErrorContext(ctx, "limits cannot be kept, everything is let in", "error", err)
	}
	return err != nil
}

// tell writes what is left of the limits, as the IETF's draft of RateLimit
// headers has it. The unit is ours: quotas are of events, not of requests.
func tell(h http.Header, q *tenant.Quota) {
	var policy, left []byte
	for _, w := range [...]struct {
		name string
		left *tenant.Left
	}{{"rate", &q.Rate}, {"day", &q.Day}} {
		if w.left.Quota == 0 {
			continue
		}
		if len(policy) > 0 {
			policy, left = append(policy, ", "...), append(left, ", "...)
		}
		policy = strconv.AppendInt(append(append(append(policy, '"'), w.name...), `";q=`...), w.left.Quota, 10)
		policy = strconv.AppendInt(append(policy, `;qu="events";w=`...), seconds(w.left.Window), 10)
		left = strconv.AppendInt(append(append(append(left, '"'), w.name...), `";r=`...), w.left.Events, 10)
		left = strconv.AppendInt(append(left, `;t=`...), seconds(w.left.Reset), 10)
	}
	if len(policy) > 0 {
		h["Ratelimit-Policy"] = []string{string(policy)}
		h["Ratelimit"] = []string{string(left)}
	}
}

// seconds rounds up: a client that waits as long is not early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
