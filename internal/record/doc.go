// Package record is the form in which the events of one request travel through
// the log: what the door writes and the processor reads.
//
// A record holds the events of one request for one partition. Its header
// carries the tenant's settings that the fold needs, so that the fold looks
// nothing up. Texts stand as they came, JSON included: encoding is one copy
// from the request's body, decoding makes views of the record.
//
// The 128-bit ids are not in it. Carrying them would cost 32 bytes an event
// that no compression removes; hashing the text again costs 0.05 µs.
package record
