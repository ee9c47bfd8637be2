package keep

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// Handler answers the routes of requests, all of them for operators:
//
//	POST   /api/v1/erasures {"tenant":"shop","person":"user:ada"} → 202, the receipt as it is
//	GET    /api/v1/erasures?tenant=shop → {"erasures":[…]}, of all without a tenant
//	GET    /api/v1/erasures/{name} → the receipt
//	DELETE /api/v1/erasures/{name} → 204: the request no longer stands
//	DELETE /api/v1/tenants/{id} → 202, the receipt as it is
//	POST   /api/v1/maintain → 200, what the night's work did
type Handler struct {
	keeper *Keeper
	admin  func(http.ResponseWriter, *http.Request) bool
	mux    *http.ServeMux
}

// NewHandler returns a handler. admin reports whether a request may do this,
// and answers it if not.
func NewHandler(k *Keeper, admin func(http.ResponseWriter, *http.Request) bool) *Handler {
	h := &Handler{keeper: k, admin: admin, mux: http.NewServeMux()}
	h.mux.HandleFunc("POST /api/v1/erasures", h.erase)
	h.mux.HandleFunc("GET /api/v1/erasures", h.list)
	h.mux.HandleFunc("GET /api/v1/erasures/{name}", h.show)
	h.mux.HandleFunc("DELETE /api/v1/erasures/{name}", h.lift)
	h.mux.HandleFunc("DELETE /api/v1/tenants/{id}", h.drop)
	h.mux.HandleFunc("POST /api/v1/maintain", h.maintain)
	for path, methods := range map[string]string{
		"/api/v1/erasures": "GET, HEAD, POST", "/api/v1/erasures/{name}": "DELETE, GET, HEAD", "/api/v1/tenants/{id}": "DELETE", "/api/v1/maintain": "POST",
	} {
		h.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", methods)
			problem.Write(w, r, problem.Problem{Status: http.StatusMethodNotAllowed, Detail: "use " + methods})
		})
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "no such route"})
	})
	return h
}

// Patterns are those to mount the handler under.
func (h *Handler) Patterns() []string {
	return []string{"/api/v1/erasures", "/api/v1/erasures/", "/api/v1/tenants", "/api/v1/tenants/", "/api/v1/maintain"}
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.admin(w, r) {
		h.mux.ServeHTTP(w, r)
	}
}

// maxBody bounds a request's body.
const maxBody = 8 << 10

func (h *Handler) erase(w http.ResponseWriter, r *http.Request) {
	if !parameters(w, r) {
		return
	}
	var body struct {
		Tenant tenant.ID
		Person string
	}
	p := problem.Object(w, r, maxBody, map[string]any{"tenant": &body.Tenant, "person": &body.Person})
	if p == nil {
		var missing []problem.Error
		if body.Tenant == (tenant.ID{}) {
			missing = append(missing, problem.Error{Path: "/tenant", Code: "required", Message: "tenant is required"})
		}
		if body.Person == "" {
			missing = append(missing, problem.Error{Path: "/person", Code: "required", Message: "person is required: user:ID or visitor:ID"})
		}
		if missing != nil {
			p = problem.Invalid(missing...)
		}
	}
	if p != nil {
		problem.Write(w, r, *p)
		return
	}
	receipt, err := h.keeper.ErasePerson(r.Context(), body.Tenant, body.Person)
	h.accepted(w, r, &receipt, err)
}

func (h *Handler) drop(w http.ResponseWriter, r *http.Request) {
	if !parameters(w, r) {
		return
	}
	id, err := tenant.ParseID(r.PathValue("id"))
	if err != nil {
		fail(w, r, ErrUnknownTenant)
		return
	}
	receipt, err := h.keeper.DropTenant(r.Context(), id)
	h.accepted(w, r, &receipt, err)
}

// accepted answers that a request is written down, and where to look for it.
func (h *Handler) accepted(w http.ResponseWriter, r *http.Request, receipt *Receipt, err error) {
	if err != nil {
		fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/api/v1/erasures/"+receipt.Name)
	write(w, http.StatusAccepted, receipt)
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	if !parameters(w, r, "tenant") {
		return
	}
	var id tenant.ID
	if r.URL.Query().Has("tenant") {
		var err error
		if id, err = tenant.ParseID(r.URL.Query().Get("tenant")); err != nil {
			problem.Write(w, r, *problem.Invalid(problem.Error{Path: "/tenant", Code: "invalid", Message: err.Error()}))
			return
		}
	}
	all := h.keeper.Requests(id)
	if all == nil {
		all = []Receipt{}
	}
	write(w, http.StatusOK, map[string]any{"erasures": all})
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	if !parameters(w, r) {
		return
	}
	receipt, ok := h.keeper.Request(r.PathValue("name"))
	if !ok {
		fail(w, r, ErrNotFound)
		return
	}
	write(w, http.StatusOK, receipt)
}

func (h *Handler) lift(w http.ResponseWriter, r *http.Request) {
	if !parameters(w, r) {
		return
	}
	if err := h.keeper.Lift(r.Context(), r.PathValue("name")); err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) maintain(w http.ResponseWriter, r *http.Request) {
	if !parameters(w, r) {
		return
	}
	report, err := h.keeper.Maintain(r.Context(), time.Now())
	if err != nil {
		fail(w, r, err)
		return
	}
	write(w, http.StatusOK, report)
}

// fail answers with what went wrong. What is not the asker's mistake is the
// store's: it may say where it is, and is for the log.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problem.Problem{Status: http.StatusServiceUnavailable, Detail: "this cannot be done now; try again", RetryAfter: time.Second}
	switch {
	case errors.Is(err, ErrUnknownTenant), errors.Is(err, ErrNotFound):
		p = problem.Problem{Status: http.StatusNotFound, Detail: message(err)}
	case errors.Is(err, ErrPending):
		p = problem.Problem{Status: http.StatusConflict, Detail: message(err)}
	case errors.Is(err, ErrPerson):
		p = *problem.Invalid(problem.Error{Path: "/person", Code: "invalid", Message: message(err)})
	}
	problem.Write(w, r, p)
}

// parameters answers a request that has other parameters than its route.
func parameters(w http.ResponseWriter, r *http.Request, known ...string) bool {
	p := problem.Parameters(r, known...)
	if p != nil {
		problem.Write(w, r, *p)
	}
	return p == nil
}

func message(err error) string { return err.Error()[len("keep: "):] }

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone needs no answer
}
