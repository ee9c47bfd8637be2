package ingest

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/ingest/internal/posthog"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// PostHogPaths are the paths that PostHog's SDKs use beside those below /v1/,
// as patterns of [http.ServeMux]. A product that takes their events mounts the
// handler there too:
//
//	for _, path := range ingest.PostHogPaths {
//		mux.Handle(path, door)
//	}
var PostHogPaths = []string{
	"/batch/", "/e/", "/i/v0/e/", "/capture/", "/track/", "/engage/", "/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage",
	"/flags/", "/decide/", "/flags", "/decide", "/array/", "/s/", "/s",
}

// posthogRoute finds the routes of PostHog's SDKs, with a slash at the end or
// without one.
func posthogRoute(path string) route {
	switch strings.TrimSuffix(path, "/") {
	case "/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage":
		return route{kind: capturing, methods: getPost}
	case "/flags", "/decide":
		return route{kind: flags, methods: getPost}
	case "/s":
		return route{kind: screenplay, methods: post}
	}
	if rest, ok := strings.CutPrefix(path, "/array/"); ok {
		if key, name, ok := strings.Cut(rest, "/"); ok && (name == "config" || name == "config.js") {
			return route{kind: remoteConfig, methods: get, key: key}
		}
	}
	return route{}
}

// capture serves the routes that take PostHog's events.
func (s *request) capture() int {
	query := s.r.URL.Query()
	s.origins = []int{} // an answer in PostHog's terms from here on
	if p := s.readCapture(); p != nil {
		return s.fail(*p)
	}
	body, err := posthog.Unwrap(s.body, query.Get("compression"))
	if err != nil {
		return s.fail(*badEnvelope("", InvalidJSON, err.Error()))
	}
	if e := sniff(body); e != plain {
		s.body = body
		if p := s.unreadBody(s.unpackHeld(e, maxBody), maxBody); p != nil {
			return s.fail(*p)
		}
		body = s.body
	}
	batch, err := posthog.Translate(body, maxBatch, sentBy(query), s.received.Time())
	if errors.Is(err, posthog.ErrTooMany) {
		err = envelope.ErrTooMany
	}
	if err != nil {
		return s.fail(*unreadable(err))
	}
	key := cmp.Or(headerKey(s.r), batch.Key, query.Get("token"), query.Get("api_key"))
	t, p := s.h.authenticate(s.r, key, tenant.Send)
	if s.tenant = t; p != nil {
		return s.fail(*p)
	}
	s.origins = batch.Source
	s.decoder.Reset(batch.Body)
	e := &s.envelope
	if err := s.decoder.Batch(e, 2*maxBatch); err != nil {
		return s.fail(*unreadable(err))
	}
	return s.messages(e)
}

// readCapture reads the body, or the query where the events are in that: old
// SDKs could be told to send by GET, and an image can do nothing else.
func (s *request) readCapture() *problem.Problem {
	query := s.r.URL.RawQuery
	if s.r.Method != http.MethodGet && !posthog.HasData(query) {
		return s.read(maxBody)
	}
	switch {
	case !posthog.HasData(query):
		return invalid("/data", "there are no events", "a GET has its events in the query, as data")
	case len(query) > maxBody:
		return s.tooLarge(maxBody)
	case !s.hold(baseCharge + len(query)):
		return s.crowded()
	}
	s.body = append(slices.Grow(s.body[:0], len(query)+envelope.Padding), query...)
	return nil
}

// sentBy reads when a request was sent from its query, where posthog-js puts
// it in milliseconds.
func sentBy(query url.Values) time.Time {
	for _, name := range []string{"sent_at", "_"} {
		if ms, err := strconv.ParseInt(query.Get(name), 10, 64); err == nil && ms >= secondsOrMillis {
			return time.UnixMilli(ms)
		}
	}
	return time.Time{}
}

// justOk is the answer where there is nothing to count.
const justOk = `{"status":"Ok"}` + "\n"

// noFlags says that there are no feature flags, no recordings, no surveys and
// nothing to click for: what the SDKs ask for and Footfall does not do.
const noFlags = `{"flags":{},"featureFlags":{},"featureFlagPayloads":{},"errorsWhileComputingFlags":false,"requestId":"",` +
	`"sessionRecording":false,"supportedCompression":["gzip","gzip-js"],"config":{"enable_collect_everything":true},` +
	`"toolbarParams":{},"isAuthenticated":false,"siteApps":[],"capturePerformance":false,"autocapture_opt_out":false,` +
	`"autocaptureExceptions":false,"surveys":false,"heatmaps":false,"quotaLimited":[]}` + "\n"

func serveJSON(w http.ResponseWriter, body string) int {
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write([]byte(body))
	return http.StatusOK
}

// remoteConfig serves what posthog-js loads before it starts, as JSON and as a
// script.
func (h *Handler) remoteConfig(w http.ResponseWriter, r *http.Request, key string) int {
	if t, p := h.authenticate(r, key, tenant.Send); p != nil {
		return h.failSettings(w, r, t, p)
	}
	token := string(appendQuoted(nil, key))
	config := `{"token":` + token + `,"supportedCompression":["gzip","gzip-js"],"hasFeatureFlags":false,"captureDeadClicks":false,` +
		`"capturePerformance":false,"autocapture_opt_out":false,"autocaptureExceptions":false,"analytics":{"endpoint":"/i/v0/e/"},` +
		`"elementsChainAsString":true,"errorTracking":{"autocaptureExceptions":false,"suppressionRules":[]},"sessionRecording":false,` +
		`"heatmaps":false,"surveys":false,"defaultIdentifiedOnly":true,"siteApps":[]}`
	if !strings.HasSuffix(r.URL.Path, ".js") {
		return serveJSON(w, config+"\n")
	}
	w.Header()["Content-Type"] = []string{"text/javascript; charset=utf-8"}
	_, _ = w.Write([]byte("(function(){window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};window._POSTHOG_REMOTE_CONFIG[" +
		token + "]={config:" + config + ",siteApps:[]};})();\n"))
	return http.StatusOK
}

// retryable turns an answer that a browser should come back after into one
// after which posthog-js does: it gives up on every status from 400 to 499,
// 429 included.
func retryable(p problem.Problem) problem.Problem {
	if p.Status == http.StatusTooManyRequests {
		p.Status = http.StatusServiceUnavailable
	}
	return p
}
