package stream

import "time"

// BelieveTheStore turns the read-back off: the control of the tests of faults.
func (r *Runner) BelieveTheStore() { r.readBack = false }

// Hurry makes a Runner wait less between tries; for benchmarks and tests that
// run in real time.
func (r *Runner) Hurry(d time.Duration) { r.settle, r.backoffMin, r.backoffMax = d, d, d }

// Settings returns the configuration with its defaults.
func (r *Runner) Settings() Config { return r.cfg }
