package fold

import (
	"cmp"
	"fmt"
	"sync/atomic"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// Version names the rules of this fold. It changes whenever equal logs would
// give other rows, or a snapshot another form.
const Version uint16 = 5

// Limits bound the memory for message ids. They are part of the rules: states
// with different limits may differ once a limit is reached.
type Limits struct {
	// SoftIDs is the number of ids above which those older than an hour of log
	// time are forgotten before their window ends. Defaults to 4194304.
	SoftIDs int
	// MaxIDs is the number of ids above which all but the current minute's may
	// be forgotten. Defaults to 16777216.
	MaxIDs int
}

func (l Limits) withDefaults() Limits {
	l.SoftIDs = cmp.Or(l.SoftIDs, 4<<20)
	l.MaxIDs = cmp.Or(l.MaxIDs, 16<<20)
	return l
}

// State is the fold of one partition's records up to some offset. It is used by
// one goroutine; only what [State.Snapshot] returns may be read in another.
type State struct {
	epoch     uint16
	partition uint16
	limits    Limits
	next      int64 // the offset after the last record applied
	clock     footfall.Millis

	owners     owners
	ids        idWindow
	visitors   visitors
	ledger     ledger
	erased     map[uint64]erasedUser // by the first bytes of the user's ID
	lastErased int64                 // offset of the last of them
	rejected   map[footfall.Coordinate]struct{}
	witnesses  []witness // oldest first
	pending    pending

	cow     cow
	sharing *atomic.Int32 // snapshots being read
	keys    []eventKey    // memory for Apply
	members []member      // likewise
	returns []record.Return
	touched uint64 // keeps the reads of touch from being optimised away
}

// New returns the state before the first record.
func New(epoch, partition uint16, l Limits) *State {
	s := &State{epoch: epoch, partition: partition, limits: l.withDefaults(), sharing: new(atomic.Int32)}
	s.ids.init(s.limits.MaxIDs, newSeed(), &s.cow)
	s.visitors.init(newSeed(), &s.cow)
	s.ledger.cow = &s.cow
	s.erased = make(map[uint64]erasedUser)
	s.owners.index = make(map[ownerKey]uint32)
	s.owners.byTenant = make(map[tenant.ID]uint32)
	return s
}

// Next returns the offset after the last record applied, 0 before the first.
func (s *State) Next() int64 { return s.next }

// Visitors returns how many visitors the state holds, including forgotten ones
// whose memory was not yet reclaimed.
func (s *State) Visitors() int { return s.visitors.live }

// MessageIDs returns how many message ids are remembered.
func (s *State) MessageIDs() int { return s.ids.live }

// EarlyEvictions returns how many message ids were forgotten before their
// window ended because of the [Limits].
func (s *State) EarlyEvictions() uint64 { return s.ids.early }

// Totals are the outcomes of all events of a tenant in this partition since
// the beginning of the log, or since the tenant was dropped.
type Totals struct {
	Tenant      tenant.ID
	Stored      uint64
	Duplicate   uint64
	Quarantined uint64
	// Dropped is how many there were before the tenant was dropped, and Since
	// the offset from which the others count.
	Dropped uint64
	Since   int64
}

// Reject moves an event from the stored ones to those in quarantine, unless the
// tenant was dropped since, with all that was counted.
func (t *Totals) Reject(ev *footfall.Event) bool {
	if ev.Position.Offset < t.Since {
		return false
	}
	t.Stored--
	t.Quarantined++
	return true
}

// Accepted is how many events were counted since the beginning of the log.
func (t *Totals) Accepted() uint64 { return t.Stored + t.Duplicate + t.Quarantined + t.Dropped }

// drop moves what was counted before an offset aside.
func (t *Totals) drop(at int64) { *t = Totals{Tenant: t.Tenant, Dropped: t.Accepted(), Since: at} }

// Totals returns the cumulative ledger of each tenant, in the order in which
// the log first named them.
func (s *State) Totals() []Totals {
	all := make([]Totals, len(s.owners.accounts))
	copy(all, s.owners.accounts)
	return all
}

// Apply folds one record: it appends the events that are to be stored, with
// their sessions, to out.Events, and takes note of rows for the next
// [State.Flush]. The events' strings are views of the record. An error wraps
// [record.ErrCorrupt], and then the state and out are as they were before.
func (s *State) Apply(rec *footfall.Record, out *footfall.Batch) error {
	if rec.Epoch != s.epoch || rec.Partition != s.partition || rec.Offset < s.next {
		return fmt.Errorf("%w: record %d/%d/%d is not next in %d/%d from %d", record.ErrCorrupt,
			rec.Epoch, rec.Partition, rec.Offset, s.epoch, s.partition, s.next)
	}
	h, err := record.ParseHeader(rec)
	if err != nil {
		return err
	}
	if h.Kind == record.Command {
		o, err := record.ParseOrder(rec)
		if err != nil {
			return err
		}
		m := s.begin(rec, &h)
		s.order(&m, &o)
		return nil
	}
	n := len(out.Events)
	var events []footfall.Event
	if h.Kind == record.Replay {
		events, s.returns, err = record.AppendReplay(out.Events, s.returns[:0], rec, &h)
	} else {
		events, err = record.AppendEvents(out.Events, rec, &h)
	}
	if err != nil {
		clear(events[n:])
		return err
	}
	m := s.begin(rec, &h)
	s.ids.advance(m.minute)
	s.ids.evict(s.limits)
	switch h.Kind {
	case record.Parked:
		out.Events = s.park(&m, events, n, h.Reason)
	case record.Replay:
		out.Events = s.replay(&m, events, n, h.Basis)
	default:
		out.Events = s.events(&m, events, n)
	}
	s.witness(&m, out.Events[n:])
	s.tidy(2*len(events[n:]) + 8)
	return nil
}

// moment is what is equal for all events of a record.
type moment struct {
	tenant  tenant.ID
	owner   uint32
	offset  int64
	clock   footfall.Millis
	minute  uint32
	expires uint32 // last minute of what is touched now
	gap     int64
	cap     int64
	window  uint32 // minutes
}

// Bounds of settings; the door's are narrower.
const (
	maxGap    = 7 * 24 * 60 * 60_000
	maxCap    = 1<<32 - 1
	minWindow = 60
	maxWindow = 24 * 60
	lateness  = 24 * 60 * 60_000 // how long a session outlives its gap in the state
)

func (s *State) begin(rec *footfall.Record, h *record.Header) moment {
	s.next = rec.Offset + 1
	s.clock = max(s.clock, rec.Time)
	s.cow.shared = s.sharing.Load() > 0
	gap := min(max(int64(h.Gap), 0), maxGap)
	return moment{
		tenant: h.Tenant, owner: s.owners.of(h.Tenant, h.Silo), offset: rec.Offset, clock: s.clock,
		minute: minuteOf(int64(s.clock)), expires: minuteOf(int64(s.clock) + gap + lateness),
		gap: gap, cap: min(max(int64(h.Cap), 0), maxCap),
		window: min(max(minuteOf(int64(h.Window)+59_999), minWindow), maxWindow),
	}
}

// minuteOf returns the minute of a log time. Its range ends in the year 10135.
func minuteOf(ms int64) uint32 {
	return uint32(min(max(ms/60_000, 0), 1<<32-1))
}
