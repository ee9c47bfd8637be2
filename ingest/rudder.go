package ingest

import (
	"net/http"
	"strings"

	"github.com/footfall-go/footfall/tenant"
)

// RudderPaths are the paths that RudderStack's SDKs use beside those below
// /v1/, as patterns of [http.ServeMux]: what a source looks like, which they
// ask of the URL they are given for the control plane, and beacons. A product
// that uses those SDKs mounts the handler there too.
var RudderPaths = []string{"/sourceConfig", "/sourceConfig/", "/beacon/v1/batch"}

// rudderRoute finds the routes of RudderStack's SDKs.
func rudderRoute(path string) route {
	switch path {
	case "/sourceConfig", "/sourceConfig/":
		return route{kind: sourceConfig, methods: getHead}
	case "/beacon/v1/batch":
		return route{kind: batch, methods: post}
	}
	return route{}
}

// sourceConfig serves what RudderStack's SDKs load before they send: a source
// that is enabled, sends to nobody else, and reports nothing about itself. A
// HEAD finds out whether something in the browser blocks the path, and has no
// key in its query.
func (h *Handler) sourceConfig(w http.ResponseWriter, r *http.Request) int {
	if r.Method == http.MethodHead {
		w.Header()["Content-Type"] = jsonType
		w.WriteHeader(http.StatusOK)
		return http.StatusOK
	}
	key := headerKey(r)
	t, p := h.authenticate(r, key, tenant.Send)
	if p != nil {
		return h.failSettings(w, r, t, p)
	}
	id := string(appendQuoted(nil, t.ID.String()))
	return serveJSON(w, strings.NewReplacer("ID", id, "KEY", string(appendQuoted(nil, key))).Replace(
		`{"source":{"id":ID,"name":ID,"writeKey":KEY,"enabled":true,"workspaceId":ID,"destinations":[],`+
			`"config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}}}}`+"\n"))
}
