package foldtest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Options are what the rules depend on beside the log.
type Options struct {
	// SoftIDs and MaxIDs are the limits of remembered message ids. Default to
	// 4194304 and 16777216.
	SoftIDs, MaxIDs int
	// Rejected are the events the store has quarantined.
	Rejected []footfall.Coordinate
}

// Counts are the outcomes of a tenant's events.
type Counts struct {
	Stored, Duplicate, Quarantined uint64
}

// Result is what a log says.
type Result struct {
	Events    []footfall.Event // to be stored, in the order of the log; what an erasure deletes later is still here
	Rows      *Rows            // as they stand at the end
	Totals    map[tenant.ID]Counts
	Evictions uint64 // message ids forgotten before their window ended
}

// Remaining returns the events that no later erasure deletes.
func (r *Result) Remaining() []footfall.Event {
	return slices.DeleteFunc(slices.Clone(r.Events), func(ev footfall.Event) bool {
		return slices.ContainsFunc(r.Rows.Erasures, func(e footfall.Erasure) bool {
			return e.Tenant == ev.Tenant && ev.Position.Compare(e.Before) < 0 &&
				e.Concerns(&ev)
		})
	})
}

// Fold reads the records of one partition in order.
func Fold(records []footfall.Record, o Options) (*Result, error) {
	if o.SoftIDs == 0 {
		o.SoftIDs = 4 << 20
	}
	if o.MaxIDs == 0 {
		o.MaxIDs = 16 << 20
	}
	f := folder{
		Options: o, messages: map[messageKey]message{}, people: map[footfall.ID]*person{}, changed: map[tenant.ID]changed{},
		out: &Result{Rows: NewRows(), Totals: map[tenant.ID]Counts{}},
	}
	for i := range records {
		if err := f.record(&records[i]); err != nil {
			return nil, err
		}
	}
	return f.out, nil
}

const (
	minute   = footfall.Millis(60_000)
	hour     = 60 * minute
	sessions = 8
)

type folder struct {
	Options
	clock    footfall.Millis
	forgot   footfall.Millis // when ids were last forgotten
	messages map[messageKey]message
	people   map[footfall.ID]*person
	changed  map[tenant.ID]changed
	out      *Result
}

type messageKey struct {
	visitor footfall.ID
	text    string
}

// message is a remembered message id. It stays for its window in full hours and
// is found as long as the window of the asking record says.
type message struct {
	at   footfall.Millis // start of its minute
	stay footfall.Millis
}

// person is a visitor that is remembered.
type person struct {
	tenant   tenant.ID
	user     footfall.ID // last linked
	sessions []*session  // the one touched last first
	until    footfall.Millis
}

type session struct {
	footfall.Session
	until footfall.Millis
}

func (f *folder) record(rec *footfall.Record) error {
	h, err := record.ParseHeader(rec)
	if err != nil {
		return err
	}
	f.clock = max(f.clock, rec.Time)
	if h.Kind == record.Command {
		o, err := record.ParseOrder(rec)
		if err != nil {
			return err
		}
		f.command(rec, &h, &o)
		return nil
	}
	f.forgetMessages()
	switch h.Kind {
	case record.Parked:
		return f.park(rec, &h)
	case record.Replay:
		return f.replay(rec, &h)
	}
	events, err := record.AppendEvents(nil, rec, &h)
	if err != nil {
		return fmt.Errorf("fold offset %d: %w", rec.Offset, err)
	}
	var c Counts
	for i := range events {
		ev := &events[i]
		if f.seen(ev, h.Window) {
			c.Duplicate++
			continue
		}
		f.event(ev, &h)
		if slices.Contains(f.Rejected, footfall.Coordinate{Offset: rec.Offset, Index: uint32(i)}) {
			c.Quarantined++
			continue
		}
		c.Stored++
		f.out.Events = append(f.out.Events, *ev)
	}
	f.count(rec, &h, c)
	return nil
}

func (f *folder) now() footfall.Millis { return f.clock / minute * minute }

// forgetMessages drops the ids whose stay is over, then whole oldest minutes
// while there are too many.
func (f *folder) forgetMessages() {
	if f.now() == f.forgot && len(f.messages) <= f.SoftIDs {
		return // nothing has grown older; a long log would take for ever
	}
	f.forgot = f.now()
	for key, m := range f.messages {
		if f.now()-m.at > m.stay {
			delete(f.messages, key)
		}
	}
	for len(f.messages) > f.SoftIDs {
		oldest := f.now()
		for _, m := range f.messages {
			oldest = min(oldest, m.at)
		}
		if oldest == f.now() || f.now()-oldest <= hour && len(f.messages) <= f.MaxIDs {
			return
		}
		for key, m := range f.messages {
			if m.at == oldest {
				delete(f.messages, key)
				f.out.Evictions++
			}
		}
	}
}

func (f *folder) seen(ev *footfall.Event, window footfall.Millis) bool {
	window = min(max((window+minute-1)/minute*minute, hour), 24*hour)
	key := messageKey{ev.Visitor, ev.MessageID}
	if m, ok := f.messages[key]; ok && f.now()-m.at <= window {
		return true
	}
	f.messages[key] = message{at: f.now(), stay: (window + hour - 1) / hour * hour}
	return false
}

func (f *folder) count(rec *footfall.Record, h *record.Header, c Counts) {
	if c == (Counts{}) {
		return
	}
	t := f.out.Totals[h.Tenant]
	f.out.Totals[h.Tenant] = Counts{t.Stored + c.Stored, t.Duplicate + c.Duplicate, t.Quarantined + c.Quarantined}
	key := LedgerKey{h.Tenant, f.now(), rec.Epoch, rec.Partition}
	row := f.out.Rows.Ledger[key]
	f.out.Rows.Ledger[key] = footfall.LedgerRow{
		Tenant: h.Tenant, Silo: h.Silo, Minute: f.now(), Epoch: rec.Epoch, Partition: rec.Partition,
		Stored: row.Stored + c.Stored, Duplicate: row.Duplicate + c.Duplicate, Quarantined: row.Quarantined + c.Quarantined,
		Version: uint64(rec.Offset+1)<<16 | (row.Quarantined + c.Quarantined),
	}
}

func (f *folder) event(ev *footfall.Event, h *record.Header) {
	if ev.Type == footfall.Alias {
		if ev.User.IsZero() || ev.PreviousID == "" {
			return
		}
		f.link(ev, footfall.LinkAlias, ev.Visitor)
		f.link(ev, footfall.LinkAlias, schema.UserID(ev.Tenant, ev.PreviousID))
		f.text(ev, ev.Visitor, footfall.KindVisitor, ev.PreviousID)
		f.text(ev, ev.User, footfall.KindUser, ev.UserID)
		return
	}
	if ev.Visitor.IsZero() {
		return
	}
	f.traits(ev)
	// The last minute in which what is touched now is remembered.
	until := (f.clock + h.Gap + 24*hour) / minute * minute
	p := f.people[ev.Visitor]
	if p == nil || p.until < f.now() {
		p = &person{tenant: ev.Tenant, until: until}
		f.people[ev.Visitor] = p
		if ev.AnonymousID != "" {
			f.text(ev, ev.Visitor, footfall.KindVisitor, ev.AnonymousID)
		} else {
			f.text(ev, ev.Visitor, footfall.KindUser, ev.UserID)
		}
	}
	if ev.AnonymousID != "" && !ev.User.IsZero() && p.user != ev.User {
		p.user = ev.User
		f.link(ev, footfall.LinkUser, ev.Visitor)
		f.text(ev, ev.User, footfall.KindUser, ev.UserID)
	}
	var in *session
	quiet := ev.Marks&footfall.NonInteractive != 0
	if ev.AnonymousID != "" && ev.Type.Behaviour() {
		in = f.session(p, ev, h)
		if in == nil && !quiet {
			in = &session{Session: footfall.Session{
				Tenant: ev.Tenant, Visitor: ev.Visitor, Session: number(ev),
				Opened: ev.Time, Start: ev.Time, Last: ev.Time,
			}}
		}
	}
	if in != nil || len(p.sessions) == 0 {
		p.until = max(p.until, until)
	}
	if in != nil {
		f.join(p, in, ev, quiet)
	}
}

const tagged = footfall.ByCampaign | footfall.BySender

// number names the session that an event opens.
func number(ev *footfall.Event) uint64 {
	hash := schema.Hash64(ev.Visitor, ev.MessageID)
	if ev.Marks&tagged == 0 {
		return hash
	}
	return max(hash>>32, 1)<<32 + uint64(ev.Tag)
}

// session returns the one that an event may join.
func (f *folder) session(p *person, ev *footfall.Event, h *record.Header) *session {
	var all []*session
	for _, c := range p.sessions {
		near := ev.Time >= c.Start-h.Gap && ev.Time <= c.Last+h.Gap
		if ev.Marks&footfall.BySender != 0 {
			near = c.Session.Session%(1<<32) == uint64(ev.Tag)
		}
		short := max(c.Last, ev.Time)-min(c.Start, ev.Time) <= h.Cap
		if c.until >= f.now() && near && short {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *session) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Session.Session, b.Session.Session))
	})
	s := all[0]
	if ev.Marks&footfall.ByCampaign != 0 {
		for _, c := range all {
			if c.Start <= ev.Time {
				s = c
			}
		}
		if ev.Tag != 0 && s.Session.Session%(1<<32) != uint64(ev.Tag) {
			return nil
		}
	}
	return s
}

func (f *folder) join(p *person, s *session, ev *footfall.Event, quiet bool) {
	p.sessions = slices.DeleteFunc(p.sessions, func(c *session) bool { return c == s })
	p.sessions = slices.Insert(p.sessions, 0, s)
	p.sessions = p.sessions[:min(len(p.sessions), sessions)]
	s.until = p.until
	s.Silo = ev.Silo
	s.Events++
	if !quiet {
		s.Start, s.Last = min(s.Start, ev.Time), max(s.Last, ev.Time)
		if ev.Type == footfall.Page || ev.Type == footfall.Screen {
			s.Views++
		}
		s.KeyEvent = s.KeyEvent || ev.Marks&footfall.KeyEvent != 0
	}
	s.Version = footfall.Version(ev.Position.Epoch, ev.Position.Offset)
	ev.Session = s.Session.Session
	f.out.Rows.Sessions[sessionKey(&s.Session)] = s.Session
}

func (f *folder) link(ev *footfall.Event, kind footfall.LinkKind, from footfall.ID) {
	l := footfall.Link{
		Tenant: ev.Tenant, Silo: ev.Silo, Kind: kind, From: from, User: ev.User, Time: f.clock, Position: ev.Position,
	}
	f.out.Rows.Links[linkKey(&l)] = l
}

func (f *folder) text(ev *footfall.Event, id footfall.ID, kind footfall.IDKind, text string) {
	f.out.Rows.IDs[IDKey{ev.Tenant, id, kind}] = footfall.IDText{Tenant: ev.Tenant, Silo: ev.Silo, ID: id, Kind: kind, Text: text}
}
