package ingest

import (
	"net/http"
	"strings"

	"github.com/footfall-go/footfall"
)

// kind tells what a route does.
type kind uint8

const (
	unknown kind = iota
	single
	batch
	importing
	unlink
	settings
	sourceConfig // what RudderStack calls settings
	capturing    // PostHog's events
	flags        // what PostHog calls feature flags, of which there are none
	screenplay   // PostHog's recordings of screens, which are not kept
	remoteConfig // of posthog-js
)

type route struct {
	kind    kind
	message footfall.Type // of a single
	methods []string
	key     string // of settings and remoteConfig
}

var (
	post    = []string{http.MethodPost}
	get     = []string{http.MethodGet}
	getHead = []string{http.MethodGet, http.MethodHead}
	getPost = []string{http.MethodGet, http.MethodPost}
)

// routeOf finds a route by its path. A mux would do, but for requests with one
// event it costs as much as reading the event.
func routeOf(path string) route {
	name, ok := strings.CutPrefix(path, "/v1/")
	if !ok {
		if rudder := rudderRoute(path); rudder.kind != unknown {
			return rudder
		}
		return posthogRoute(path)
	}
	switch name {
	case "batch", "b":
		return route{kind: batch, methods: post}
	case "track", "t":
		return route{kind: single, message: footfall.Track, methods: post}
	case "page", "p":
		return route{kind: single, message: footfall.Page, methods: post}
	case "screen", "s":
		return route{kind: single, message: footfall.Screen, methods: post}
	case "identify", "i":
		return route{kind: single, message: footfall.Identify, methods: post}
	case "group", "g":
		return route{kind: single, message: footfall.Group, methods: post}
	case "alias", "a":
		return route{kind: single, message: footfall.Alias, methods: post}
	case "import":
		return route{kind: importing, methods: getPost}
	case "unlink":
		return route{kind: unlink, methods: post}
	}
	if key, ok := strings.CutPrefix(name, "projects/"); ok {
		if key, ok = strings.CutSuffix(key, "/settings"); ok && !strings.Contains(key, "/") {
			return route{kind: settings, methods: get, key: key}
		}
	}
	return route{}
}

func allow(methods []string) string { return strings.Join(methods, ", ") + ", OPTIONS" }

// messageType finds a message by the name it has on the wire.
func messageType(name []byte) footfall.Type {
	switch string(name) {
	case "track":
		return footfall.Track
	case "page":
		return footfall.Page
	case "screen":
		return footfall.Screen
	case "identify":
		return footfall.Identify
	case "group":
		return footfall.Group
	case "alias":
		return footfall.Alias
	}
	return 0
}
