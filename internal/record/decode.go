package record

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// AppendEvents appends the events of a record to dst. Their strings are views
// of rec.Value, which must not change any more. Positions and ids are filled
// in; sessions are not.
func AppendEvents(dst []footfall.Event, rec *footfall.Record, h *Header) ([]footfall.Event, error) {
	if h.Kind != Events && h.Kind != Parked {
		return dst, fmt.Errorf("%w: offset %d holds no events", ErrCorrupt, rec.Offset)
	}
	dst, _, err := decode(dst, nil, rec, h)
	return dst, err
}

// AppendReplay appends the events of a record of the kind [Replay] to dst, and
// to returns what is said of each beside. Sessions are filled in of those whose
// session is known.
func AppendReplay(dst []footfall.Event, returns []Return, rec *footfall.Record, h *Header) ([]footfall.Event, []Return, error) {
	if h.Kind != Replay {
		return dst, returns, fmt.Errorf("%w: offset %d is no replay", ErrCorrupt, rec.Offset)
	}
	return decode(dst, returns, rec, h)
}

func decode(dst []footfall.Event, returns []Return, rec *footfall.Record, h *Header) ([]footfall.Event, []Return, error) {
	r := reader{text: unsafe.String(unsafe.SliceData(rec.Value), len(rec.Value))}
	var last footfall.Event
	for i := range rec.Events {
		dst = append(dst, footfall.Event{})
		ev := &dst[len(dst)-1]
		if h.Kind == Replay {
			var back Return
			back, ev.Received = r.back(h)
			ev.Session = back.Session
			returns = append(returns, back)
		}
		r.event(ev, &last, h)
		if r.bad {
			return dst[:len(dst)-1], returns, fmt.Errorf("%w: event %d of offset %d", ErrCorrupt, i, rec.Offset)
		}
		ev.Position = footfall.Position{Epoch: rec.Epoch, Partition: rec.Partition, Offset: rec.Offset, Index: i}
		last.AnonymousID, last.UserID, last.Context = ev.AnonymousID, ev.UserID, ev.Context
		if ev.AnonymousID != "" && ev.Type != footfall.Alias {
			last.Visitor = ev.Visitor
		}
		last.User = ev.User
	}
	if r.text != "" {
		return dst, returns, fmt.Errorf("%w: %d bytes after the last event of offset %d", ErrCorrupt, len(r.text), rec.Offset)
	}
	return dst, returns, nil
}

// reader takes values off the front of a text. After the first violation bad
// is set and every value is zero.
type reader struct {
	text string
	bad  bool
}

func (r *reader) event(ev, last *footfall.Event, h *Header) {
	if len(r.text) < 2 {
		r.bad = true
		return
	}
	flags := r.text[1]
	ev.Type, ev.Marks = footfall.Type(r.text[0]&typeMask), footfall.Marks(r.text[0]>>markShift)
	r.text = r.text[2:]
	if ev.Marks&tagged != 0 {
		tag := r.uvarint()
		r.bad = r.bad || tag > math.MaxUint32 || ev.Marks&tagged == tagged
		ev.Tag = uint32(tag)
	}
	ev.Tenant, ev.Silo = h.Tenant, h.Silo
	if ev.Received == 0 { // else it came earlier than its record
		ev.Received = h.Received
	}
	ev.Name = r.string()
	ev.MessageID = r.string()
	ev.Time = h.Received + r.millis()
	if flags&hasOriginal != 0 {
		ev.Original = ev.Time + r.millis()
	}
	if flags&hasSent != 0 {
		ev.Sent = h.Received + r.millis()
	}
	if flags&sameAnonymous != 0 {
		ev.AnonymousID = last.AnonymousID
	} else {
		ev.AnonymousID = r.string()
	}
	if flags&sameUser != 0 {
		ev.UserID = last.UserID
	} else {
		ev.UserID = r.string()
	}
	if flags&hasPrevious != 0 {
		ev.PreviousID = r.string()
	}
	ev.Properties = r.string()
	ev.Derived = r.string()
	if flags&sameContext != 0 {
		ev.Context = last.Context
	} else {
		ev.Context = r.string()
	}
	if r.bad || ev.Type < footfall.Track || ev.Type > footfall.Alias || ev.Marks&^allMarks != 0 {
		r.bad = true
		return
	}
	r.ids(ev, last, h, flags)
}

// ids fills in the hashes, and hashes a text that repeats only once.
func (r *reader) ids(ev, last *footfall.Event, h *Header, flags byte) {
	if ev.UserID != "" {
		ev.User = last.User
		if flags&sameUser == 0 {
			ev.User = schema.UserID(h.Tenant, ev.UserID)
		}
	}
	switch {
	case ev.Type == footfall.Alias:
		ev.Visitor = schema.VisitorID(h.Tenant, ev.PreviousID)
	case ev.AnonymousID == "":
		ev.Visitor = ev.User
	case flags&sameAnonymous != 0 && !last.Visitor.IsZero():
		ev.Visitor = last.Visitor
	default:
		ev.Visitor = schema.VisitorID(h.Tenant, ev.AnonymousID)
	}
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(r.text) && i < binary.MaxVarintLen64; i++ {
		c := r.text[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			r.text = r.text[i+1:]
			return v | uint64(c)<<(7*i)
		}
		v |= uint64(c&0x7f) << (7 * i)
	}
	r.bad, r.text = true, ""
	return 0
}

func (r *reader) millis() footfall.Millis {
	u := r.uvarint()
	return footfall.Millis(int64(u>>1) ^ -int64(u&1))
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.text)) || n > math.MaxInt32 {
		r.bad, r.text = true, ""
		return ""
	}
	s := r.text[:n]
	r.text = r.text[n:]
	return s
}
