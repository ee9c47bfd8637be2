package stack

import (
	"net/http"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// route is one operation in the OpenAPI document.
type route struct {
	method, path string
	// key is who may: write, read, admin, or everybody.
	key     string
	summary string
	params  string // of the query; those with a ! are required
	body    any    // an object is a schema itself, anything else a value of the type
	media   string // of the body, defaults to application/json
	// examples are bodies by their names, in JSON.
	examples map[string]string
	status   int    // of success, defaults to 200
	answer   any    // likewise; nil for none, or one that is not JSON
	stream   string // the media type of an answer that has no end
	csv      bool
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// accepted is what the door answers.
type accepted struct {
	Status   string    `json:"status,omitempty"` // for PostHog's SDKs
	Success  bool      `json:"success"`
	Accepted int       `json:"accepted"`
	Rejected []refusal `json:"rejected"`
	Parked   int       `json:"parked,omitempty"`
	Dropped  []leftOut `json:"dropped,omitempty"`
}

type refusal struct {
	leftOut
	Code    ingest.Code `json:"code"`
	Message string      `json:"message"`
}

type leftOut struct {
	Index     int    `json:"index"`
	MessageID string `json:"messageId"`
}

// segmentBody is what is stored as a segment. It may have what an answer has:
// the ID is that of the path, Count and Updated are not looked at.
type segmentBody struct {
	ID      string        `json:"id,omitempty"`
	Name    string        `json:"name,omitempty"`
	Segment query.Segment `json:"segment"`
	Static  bool          `json:"static,omitempty"`
	Count   *uint64       `json:"count,omitempty"`
	Updated time.Time     `json:"updated,omitzero"`
}

type erasureRequest struct {
	Tenant tenant.ID `json:"tenant"`
	Person string    `json:"person"`
}

// kind is a kind of question and what its answers have.
type kind struct {
	question query.Query
	result   any
}

func kinds() []kind {
	return []kind{
		{&query.Trend{}, query.TrendResult{}},
		{&query.Funnel{}, query.FunnelResult{}},
		{&query.Retention{}, query.RetentionResult{}},
		{&query.SegmentSize{}, query.SegmentResult{}},
		{&query.Sessions{}, query.SessionsResult{}},
		{&query.Events{}, query.EventsResult{}},
		{&query.Persons{}, query.PersonsResult{}},
	}
}

// security says which keys open a route.
func security(key string) []any {
	one := func(name string) object { return object{name: []any{}} }
	switch key {
	case "write", "admin":
		return []any{one(key)}
	case "read":
		return []any{one("read"), one("cookie")}
	case "read or admin":
		return []any{one("read"), one("cookie"), one("admin")}
	}
	return []any{}
}

// described is every route of the server, for its OpenAPI document. A test holds
// it against the routes there are, and against what they answer.
func described() []route {
	// What SDKs send they know better than a schema could say: unknown members
	// are kept.
	anObject := object{"type": "object"}
	message, messages := anObject, object{
		"type": "object", "required": []any{"batch"}, "properties": object{"batch": object{"type": "array", "items": anObject}},
	}
	return []route{
		{method: "POST", path: "/v1/track", key: "write", summary: "Send a track message", body: message, examples: trackExamples, answer: accepted{}},
		{method: "POST", path: "/v1/t", key: "write", summary: "Send a track message", body: message, examples: trackExamples, answer: accepted{}},
		{method: "POST", path: "/v1/page", key: "write", summary: "Send a page message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/p", key: "write", summary: "Send a page message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/screen", key: "write", summary: "Send a screen message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/s", key: "write", summary: "Send a screen message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/identify", key: "write", summary: "Send an identify message", body: message, examples: identifyExamples, answer: accepted{}},
		{method: "POST", path: "/v1/i", key: "write", summary: "Send an identify message", body: message, examples: identifyExamples, answer: accepted{}},
		{method: "POST", path: "/v1/group", key: "write", summary: "Send a group message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/g", key: "write", summary: "Send a group message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/alias", key: "write", summary: "Send an alias message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/a", key: "write", summary: "Send an alias message", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/batch", key: "write", summary: "Send messages", body: messages, examples: batchExamples, answer: accepted{}},
		{method: "POST", path: "/v1/b", key: "write", summary: "Send messages", body: messages, examples: batchExamples, answer: accepted{}},
		{method: "GET", path: "/v1/projects/{key}/settings", summary: "What Segment's browser SDK loads", answer: anObject},
		{method: "POST", path: "/v1/unlink", key: "read", summary: "A visitor is no longer a user", body: message, answer: accepted{}},
		{method: "POST", path: "/v1/import", key: "admin", params: "tenant! name! position", summary: "Import messages, one a line", body: object{"type": "string"}, media: "application/x-ndjson", answer: accepted{}},
		{method: "GET", path: "/v1/import", key: "admin", params: "tenant! name!", summary: "How far an import has come", answer: struct {
			Position int64 `json:"position"`
		}{}},

		{method: "POST", path: "/api/v1/query", key: "read", summary: "Ask a question", body: ref("Query"), examples: questionExamples, answer: ref("Answer"), csv: true},
		{method: "GET", path: "/api/v1/catalog", key: "read", params: "q event limit", summary: "What can be asked for", answer: query.Catalog{}},
		{method: "GET", path: "/api/v1/live", key: "read", summary: "What happens, as Server-Sent Events", stream: "text/event-stream", answer: object{"type": "string"}},
		{method: "GET", path: "/api/v1/segments", key: "read", summary: "The stored segments", answer: struct {
			Segments []query.StoredSegment `json:"segments"`
		}{}},
		{method: "GET", path: "/api/v1/segments/{id}", key: "read", summary: "A stored segment", answer: query.StoredSegment{}},
		{method: "PUT", path: "/api/v1/segments/{id}", key: "read", summary: "Store a segment", body: segmentBody{}, examples: segmentExamples, answer: query.StoredSegment{}},
		{method: "DELETE", path: "/api/v1/segments/{id}", key: "read", summary: "Forget a segment", status: http.StatusNoContent},
		{method: "POST", path: "/api/v1/session", summary: "Log a browser in", status: http.StatusNoContent, body: struct {
			Key string `json:"key"`
		}{}},
		{method: "GET", path: "/api/v1/refused", key: "read or admin", params: "tenant", summary: "What the door did not take", answer: RefusedAnswer{}},
		{method: "GET", path: "/api/v1/trace", key: "read or admin", params: "tenant messageId!", summary: "Where a message is", answer: Trace{}},
		{method: "GET", path: "/api/v1/openapi.json", summary: "This document", answer: anObject},

		{method: "GET", path: "/api/v1/rejected", key: "admin", params: "tenant! reason messageId waiting limit cursor", summary: "What is in quarantine", answer: RejectedPage{}},
		{method: "POST", path: "/api/v1/rejected/replay", key: "admin", params: "tenant!", summary: "Bring events back from quarantine", body: ReplayRequest{}, examples: replayExamples, answer: ReplayAnswer{}},
		{method: "POST", path: "/api/v1/erasures", key: "admin", summary: "Erase a person", status: http.StatusAccepted, answer: keep.Receipt{}, body: erasureRequest{}, examples: erasureExamples},
		{method: "GET", path: "/api/v1/erasures", key: "admin", params: "tenant", summary: "The requests to erase that stand", answer: struct {
			Erasures []keep.Receipt `json:"erasures"`
		}{}},
		{method: "GET", path: "/api/v1/erasures/{name}", key: "admin", summary: "The receipt of a request to erase", answer: keep.Receipt{}},
		{method: "DELETE", path: "/api/v1/erasures/{name}", key: "admin", summary: "Lift a request to erase that is done", status: http.StatusNoContent},
		{method: "DELETE", path: "/api/v1/tenants/{id}", key: "admin", summary: "Erase all of a tenant", status: http.StatusAccepted, answer: keep.Receipt{}},
		{method: "POST", path: "/api/v1/maintain", key: "admin", summary: "Do the night's work", answer: keep.Report{}},
		{method: "GET", path: "/api/v1/taps", key: "admin", summary: "The taps and their lag", answer: TapsAnswer{}},
		{method: "DELETE", path: "/api/v1/taps/{name}", key: "admin", summary: "Forget the place of a tap", status: http.StatusNoContent},
		{method: "GET", path: "/api/v1/status", key: "admin", params: "tenant", summary: "How the server is", answer: Status{}},

		{method: "GET", path: "/sourceConfig", summary: "What RudderStack's browser SDK loads", params: "writeKey", answer: anObject},
		{method: "POST", path: "/beacon/v1/batch", key: "write", summary: "Beacons of RudderStack's browser SDK", body: messages, answer: accepted{}},
		{method: "POST", path: "/batch/", summary: "Events of PostHog's SDKs; the key is in the body", body: anObject, answer: accepted{}},
		{method: "POST", path: "/e/", summary: "Events of PostHog's SDKs", body: anObject, answer: accepted{}},
		{method: "POST", path: "/i/v0/e/", summary: "Events of PostHog's SDKs", body: anObject, answer: accepted{}},
		{method: "POST", path: "/capture/", summary: "Events of PostHog's SDKs", body: anObject, answer: accepted{}},
		{method: "POST", path: "/track/", summary: "Events of PostHog's SDKs", body: anObject, answer: accepted{}},
		{method: "POST", path: "/engage/", summary: "Events of PostHog's SDKs", body: anObject, answer: accepted{}},
		{method: "POST", path: "/flags/", summary: "PostHog's feature flags, of which there are none", answer: anObject},
		{method: "POST", path: "/decide/", summary: "PostHog's feature flags, of which there are none", answer: anObject},
		{method: "POST", path: "/s/", summary: "PostHog's recordings, which are not kept", answer: anObject},
		{method: "GET", path: "/array/{key}/config", summary: "What PostHog's browser SDK loads", answer: anObject},
		{method: "GET", path: "/array/{key}/config.js", summary: "What PostHog's browser SDK loads"},

		{method: "GET", path: "/healthz", summary: "Whether the process lives"},
		{method: "GET", path: "/readyz", summary: "Whether it takes events and answers questions", answer: struct {
			Ready  bool              `json:"ready"`
			Checks map[string]string `json:"checks"`
		}{}},
		{method: "GET", path: "/metrics", summary: "Metrics for Prometheus"},
	}
}
