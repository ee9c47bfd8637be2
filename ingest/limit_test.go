package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// limited is a door whose tenant has limits.
func limited(tb testing.TB, l tenant.Limits, change ...func(*Config)) *bundle {
	tb.Helper()
	return setup(tb, func(c *Config, r *tenant.Registration) {
		r.Limits = l
		for _, f := range change {
			f(c)
		}
	})
}

// batchOf is a batch of n messages.
func batchOf(n int) string {
	return `{"batch":[` + strings.TrimSuffix(strings.Repeat(`{"type":"track","event":"A","userId":"u"},`, n), ",") + `]}`
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := limited(t, tenant.Limits{Rate: 2, Burst: 10})
		w := b.post("/v1/batch", batchOf(7))
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, `"rate";q=10;qu="events";w=5`, w.Header().Get("RateLimit-Policy"))
		require.Equal(t, `"rate";r=3;t=4`, w.Header().Get("RateLimit"))
		require.Empty(t, w.Header().Get("Retry-After"))

		w = b.post("/v1/batch", batchOf(4), "Origin", "https://shop.example")
		p := problemOf(t, w, http.StatusTooManyRequests)
		require.Equal(t, "at most 2 events a second are taken, 10 at once, and 3 are left now", p.Detail)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, `"rate";r=3;t=4`, w.Header().Get("RateLimit"), "nothing was taken")
		for _, name := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
			require.Contains(t, strings.Split(w.Header().Get("Access-Control-Expose-Headers"), ", "), name)
		}
		require.Len(t, b.log.events(t), 7, "all of a request or nothing")

		time.Sleep(time.Second)
		require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(4)).Code, "the wait was the right one")
		require.Equal(t, http.StatusOK, b.post("/v1/track", event).Code)
		require.Equal(t, http.StatusTooManyRequests, b.post("/v1/track", event).Code)
		require.Equal(t, Counts{Refused: 2, Limited: 2}, b.Counts()[shop(t)])
		require.Equal(t, uint64(2), b.Counts()[shop(t)].Refused)

		time.Sleep(time.Hour)
		require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(2500)).Code, "more than the burst passes when the bucket is full")
		time.Sleep(20 * time.Minute)
		require.Equal(t, http.StatusTooManyRequests, b.post("/v1/track", event).Code, "and is paid for")
	})
}

func TestDayLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // begins at a midnight
		b := limited(t, tenant.Limits{Rate: 100, PerDay: 50})
		time.Sleep(20 * time.Hour)
		require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(49)).Code)
		w := b.post("/v1/batch", batchOf(2))
		p := problemOf(t, w, http.StatusTooManyRequests)
		require.Equal(t, "at most 50 events a day are taken, and 1 are left until midnight UTC", p.Detail)
		require.Equal(t, "14400", w.Header().Get("Retry-After"))
		require.Equal(t, `"rate";q=100;qu="events";w=1, "day";q=50;qu="events";w=86400`, w.Header().Get("RateLimit-Policy"))
		require.Equal(t, `"rate";r=51;t=1, "day";r=1;t=14400`, w.Header().Get("RateLimit"))
		require.Equal(t, http.StatusOK, b.post("/v1/track", event).Code)
		require.Equal(t, http.StatusTooManyRequests, b.post("/v1/track", event).Code)
		time.Sleep(4 * time.Hour)
		require.Equal(t, http.StatusOK, b.post("/v1/track", event).Code)
	})
}

// TestEveryWayInIsLimited uses up the limit and tries all that sends events.
func TestEveryWayInIsLimited(t *testing.T) {
	t.Parallel()
	b := limited(t, tenant.Limits{Rate: 0.001, Burst: 1})
	require.Equal(t, http.StatusOK, b.post("/v1/track", event).Code)
	withKey := `,"writeKey":"` + writeKey + `"}`
	for path, body := range map[string]string{
		"/v1/track": event, "/v1/p": `{"userId":"u"}`, "/v1/identify": `{"userId":"u"}`, "/v1/batch": batchOf(1), "/v1/b": batchOf(2),
	} {
		problemOf(t, b.post(path, body), http.StatusTooManyRequests)
		problemOf(t, b.do(http.MethodPost, path, strings.TrimSuffix(body, "}")+withKey), http.StatusTooManyRequests)
	}
	problemOf(t, b.do(http.MethodPost, "/v1/unlink", `{"anonymousId":"a","userId":"u"}`, "Authorization", "Bearer "+readKey), http.StatusTooManyRequests)
	w := b.do(http.MethodPost, "/e/", `{"token":"`+writeKey+`","event":"A","distinct_id":"u"}`)
	problemOf(t, w, http.StatusServiceUnavailable) // after which PostHog's SDKs come back
	require.NotEmpty(t, w.Header().Get("Retry-After"))

	var limit *LimitError
	require.ErrorAs(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Type: footfall.Track, Event: "A", UserID: "u"}), &limit)
	require.Equal(t, "rate", limit.Limit)
	require.Greater(t, limit.Wait, 10*time.Minute)
	require.False(t, footfall.IsPermanent(limit))
	require.Len(t, b.log.events(t), 1)

	w = b.do(http.MethodPost, "/v1/import?tenant=shop", `{"type":"track","event":"A","userId":"u","messageId":"1"}`, "Authorization", "Bearer "+adminKey)
	require.Equal(t, http.StatusOK, w.Code, "history is the operator's")
}

// TestLimitedIsNotRead refuses before the body is looked at.
func TestLimitedIsNotRead(t *testing.T) {
	t.Parallel()
	b := limited(t, tenant.Limits{Rate: 0.001, Burst: 1})
	require.Equal(t, http.StatusOK, b.post("/v1/track", event).Code)
	require.Equal(t, http.StatusTooManyRequests, b.post("/v1/batch", strings.Repeat("x", maxBody+1)).Code, "neither 413 nor 400")
}

// TestOutageGivesBack lets the log fail: what did not get in was not sent.
func TestOutageGivesBack(t *testing.T) {
	t.Parallel()
	b := limited(t, tenant.Limits{Rate: 0.001, Burst: 10, PerDay: 10})
	b.log.fail(errors.New("disk full"))
	for range 5 {
		require.Equal(t, http.StatusServiceUnavailable, b.post("/v1/batch", batchOf(10)).Code)
		require.Error(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Type: footfall.Track, Event: "A", UserID: "u"}))
	}
	b.log.fail(nil)
	require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(10)).Code)
	require.Equal(t, http.StatusTooManyRequests, b.post("/v1/track", event).Code)
}

// brokenLimiter cannot count.
type brokenLimiter struct{ tenant.Buckets }

func (*brokenLimiter) Take(context.Context, *tenant.Tenant, int) (tenant.Quota, error) {
	return tenant.Quota{Exceeded: tenant.RateWindow}, errors.New("no answer")
}

func TestBrokenLimiterLetsIn(t *testing.T) {
	t.Parallel()
	lines := &logLines{}
	b := limited(t, tenant.Limits{Rate: 1}, func(c *Config) { c.Limiter, c.Logger = &brokenLimiter{}, lines.logger() })
	for range 5 {
		require.Equal(t, http.StatusOK, b.post("/v1/track", event).Code)
	}
	require.Equal(t, []string{"ERROR limits cannot be kept, everything is let in"}, lines.all())
}

func TestPlanRejects(t *testing.T) {
	t.Parallel()
	var decision Decision
	b := limited(t, tenant.Limits{Rate: 0.001, Burst: 3}, func(c *Config) {
		c.Plan = func(_ context.Context, asked *tenant.Tenant, n int) Decision {
			require.Equal(t, shop(t), asked.ID)
			require.Equal(t, 3, n)
			return decision
		}
	})
	decision = Decision{Action: Reject}
	w := b.post("/v1/batch", batchOf(3))
	require.Equal(t, noReason, problemOf(t, w, http.StatusTooManyRequests).Detail)
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	decision = Decision{Action: Reject, Reason: "the trial has ended", Status: http.StatusForbidden}
	w = b.post("/v1/batch", batchOf(3))
	require.Equal(t, "the trial has ended", problemOf(t, w, http.StatusForbidden).Detail)
	require.Empty(t, w.Header().Get("Retry-After"))
	decision = Decision{}
	require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(3)).Code, "what the plan rejects the limits have not counted")
	require.Equal(t, Counts{Refused: 2, Limited: 2}, b.Counts()[shop(t)])
}

// TestPlanSamples keeps a share of the visitors: each of them with all that it
// does or with nothing, the same ones in every request, and names the others.
func TestPlanSamples(t *testing.T) {
	t.Parallel()
	rate := 0.25
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.Partitions = 4
		c.Plan = func(context.Context, *tenant.Tenant, int) Decision { return Decision{Action: Sample, Rate: rate} }
	})
	const visitors, perVisitor = 400, 5
	send := func() (kept map[string]int) {
		before := len(b.log.events(t))
		dropped := 0
		for round := range perVisitor {
			var items []string
			for v := range visitors {
				items = append(items, fmt.Sprintf(`{"type":"track","event":"A","anonymousId":"v%d","messageId":"m%d"}`, v, v))
			}
			if round == 0 {
				items = append(items, `{"type":"track"}`)
			}
			w := b.post("/v1/batch", `{"batch":[`+strings.Join(items, ",")+`]}`)
			require.Equal(t, http.StatusOK, w.Code)
			var answer struct {
				Accepted          int
				Rejected, Dropped []struct {
					Index     int
					MessageID string
				}
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
			require.Equal(t, len(items), answer.Accepted+len(answer.Rejected)+len(answer.Dropped))
			for _, d := range answer.Dropped {
				require.Equal(t, fmt.Sprint("m", d.Index), d.MessageID)
			}
			dropped += len(answer.Dropped)
		}
		kept = map[string]int{}
		for _, ev := range b.log.events(t)[before:] {
			kept[ev.AnonymousID]++
		}
		require.Equal(t, visitors*perVisitor, dropped+len(kept)*perVisitor)
		return kept
	}
	kept := send()
	require.InDelta(t, rate, float64(len(kept))/visitors, 0.08)
	for v, n := range kept {
		require.Equal(t, perVisitor, n, v)
	}
	rate = 0.5
	more := send()
	for v := range kept {
		require.Contains(t, more, v, "who is in at a rate is in at a higher one")
	}
	require.InDelta(t, rate, float64(len(more))/visitors, 0.1)
	rate = 0
	require.Empty(t, send())
	require.Equal(t, uint64(3*visitors*perVisitor-perVisitor*(len(kept)+len(more))), b.Counts()[shop(t)].Dropped)
	rate = 1
	require.Len(t, send(), visitors)
	rate = 0
	require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Type: footfall.Track, Event: "A", UserID: "u"}))
	require.JSONEq(t, `{"success":true,"accepted":0,"rejected":[],"dropped":[{"index":0,"messageId":""}]}`, b.post("/v1/track", event).Body.String())
}

// TestPlanParks sets everything aside: accepted and durable, in records that
// say why.
func TestPlanParks(t *testing.T) {
	t.Parallel()
	decision := Decision{Action: Park, Reason: strings.Repeat("ü", 400)}
	b := setup(t, func(c *Config, _ *tenant.Registration) {
		c.Partitions = 4
		c.Plan = func(context.Context, *tenant.Tenant, int) Decision { return decision }
	})
	parked := func() (n int, reason string) {
		for i := range b.log.records {
			h, err := record.ParseHeader(&b.log.records[i])
			require.NoError(t, err)
			if h.Kind == record.Parked {
				n, reason = n+int(b.log.records[i].Events), h.Reason
			}
		}
		return n, reason
	}
	w := b.post("/v1/batch", `{"batch":[{"type":"track","event":"A","anonymousId":"a"},{"type":"track","event":"B","anonymousId":"b"},{"type":"track"}]}`)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"accepted":2,`)
	require.Contains(t, w.Body.String(), `,"parked":2}`)
	n, reason := parked()
	require.Equal(t, 2, n)
	require.Equal(t, strings.Repeat("ü", 250), reason)
	require.Empty(t, b.log.events(t), "none of them is an ordinary event")
	require.NoError(t, b.Track(t.Context(), b.keys.Tenant(shop(t)), Message{Type: footfall.Track, Event: "A", UserID: "u"}))
	require.Equal(t, Counts{Refused: 1, Parked: 3}, b.Counts()[shop(t)])
	decision = Decision{}
	require.JSONEq(t, `{"success":true,"accepted":1,"rejected":[]}`, b.post("/v1/track", event).Body.String())
	n, _ = parked()
	require.Equal(t, 3, n)
	require.Len(t, b.log.events(t), 1)
}
