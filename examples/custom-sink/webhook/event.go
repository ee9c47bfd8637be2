package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/footfall-go/footfall"
)

// Event is a line of a request.
type Event struct {
	// Position names the event: [epoch, partition, offset, index]. It ascends
	// within a partition, and a repetition has that of the first.
	Position    [4]int64        `json:"position"`
	Tenant      string          `json:"tenant"`
	Type        string          `json:"type"`
	Event       string          `json:"event"`
	MessageID   string          `json:"messageId"`
	Timestamp   time.Time       `json:"timestamp"`
	ReceivedAt  time.Time       `json:"receivedAt"`
	AnonymousID string          `json:"anonymousId,omitempty"`
	UserID      string          `json:"userId,omitempty"`
	PreviousID  string          `json:"previousId,omitempty"`
	Visitor     string          `json:"visitor"`        // hexadecimal, as erasures name it
	User        string          `json:"user,omitempty"` // likewise
	Session     string          `json:"session,omitempty"`
	Properties  json.RawMessage `json:"properties,omitempty"`
	Context     json.RawMessage `json:"context,omitempty"`
	Derived     json.RawMessage `json:"derived,omitempty"`
}

// encode writes a line for each event. It copies what it takes, because the
// events' memory is not the sink's.
func encode(events []footfall.Event) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	for i := range events {
		ev := &events[i]
		line := Event{
			Position: place(ev.Position), Visitor: ev.Visitor.String(),
			Tenant: ev.Tenant.String(), Type: ev.Type.String(), Event: ev.Name, MessageID: ev.MessageID,
			Timestamp: ev.Time.Time(), ReceivedAt: ev.Received.Time(),
			AnonymousID: ev.AnonymousID, UserID: ev.UserID, PreviousID: ev.PreviousID,
			Properties: raw(ev.Properties), Context: raw(ev.Context), Derived: raw(ev.Derived),
		}
		if !ev.User.IsZero() {
			line.User = ev.User.String()
		}
		if ev.Session != 0 {
			line.Session = strconv.FormatUint(ev.Session, 16)
		}
		if err := out.Encode(&line); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func place(p footfall.Position) [4]int64 {
	return [4]int64{int64(p.Epoch), int64(p.Partition), p.Offset, int64(p.Index)}
}

func raw(object string) json.RawMessage {
	if object == "" {
		return nil
	}
	return json.RawMessage(object)
}

// idOf names a batch by its first and last position.
func idOf(events []footfall.Event) string {
	first, last := events[0].Position, events[len(events)-1].Position
	return fmt.Sprintf("%d-%d-%d.%d-%d.%d", first.Epoch, first.Partition, first.Offset, first.Index, last.Offset, last.Index)
}
