package query

import (
	"net/http"
	"strings"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

const segmentsPath = "/api/v1/segments"

// asker returns the tenant that a request may ask about, or answers why not.
func (h *Handler) asker(w http.ResponseWriter, r *http.Request) (*tenant.Tenant, bool) {
	t, err := h.auth.Authenticate(r, bearer(r), tenant.Ask)
	if err != nil {
		h.refuse(w, r, err)
		return nil, false
	}
	if p := problem.Parameters(r); p != nil {
		problem.Write(w, r, *p)
		return nil, false
	}
	return t, true
}

func (h *Handler) listSegments(w http.ResponseWriter, r *http.Request) {
	t, ok := h.asker(w, r)
	if !ok {
		return
	}
	list, err := h.engine.Segments(r.Context(), t)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	private(w)
	writeJSON(w, map[string]any{"segments": list})
}

// serveSegment serves the route of one segment. Whoever may ask may store a
// question, too: it shows nobody more than they see without it.
func (h *Handler) serveSegment(w http.ResponseWriter, r *http.Request) {
	t, ok := h.asker(w, r)
	if !ok {
		return
	}
	id := strings.TrimPrefix(r.URL.Path, segmentsPath+"/")
	var s *StoredSegment
	var err error
	switch r.Method {
	case http.MethodPut:
		body, ok := h.body(w, r)
		if !ok {
			return
		}
		var sent StoredSegment
		if sent, err = parseStored(id, body); err == nil {
			s, err = h.engine.PutSegment(r.Context(), t, sent)
		}
	case http.MethodDelete:
		if err = h.engine.DeleteSegment(r.Context(), t, id); err == nil {
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNoContent)
			return
		}
	default:
		s, err = h.engine.Segment(r.Context(), t, id)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	private(w)
	writeJSON(w, s)
}

// parseStored reads the body of a PUT: name, segment, static. What a GET answers
// may be sent back as it is: its id is that of the path, and what the members are
// is not for a client to say.
func parseStored(id string, body []byte) (StoredSegment, error) {
	root, wrong := parseTree(body)
	if wrong != nil {
		return StoredSegment{}, &InvalidError{[]Problem{*wrong}}
	}
	s := &storedSegment{StoredSegment: StoredSegment{ID: id}}
	var c checker
	c.decodeObject("", root, readers{
		"name": c.textTo(&s.Name), "static": c.boolTo(&s.Static),
		"segment": func(path string, n *node) { s.Segment = *c.decodeSegment(path, n, 1) },
		"id": func(path string, n *node) {
			var sent string
			if c.decodeText(path, n, &sent); sent != id && n.kind == '"' {
				c.fail(path, "conflict", "the id is %q in the path", clip(id))
			}
		},
		"count": func(string, *node) {}, "updated": func(string, *node) {},
	})
	// What could not be read is a mistake already.
	s.check(&c)
	c.problems = firstOfPath(c.problems)
	return s.StoredSegment, c.err()
}
