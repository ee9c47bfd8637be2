// Package referencestack is the reference deployment of Footfall. The binary
// is in cmd/footfall, its wiring in stack; here are the tests that drive the
// binary from outside, as its users do.
//
// # The SDKs
//
// TestSDKs runs the client libraries that products use, unchanged, against a
// started binary: over a line that works, over one that answers 503 and 429
// before and behind the server, so that an SDK really sends its events twice,
// and with an event that is refused. Each scenario has a tenant of its own, a
// proxy of its own (sdk_proxy_test.go) and is counted through the query API and
// the ledger. To add one:
//
//   - A JavaScript SDK is pinned in testdata/sdk/package.json: npm install there
//     with --save-exact, and keep package-lock.json. The folder is called
//     testdata so that the go command does not look into node_modules.
//   - Write what its user would write, next to segment-node.cjs: a script that
//     gets a plan (struct plan) as its argument and prints what went wrong, by
//     means of plan.cjs. It sends plan.count track messages named Tick with the
//     property n, then one of each other message; or, with plan.bad, one track
//     message named Bad of the user "undefined". It ends when the SDK has
//     nothing on the way any more.
//   - An SDK for browsers gets a page instead, next to segment.html, with three
//     functions: start loads it, send makes all calls but the last tick and
//     returns how many, leave makes the last one; tell(text) says what its user
//     is told. browser.cjs opens the page in Chromium and goes on from it while
//     that last event is on its way.
//   - Add a line to sdks in sdk_test.go: its name, the events besides the ticks
//     by their names in queries, and a text of what its user is told of a 400.
//
// make sdks installs them; make test does so by itself.
package referencestack
