package ingest

import (
	"context"
	"hash/maphash"
	"sync"

	"go.opentelemetry.io/otel/metric"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/naming"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// The names of events beyond a tenant's cap.
const (
	otherEvent   = "$other"
	originalName = `"$event_name":`
)

// vocabulary has the names that each tenant uses, as far as its caps go.
type vocabulary struct {
	seed        maphash.Seed
	tenants     sync.Map // tenant.ID → *words
	renamed     metric.Int64Counter
	unflattened metric.Int64Counter
	claimed     metric.Int64Counter
}

// words are the names of one tenant. Its memory is bounded by the caps: two
// slots of eight bytes a name, and while it grows half as much again.
type words struct {
	events, properties naming.Set
	told               sync.Once // that there are too many
}

func newVocabulary(provider metric.MeterProvider) (v *vocabulary, err error) {
	v = &vocabulary{seed: maphash.MakeSeed()}
	meter := meterOf(provider)
	if v.renamed, err = meter.Int64Counter("footfall.ingest.renamed", metric.WithUnit("{event}"),
		metric.WithDescription("Events named $other, because their tenant has too many naming.")); err != nil {
		return nil, err
	}
	if v.claimed, err = meter.Int64Counter("footfall.ingest.claimed", metric.WithUnit("{value}"),
		metric.WithDescription("Values that are kept but not looked up by name: senders may not set names that are derived.")); err != nil {
		return nil, err
	}
	v.unflattened, err = meter.Int64Counter("footfall.ingest.unflattened", metric.WithUnit("{value}"),
		metric.WithDescription("Values that are kept but not looked up by name: too many names, or too long."))
	return v, err
}

func (v *vocabulary) of(id tenant.ID) *words {
	known, ok := v.tenants.Load(id)
	if !ok {
		known, _ = v.tenants.LoadOrStore(id, &words{})
	}
	return known.(*words)
}

// capping is what a request needs to hold its events to the caps.
type capping struct {
	words       *words
	limits      naming.Limits
	walker      naming.Walker
	leave       func([]byte, bool) // leaveOut
	list        []byte             // names of the event in hand that are not looked up
	derived     []byte
	renamed     int
	unflattened int
	claimed     int
}

// cap holds the event to its tenant's caps, and to names that are its sender's
// to set. It keeps all of it and only changes
// what becomes a column: the event's name, and which properties are looked up.
func (s *request) cap() {
	c := &s.capping
	if c.words == nil { // the request's first event
		if c.leave == nil {
			c.leave = c.leaveOut
		}
		c.words = s.h.vocabulary.of(s.tenant.ID)
		c.limits = naming.Limits{Names: &c.words.properties, Most: s.tenant.Caps.Properties, Seed: s.h.vocabulary.seed, Text: s.tenant.Caps.Text, Ours: ours}
	}
	ev := &s.event
	c.list = c.list[:0]
	profile := ev.Type == footfall.Identify || ev.Type == footfall.Group
	c.walker.Excess(ev.Properties, &c.limits, profile, c.leave)
	other := ev.Type == footfall.Track && !c.words.events.Has(maphash.Bytes(c.limits.Seed, ev.Name), s.tenant.Caps.Events)
	if !other && len(c.list) == 0 {
		return
	}
	b := append(c.derived[:0], '{')
	if len(c.list) > 0 {
		b = append(b, `"`+schema.UnflattenedName+`":[`...)
		b = append(append(b, c.list...), ']', ',')
	}
	if other {
		b = append(appendQuoted(append(b, originalName...), ev.Name), ',')
		ev.Name = []byte(otherEvent)
		c.renamed++
	}
	if len(ev.Derived) > 2 {
		b = append(b, ev.Derived[1:]...)
	} else {
		b[len(b)-1] = '}'
	}
	c.derived, ev.Derived = b, b
	if other || c.words.properties.Len() >= c.limits.Most {
		s.tellOfCaps()
	}
}

// leaveOut notes a name of the event in hand that is too many, or ours.
func (c *capping) leaveOut(name []byte, ours bool) {
	if len(c.list) > 0 {
		c.list = append(c.list, ',')
	}
	c.list = appendQuoted(c.list, name)
	if ours {
		c.claimed++
	} else {
		c.unflattened++
	}
}

// tellOfCaps says once for each tenant that a cap was met.
func (s *request) tellOfCaps() {
	s.capping.words.told.Do(func() {
		s.h.config.Logger.WarnContext(s.r.Context(), "a tenant has more names than its caps allow",
			"tenant", s.tenant.ID.String(), "events", s.capping.words.events.Len(), "properties", s.capping.words.properties.Len())
	})
}

// countCapped counts what was held to the caps in events that are in the log.
func (h *Handler) countCapped(ctx context.Context, id tenant.ID, renamed, unflattened, claimed int) {
	if claimed > 0 {
		h.countsOf(id).claimed.Add(uint64(claimed))
		h.vocabulary.claimed.Add(ctx, int64(claimed))
	}
	if renamed > 0 {
		h.countsOf(id).renamed.Add(uint64(renamed))
		h.vocabulary.renamed.Add(ctx, int64(renamed))
	}
	if unflattened > 0 {
		h.countsOf(id).unflattened.Add(uint64(unflattened))
		h.vocabulary.unflattened.Add(ctx, int64(unflattened))
	}
}
