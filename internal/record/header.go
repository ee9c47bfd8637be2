package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// ErrCorrupt says that a record's bytes do not follow the format. A log with
// checksums never shows it; the processor stops rather than guess.
var ErrCorrupt = errors.New("record: corrupt")

// Kind tells what a record's value holds.
type Kind uint8

// The kinds of records. The numbers are stored.
const (
	Events  Kind = 1 // events, see [Encoder]
	Command Kind = 2 // one command as JSON, see [Order]
	Parked  Kind = 3 // events that the door took and set aside; the header says why
	Replay  Kind = 4 // events on their way back from quarantine, see [Return]
)

// headerVersion is the first byte of a header.
const headerVersion = 1

// headerSize is room for a header with a short silo.
const headerSize = 48

// Header is what stands before the events: whose they are, when they came, and
// the tenant settings in force at that moment.
type Header struct {
	Kind     Kind
	Tenant   tenant.ID
	Silo     string
	Settings uint32          // version of the tenant's settings
	Gap      footfall.Millis // inactivity that ends a session
	Cap      footfall.Millis // the longest session
	Window   footfall.Millis // how long a message id is remembered
	Received footfall.Millis // the door's clock

	Reason string // of Parked: why the events were set aside
	Basis  Basis  // of Replay: what its sender knew
}

// Basis is what a replay was decided upon. Its records count only if nothing
// else has changed the tenant's quarantine since: no erasure, no other replay.
type Basis struct {
	Job  uint64 // the same in all records of one replay, another in every other
	Seen int64  // the store held all that follows from records before this offset
}

// HeaderOf returns the header for events of a tenant received at a moment.
func HeaderOf(t *tenant.Tenant, kind Kind, received time.Time) Header {
	return Header{
		Kind: kind, Tenant: t.ID, Silo: t.Silo(), Settings: t.Version,
		Gap: footfall.Millis(t.SessionGap.Milliseconds()), Cap: footfall.Millis(t.SessionCap.Milliseconds()),
		Window: footfall.Millis(t.DedupWindow.Milliseconds()), Received: footfall.MillisOf(received),
	}
}

// append adds the header's bytes, without the tenant: the record names it.
func (h *Header) append(b []byte) []byte {
	b = append(b, headerVersion, byte(h.Kind))
	b = binary.AppendUvarint(b, uint64(h.Settings))
	for _, m := range [...]footfall.Millis{h.Gap, h.Cap, h.Window, h.Received} {
		b = binary.AppendVarint(b, int64(m))
	}
	switch h.Kind {
	case Parked:
		return append(appendText(b, []byte(h.Silo)), h.Reason...)
	case Replay:
		b = binary.AppendUvarint(b, h.Basis.Job)
		b = binary.AppendVarint(b, h.Basis.Seen)
	}
	return append(b, h.Silo...)
}

// KindOf returns the kind of a record whose header was parsed before.
func KindOf(rec *footfall.Record) Kind { return Kind(rec.Header[1]) }

// ParseHeader reads the header of a record.
func ParseHeader(rec *footfall.Record) (Header, error) {
	b := rec.Header
	if len(b) < 2 || b[0] != headerVersion || b[1] < byte(Events) || b[1] > byte(Replay) {
		return Header{}, fmt.Errorf("%w: header of offset %d", ErrCorrupt, rec.Offset)
	}
	id, err := tenant.ParseID(rec.Tenant)
	if err != nil {
		return Header{}, fmt.Errorf("%w: offset %d: %w", ErrCorrupt, rec.Offset, err)
	}
	h := Header{Kind: Kind(b[1]), Tenant: id}
	r := reader{text: string(b[2:])}
	h.Settings = uint32(r.uvarint())
	h.Gap, h.Cap, h.Window, h.Received = r.millis(), r.millis(), r.millis(), r.millis()
	switch h.Kind {
	case Parked:
		h.Silo = r.string()
		h.Reason, r.text = r.text, ""
	case Replay:
		h.Basis = Basis{Job: r.uvarint(), Seen: int64(r.millis())}
		h.Silo = r.text
	default:
		h.Silo = r.text
	}
	if r.bad {
		return Header{}, fmt.Errorf("%w: header of offset %d", ErrCorrupt, rec.Offset)
	}
	return h, nil
}
