package parquet

import (
	"encoding/hex"

	"github.com/footfall-go/footfall"
)

// Row is an event as a file holds it. The four columns of the position name it;
// times are milliseconds, 0 if not given; the JSON columns are objects or empty.
type Row struct {
	Epoch       int32  `parquet:"epoch"`
	Partition   int32  `parquet:"partition"`
	Offset      int64  `parquet:"offset,delta"`
	Index       int32  `parquet:"index"`
	Tenant      string `parquet:"tenant,dict"`
	Type        string `parquet:"type,dict"`
	Event       string `parquet:"event,dict"`
	MessageID   string `parquet:"message_id"`
	Time        int64  `parquet:"time,timestamp(millisecond)"`
	Original    int64  `parquet:"original,timestamp(millisecond)"`
	Sent        int64  `parquet:"sent,timestamp(millisecond)"`
	Received    int64  `parquet:"received,timestamp(millisecond)"`
	AnonymousID string `parquet:"anonymous_id,dict"`
	UserID      string `parquet:"user_id,dict"`
	PreviousID  string `parquet:"previous_id,dict"`
	Visitor     string `parquet:"visitor,dict"` // hexadecimal
	User        string `parquet:"user,dict"`    // hexadecimal, empty if none
	Session     uint64 `parquet:"session"`      // 0 if it belongs to none
	Properties  string `parquet:"properties"`
	Context     string `parquet:"context,dict"`
	Derived     string `parquet:"derived,dict"`
}

func rowOf(ev *footfall.Event) Row {
	return Row{
		Epoch: int32(ev.Position.Epoch), Partition: int32(ev.Position.Partition),
		Offset: ev.Position.Offset, Index: int32(ev.Position.Index),
		Tenant: ev.Tenant.String(), Type: ev.Type.String(), Event: ev.Name, MessageID: ev.MessageID,
		Time: int64(ev.Time), Original: int64(ev.Original), Sent: int64(ev.Sent), Received: int64(ev.Received),
		AnonymousID: ev.AnonymousID, UserID: ev.UserID, PreviousID: ev.PreviousID,
		Visitor: id(ev.Visitor), User: id(ev.User), Session: ev.Session,
		Properties: ev.Properties, Context: ev.Context, Derived: ev.Derived,
	}
}

func id(id footfall.ID) string {
	if id.IsZero() {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// Position returns the event's name.
func (r *Row) Position() footfall.Position {
	return footfall.Position{Epoch: uint16(r.Epoch), Partition: uint16(r.Partition), Offset: r.Offset, Index: uint32(r.Index)}
}
