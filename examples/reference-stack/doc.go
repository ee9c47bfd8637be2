// Package referencestack is the reference deployment of Footfall. The binary
// is in cmd/footfall, its wiring in stack; here are the tests that drive the
// binary from outside, as its users do.
package referencestack
