// Package footfall is the vocabulary of Footfall, product analytics as Go
// packages: the [Event] and what it becomes, the [Sink] that takes events, the
// [Store] that keeps them, the [Record] that carries them through a log.
package footfall
