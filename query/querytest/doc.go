// Package querytest says what the answers of package query must be.
//
// A [World] is what tenants have sent, in plain lists, and [World.Answer] is a
// slow and obvious way to an answer: it reads every event, follows every rule
// of the semantics word by word and shares no code with the compiler of
// statements. It is the oracle: an engine is right if it agrees.
//
// [Run] is the suite that an engine must pass. It plays scripts (see [Script])
// whose answers were written by hand, on the oracle and on the engine, and asks
// both generated questions about generated worlds. What they disagree on is
// made smaller while they still do, and printed as a script.
package querytest
