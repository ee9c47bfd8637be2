package ingest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// headerKey finds the key outside the body: the user of HTTP Basic, a bearer
// token, or writeKey in the query, which is all a beacon can carry.
func headerKey(r *http.Request) string {
	if key := authorization(r); key != "" {
		return key
	}
	if strings.Contains(r.URL.RawQuery, "writeKey=") {
		return r.URL.Query().Get("writeKey") // also beside what cannot be read
	}
	return ""
}

func authorization(r *http.Request) string {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return ""
	}
	scheme, credential, _ := strings.Cut(header[0], " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return strings.TrimSpace(credential)
	case strings.EqualFold(scheme, "Basic"):
		// Some senders leave the padding out.
		text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(credential), "="))
		if err != nil {
			return ""
		}
		user, _, _ := strings.Cut(string(text), ":")
		return user
	}
	return ""
}

// authenticate asks who the sender is, and fills in default settings for
// authenticators that leave them out.
func (h *Handler) authenticate(r *http.Request, key string, want tenant.Access) (*tenant.Tenant, *problem.Problem) {
	t, err := h.config.Auth.Authenticate(r, key, want)
	switch {
	case err == nil && t != nil:
		t = complete(t)
		if p := h.dropped(t); p != nil {
			return t, p
		}
		if want == tenant.Send && !mayComeFrom(t, r) {
			return t, &problem.Problem{Status: http.StatusForbidden, Detail: originRefused(r)}
		}
		return t, nil
	case err == nil, errors.Is(err, tenant.ErrUnauthenticated):
		if _, unread := url.ParseQuery(r.URL.RawQuery); unread != nil && key == "" {
			// The key may be in there. Who escapes it wrongly is to hear that.
			return nil, invalid("", "no key, and the query string cannot be read", "the query string: "+unread.Error())
		}
		return nil, &problem.Problem{Status: http.StatusUnauthorized, Detail: "no key, or an unknown one"}
	case errors.Is(err, tenant.ErrForbidden):
		return nil, &problem.Problem{Status: http.StatusForbidden, Detail: "this key may not do that"}
	default:
		h.config.Logger.ErrorContext(r.Context(), "authenticate", "error", err)
		return nil, h.unavailable("keys cannot be checked now")
	}
}

// complete fills in default settings where they were left out.
func complete(t *tenant.Tenant) *tenant.Tenant {
	if t.SessionGap == 0 || t.SessionCap == 0 || t.DedupWindow == 0 || t.Caps.Events == 0 || t.Caps.Properties == 0 || t.Caps.Text == 0 {
		return &tenant.Tenant{ID: t.ID, Settings: t.WithDefaults()}
	}
	return t
}

func (h *Handler) unavailable(detail string) *problem.Problem {
	return &problem.Problem{Status: http.StatusServiceUnavailable, Detail: detail, RetryAfter: h.config.RetryAfter}
}

// imports reports whether the handler was given all that /v1/import needs.
func (h *Handler) imports() bool {
	return h.config.AdminKey != "" && h.config.Tenants != nil && h.config.Positions != nil
}

// admin checks the admin key and finds the tenant an import is for. A key that
// is good for something else is known, but not for this: 403.
func (h *Handler) admin(r *http.Request) (*tenant.Tenant, *problem.Problem) {
	key := authorization(r)
	given := sha256.Sum256([]byte(key))
	want := sha256.Sum256([]byte(h.config.AdminKey))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		if _, err := h.config.Auth.Authenticate(r, key, tenant.Ask); err == nil || errors.Is(err, tenant.ErrForbidden) {
			return nil, &problem.Problem{Status: http.StatusForbidden, Detail: "this route wants the admin key"}
		}
		return nil, &problem.Problem{Status: http.StatusUnauthorized, Detail: "the admin key is required as a bearer token"}
	}
	if p := problem.Parameters(r, "tenant", "name", "position"); p != nil {
		return nil, p
	}
	name := r.URL.Query().Get("tenant")
	id, err := tenant.ParseID(name)
	if err != nil {
		return nil, invalid("/tenant", "tenant is required", err.Error())
	}
	t := h.config.Tenants(id)
	if t == nil {
		return nil, &problem.Problem{Status: http.StatusNotFound, Detail: "no such tenant"}
	}
	if p := h.dropped(t); p != nil {
		return nil, p
	}
	return &tenant.Tenant{ID: t.ID, Settings: t.WithDefaults()}, nil
}

// invalid is a 400 about one parameter.
func invalid(path, detail, message string) *problem.Problem {
	return &problem.Problem{
		Title: "Invalid request", Status: http.StatusBadRequest, Detail: detail,
		Errors: []problem.Error{{Path: path, Code: "invalid", Message: message}},
	}
}
