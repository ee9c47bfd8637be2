package envelope

import (
	"errors"
	"fmt"
)

// Padding is the room a body should have behind its end: [Decoder.Reset] puts
// zero bytes there, which no JSON contains, so that scanning needs no end check.
const Padding = 8

// MaxDepth is how deep an event may be nested, its own object included.
const MaxDepth = 32

// The ways in which a body is refused as a whole.
var (
	// ErrTooMany says that a batch has more messages than asked for.
	ErrTooMany = errors.New("too many messages in the batch")
	// ErrNotObject says that the body is JSON but no object.
	ErrNotObject = errors.New("the body is not a JSON object")
)

// SyntaxError tells where a body stops being JSON.
type SyntaxError struct{ Offset int }

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("no valid JSON at byte %d", e.Offset)
}

// Span is a place in a body, half-open. The zero Span is no place.
type Span struct{ Start, End uint32 }

// Message is where the values of one message stand in the body.
type Message struct {
	Raw     Span // the message itself
	Object  bool // false if it is some other JSON value
	TooDeep bool // nested deeper than MaxDepth
	NotUTF8 bool
	escaped uint64 // bit set of Fields: the string has escapes
	values  [fields]Span
}

// Len returns the size of the message as it was sent.
func (m *Message) Len() int { return int(m.Raw.End - m.Raw.Start) }

// Has reports whether the message has a value for a field, null not counted.
func (m *Message) Has(f Field) bool { return m.values[f].End != 0 }

// Null reports whether the value of a field is null.
func (m *Message) Null(f Field) bool { return m.values[f].End == 0 && m.values[f].Start != 0 }

// Envelope is a batch: its own fields and the messages in it.
type Envelope struct {
	Message
	Items []Message
}
