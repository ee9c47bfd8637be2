package ingest

import (
	"strconv"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

const (
	second = footfall.Millis(1000)
	minute = 60 * second
	hour   = 60 * minute

	clockSlack = 5 * minute // a clock that is ahead by less is left alone
	maxAhead   = 24 * hour  // after correction
)

// The moments the store can hold, half-open. The first millisecond of 1970 is
// never meant.
const firstMoment = footfall.Millis(1)

var endOfTime = footfall.MillisOf(time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC))

// secondsOrMillis separates the two: an integer below it is taken for seconds,
// which the wire does not have, or for 1973.
const secondsOrMillis = 100_000_000_000

// moment reads a field that is a time; ok is false if there is one that cannot
// be read.
func (s *request) moment(m *envelope.Message, f envelope.Field) (at footfall.Millis, ok bool) {
	switch s.decoder.Kind(m, f) {
	case envelope.Absent:
		return 0, true
	case envelope.String:
		millis, ok := envelope.ParseTime(s.decoder.Text(m, f))
		at = footfall.Millis(millis)
		return at, ok && at >= firstMoment && at < endOfTime
	case envelope.Number:
		millis, err := strconv.ParseInt(string(s.decoder.Raw(m, f)), 10, 64)
		at = footfall.Millis(millis)
		return at, err == nil && at >= secondsOrMillis && at < endOfTime
	}
	return 0, false
}

// sentAt returns when a message or an envelope says it was sent, 0 if it does
// not say anything of use.
func (s *request) sentAt(m *envelope.Message) footfall.Millis {
	if at, ok := s.moment(m, envelope.SentAt); ok {
		return at
	}
	return 0
}

// earliestSent is the sentAt of a batch whose envelope has none. Some SDKs
// stamp each message when it is made; the earliest is the one that a single
// message with a wild time cannot move.
func (s *request) earliestSent(items []envelope.Message) (earliest footfall.Millis) {
	for i := range items {
		if at := s.sentAt(&items[i]); at != 0 && (earliest == 0 || at < earliest) {
			earliest = at
		}
	}
	return earliest
}

// ahead returns by how much a sender's clock is to be corrected: not at all
// unless it is ahead by more than any delay of ours. A clock behind looks like
// a message that took long, and is left alone. One shift for a whole request
// keeps its events in their order and distance.
func (s *request) ahead(sent footfall.Millis) footfall.Millis {
	skew := sent - s.received
	if sent == 0 || skew <= clockSlack {
		return 0
	}
	return (skew + minute/2) / minute * minute
}

// times fills in the times of the event and holds them to the bounds.
func (s *request) times(m *envelope.Message) refusal {
	ev := &s.event
	ev.Time, ev.Sent = s.received, s.sent
	if m.Has(envelope.SentAt) {
		if at := s.sentAt(m); at != 0 {
			ev.Sent = at
		}
	}
	f := envelope.Timestamp
	if !m.Has(f) {
		if f = envelope.OriginalTimestamp; !m.Has(f) {
			return refusal{}
		}
	}
	at, ok := s.moment(m, f)
	ev.Original, ev.Time = at, at-s.shift
	switch {
	case !ok || ev.Time < firstMoment:
		return refuse(BadTimestamp, f, f.String()+" must be an RFC 3339 time or milliseconds since 1970, from 1970 to 2261")
	case ev.Time > s.received+maxAhead:
		return refuse(TooFarAhead, f, f.String()+" is more than 24 h ahead")
	}
	if keep := footfall.Millis(s.tenant.Retention.Milliseconds()); keep > 0 && ev.Time < s.received-keep {
		return refuse(TooOld, f, f.String()+" is older than events are kept")
	}
	return refusal{}
}
