package ingest

import (
	"slices"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// Code says why an event was refused. The list is closed.
type Code string

// The reasons for refusing an event.
const (
	InvalidJSON  Code = "invalid_json"   // no JSON, or not UTF-8
	TooLarge     Code = "too_large"      // over 32 KiB, or a name over 500 bytes
	TooDeep      Code = "too_deep"       // nested deeper than 32 levels
	UnknownType  Code = "unknown_type"   // type is not one of the six messages
	MissingID    Code = "missing_id"     // nobody the event could belong to
	IllegalID    Code = "illegal_id"     // a placeholder, or over 512 bytes
	MissingEvent Code = "missing_event"  // a track message without a name
	BadType      Code = "bad_type"       // a field has the wrong JSON type
	BadTimestamp Code = "bad_timestamp"  // no moment, or one before 1970 or after 2261
	TooFarAhead  Code = "too_far_ahead"  // more than 24 h after it was received
	TooOld       Code = "too_old"        // older than the tenant keeps events
	BadMessageID Code = "bad_message_id" // no text, or over 100 characters
	ReservedName Code = "reserved_name"  // a track message with a name that is ours
)

var codes = [...]Code{
	InvalidJSON, TooLarge, TooDeep, UnknownType, MissingID, IllegalID,
	MissingEvent, BadType, BadTimestamp, TooFarAhead, TooOld, BadMessageID, ReservedName,
}

// index returns the place of a code in codes.
func (c Code) index() int { return max(slices.Index(codes[:], c), 0) }

// The limits of the wire.
const (
	maxEvent     = 32 << 10  // bytes of one message as it was sent
	maxBody      = 500 << 10 // bytes of one request after decompression
	maxImport    = 16 << 20  // the same for an import
	maxMerged    = 4 << 20   // bytes of a request's messages, each with the shared context
	maxBatch     = 2500      // messages of a batch
	maxLines     = 50_000    // messages of an import
	maxMessageID = 100       // characters
	maxID        = 512       // bytes
	maxName      = 500       // bytes of an event's name
)

// refusal is why one message was refused; the zero value is "it was not".
type refusal struct {
	code    Code
	field   envelope.Field
	message string
}

func refuse(code Code, field envelope.Field, message string) refusal {
	return refusal{code, field, message}
}

// rejection is a refusal of one message of a request.
type rejection struct {
	refusal
	index     int
	messageID []byte // a view of the body
	event     []byte // likewise
}
