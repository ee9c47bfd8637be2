package ingest

import (
	"net/http"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// settings serves what browser SDKs load before they send: no integrations but
// the door itself, no plan, no metrics of their own.
func (h *Handler) settings(w http.ResponseWriter, r *http.Request, key string) int {
	if t, p := h.authenticate(r, key, tenant.Send); p != nil {
		return h.failSettings(w, r, t, p)
	}
	b := append([]byte(`{"integrations":{"Segment.io":{"apiKey":`), appendQuoted(nil, key)...)
	b = append(b, `,"unbundledIntegrations":[],"addBundledMetadata":true}},"plan":{"track":{"__default":{"enabled":true,"integrations":{}}}},`+
		`"enabledMiddleware":{},"metrics":{"sampleRate":0},"legacyVideoPluginsEnabled":false,"remotePlugins":[]}`+"\n"...)
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(b)
	return http.StatusOK
}

// failSettings refuses an SDK its settings. It sends nothing without them, so
// that this is why its events are missing.
func (h *Handler) failSettings(w http.ResponseWriter, r *http.Request, t *tenant.Tenant, p *problem.Problem) int {
	h.noteRefused(r, t, p)
	return h.fail(w, r, *p)
}
