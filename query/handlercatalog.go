package query

import (
	"net/http"
	"strconv"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

func (h *Handler) serveCatalog(w http.ResponseWriter, r *http.Request) {
	t, err := h.auth.Authenticate(r, bearer(r), tenant.Ask)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	if p := problem.Parameters(r, "event", "limit", "q"); p != nil {
		problem.Write(w, r, *p)
		return
	}
	asked := r.URL.Query()
	q := CatalogQuery{Search: asked.Get("q"), Event: asked.Get("event")}
	if text := asked.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 {
			q.Limit = -1 // which no limit is
		}
	}
	catalog, err := h.engine.Catalog(r.Context(), t, q)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	private(w)
	writeJSON(w, catalog)
}
