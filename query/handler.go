package query

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// Handler answers questions over HTTP: POST /api/v1/query; GET /api/v1/catalog,
// what they can be about; POST /api/v1/session, which logs a browser in; with
// Config.Segments PUT, GET and DELETE /api/v1/segments/{id} and GET
// /api/v1/segments; and with Config.Live GET /api/v1/live, for whoever may ask.
// Mount it at /api/v1/.
type Handler struct {
	engine *Engine
	config Config
	auth   tenant.Authenticator
	rooms  *rooms
}

// New returns a Handler over an [Engine] of its own.
func New(config Config) (*Handler, error) {
	engine, err := NewEngine(config)
	if config.Auth == nil && config.Cookies == nil {
		err = errors.Join(err, errors.New("query: Config.Auth or Config.Cookies is required"))
	}
	if err != nil {
		return nil, err
	}
	h := &Handler{engine: engine, config: engine.config, auth: config.Auth, rooms: newRooms(engine, engine.config.LiveClients)}
	if config.Cookies != nil {
		h.auth = config.Cookies
	}
	return h, nil
}

// Engine returns the engine behind the handler.
func (h *Handler) Engine() *Engine { return h.engine }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var serve http.HandlerFunc
	allowed := []string{http.MethodPost}
	switch {
	case h.config.Segments != nil && r.URL.Path == segmentsPath:
		serve, allowed = h.listSegments, []string{http.MethodGet, http.MethodHead}
	case h.config.Segments != nil && strings.HasPrefix(r.URL.Path, segmentsPath+"/"):
		serve, allowed = h.serveSegment, []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPut}
	case r.URL.Path == "/api/v1/query":
		serve = h.serveQuery
	case r.URL.Path == "/api/v1/catalog":
		serve, allowed = h.serveCatalog, []string{http.MethodGet}
	case r.URL.Path == "/api/v1/live" && h.config.Live != nil:
		serve, allowed = h.serveLive, []string{http.MethodGet}
	case r.URL.Path == "/api/v1/session" && h.config.Cookies != nil:
		serve = h.serveSession
	default:
		problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"})
		return
	}
	if !slices.Contains(allowed, r.Method) {
		methods := strings.Join(allowed, ", ")
		w.Header().Set("Allow", methods)
		problem.Write(w, r, problem.Problem{Status: http.StatusMethodNotAllowed, Detail: "only " + methods + " is allowed here"})
		return
	}
	serve(w, r)
}

func (h *Handler) serveQuery(w http.ResponseWriter, r *http.Request) {
	t, err := h.auth.Authenticate(r, bearer(r), tenant.Ask)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	body, ok := h.body(w, r)
	if !ok {
		return
	}
	q, err := Parse(body)
	var answer *Answer
	if err == nil {
		answer, err = h.engine.Run(r.Context(), t, q)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	private(w)
	if wantsCSV(r) {
		if table := answer.table(); table != nil {
			if next := answer.next(); next != nil {
				w.Header().Set("X-Next-Cursor", *next) // a table has no room for it
			}
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			writeCSV(w, table)
			return
		}
	}
	writeJSON(w, answer)
}

// private keeps caches between us and the asker from keeping the answer.
func private(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Vary", "Accept, Authorization, Cookie")
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a client that has gone needs no answer
}

// serveSession trades a read key for a cookie.
func (h *Handler) serveSession(w http.ResponseWriter, r *http.Request) {
	body, ok := h.body(w, r)
	if !ok {
		return
	}
	root, wrong := parseTree(body)
	var c checker
	var key string
	if wrong != nil {
		c.problems = []Problem{*wrong}
	} else {
		c.decodeObject("", root, map[string]func(string, *node){
			"key": func(path string, n *node) { c.decodeText(path, n, &key) },
		})
		if key == "" {
			c.fail("/key", "required", "key is required")
		}
	}
	c.problems = firstOfPath(c.problems)
	if err := c.err(); err != nil {
		h.fail(w, r, err)
		return
	}
	t, err := h.auth.Authenticate(r, key, tenant.Ask)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	cookie := h.config.Cookies.Issue(t)
	cookie.Secure = cookie.Secure || r.TLS != nil
	http.SetCookie(w, cookie)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// body reads a JSON body, or answers why it cannot. What is asked stands there
// and not in the address.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if p := problem.Parameters(r); p != nil {
		problem.Write(w, r, *p)
		return nil, false
	}
	if sent := r.Header.Get("Content-Type"); sent != "" {
		// A form of another site could send anything else without a preflight.
		if media, _, err := mime.ParseMediaType(sent); err != nil || media != "application/json" {
			problem.Write(w, r, problem.Problem{Status: http.StatusUnsupportedMediaType, Detail: "the body is application/json"})
			return nil, false
		}
	} else if r.Header.Get("Origin") != "" {
		problem.Write(w, r, problem.Problem{Status: http.StatusUnsupportedMediaType, Detail: "a Content-Type of application/json is required"})
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		problem.Write(w, r, problem.Problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is too large"})
		return nil, false
	case err != nil:
		problem.Write(w, r, problem.Problem{Status: http.StatusBadRequest, Detail: "the body could not be read"})
		return nil, false
	}
	return body, true
}

// refuse answers a request whose credential failed.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, tenant.ErrUnauthenticated):
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem.Write(w, r, problem.Problem{Status: http.StatusUnauthorized, Detail: "a read key is required"})
	case errors.Is(err, tenant.ErrForbidden):
		problem.Write(w, r, problem.Problem{Status: http.StatusForbidden, Detail: "this key may not ask"})
	default:
		h.log(w, r, err)
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: "keys cannot be checked right now", RetryAfter: time.Second})
	}
}

// fail answers a question that was not answered.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var invalid *InvalidError
	p := problem.Problem{}
	switch {
	case errors.As(err, &invalid):
		p = problem.Problem{Title: "Invalid query", Status: http.StatusBadRequest, Detail: invalid.Problems[0].Message}
		for _, wrong := range invalid.Problems {
			p.Errors = append(p.Errors, problem.Error{Path: wrong.Path, Code: wrong.Code, Message: wrong.Message})
		}
	case errors.Is(err, ErrNoSegment):
		p = problem.Problem{Status: http.StatusNotFound, Detail: "there is no such segment"}
	case errors.Is(err, ErrTimeout):
		p = problem.Problem{Title: "Out of time", Status: http.StatusGatewayTimeout, Detail: "the answer was not found in the time a question has; ask about less"}
	case errors.Is(err, ErrLimit):
		p = problem.Problem{Title: "Too much", Status: http.StatusUnprocessableEntity, Detail: "the answer takes more rows or memory than a question may use; ask about less"}
	case errors.Is(err, ErrBusy):
		p = problem.Problem{Status: http.StatusTooManyRequests, Detail: "too many questions are asked at once; ask again", RetryAfter: time.Second}
	case r.Context().Err() != nil || errors.Is(err, context.Canceled):
		return // nobody listens
	case errors.Is(err, ErrUnavailable):
		h.log(w, r, err)
		p = problem.Problem{Status: http.StatusServiceUnavailable, Detail: "the store cannot be reached right now", RetryAfter: time.Second}
	default:
		h.log(w, r, err)
		p = problem.Problem{Status: http.StatusInternalServerError, Detail: "the question could not be answered"}
	}
	problem.Write(w, r, p)
}

func (h *Handler) log(w http.ResponseWriter, r *http.Request, err error) {
	h.config.Logger.LogAttrs(r.Context(), slog.LevelError, "answer a question",
		slog.String("request", problem.RequestID(w, r)), slog.Any("error", err))
}

// bearer returns the key of a request, "" if it has none.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
