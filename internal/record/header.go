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
	return append(b, h.Silo...)
}

// ParseHeader reads the header of a record.
func ParseHeader(rec *footfall.Record) (Header, error) {
	b := rec.Header
	if len(b) < 2 || b[0] != headerVersion || b[1] < byte(Events) || b[1] > byte(Command) {
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
	if r.bad {
		return Header{}, fmt.Errorf("%w: header of offset %d", ErrCorrupt, rec.Offset)
	}
	h.Silo = r.text
	return h, nil
}
