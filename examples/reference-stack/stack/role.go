package stack

// role is which of Footfall's parts a process has. They are the same parts
// everywhere: up has all of them, and shares log and store with nobody.
type role struct {
	name      string
	listen    string // where it listens unless told otherwise
	door      bool   // takes events: /v1/ and the routes of other SDKs
	processor bool   // folds the log into the store, erases and expires
	answers   bool   // answers questions and serves the page, and has the operator's routes
}

// The roles.
var (
	roleUp      = role{name: "up", listen: "127.0.0.1:8080", door: true, processor: true, answers: true}
	roleDemo    = role{name: "demo", listen: "127.0.0.1:8080", door: true, processor: true, answers: true}
	roleIngest  = role{name: "ingest", listen: "127.0.0.1:8081", door: true}
	roleProcess = role{name: "process", listen: "127.0.0.1:8082", processor: true}
	roleQuery   = role{name: "query", listen: "127.0.0.1:8080", answers: true}
)

// beside reports whether log and store are elsewhere, and shared with others.
func (r role) beside() bool { return !r.door || !r.processor || !r.answers }
