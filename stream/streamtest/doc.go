// Package streamtest helps to test what lies around a [stream.Log].
//
// [Run] is the suite that every Log must pass. [Memory] is a Log that lives in
// memory and fails on request; whatever reads or writes a log is tested on it.
package streamtest
