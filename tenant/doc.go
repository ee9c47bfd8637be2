// Package tenant says who an event or a question belongs to.
//
// An [ID] is an argument of every call that touches data, so that forgetting
// it does not compile. A [Tenant] adds the [Settings] that change what numbers
// mean (time zone, session rules, de-duplication window, retention), what is
// kept of addresses ([IPPolicy]), what is secret ([Redact]), and how many names
// are looked up ([Caps]).
//
// Two kinds of keys open the two doors. A write key (wk_…) is public: it sits
// in web pages and may only send. A read key (rk_…) is secret and may only
// ask; [Keys] keeps its SHA-256 and never the key. Products that know their
// users already replace all of it by their own [Authenticator].
//
// [Limits] bound what a tenant sends: a rate with a burst, and a number a day.
// [Buckets] keeps to them within one process, package tenant/redis across several.
package tenant
