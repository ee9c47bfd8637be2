// Package envelope reads the JSON that senders post: one message, or a batch of
// them in an envelope.
//
// It knows the few names of the wire format and makes one pass. What it finds
// are places in the body, not copies: a [Message] holds no pointers, and values
// that are kept as JSON are never decoded. Everything is validated all the
// same, to the letter of RFC 8259, since what was accepted once is read by
// stricter programs later. Where a name is repeated its last value counts, as
// in encoding/json.
package envelope
