package querytest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Load adds rows to a world as the processor would: in the order in which they
// arrive, each event in a record of its own, of which those of a visitor are in
// one partition of the log. A session has the totals of its events. It returns
// what is new, for a store: the events by partition.
//
// Segments are no rows of the log, and not loaded; see [World.Put].
func (w *World) Load(t *tenant.Tenant, rows ...Row) ([]*footfall.Batch, *footfall.Upserts) {
	l := loader{world: w, tenant: t, known: map[footfall.ID]bool{}, up: &footfall.Upserts{}}
	for _, id := range w.IDs {
		l.known[id.ID] = true
	}
	for _, r := range rows {
		l.row(r)
	}
	l.sessions()
	return l.batches, l.up
}

type loader struct {
	world   *World
	tenant  *tenant.Tenant
	known   map[footfall.ID]bool
	batches []*footfall.Batch
	up      *footfall.Upserts
}

// shard names a partition of the log in one of its epochs.
type shard struct{ epoch, number uint16 }

// log is how far a log has got.
type log struct {
	epoch, partitions uint16 // none are one
	ends              map[shard]int64
	rows              int64 // in all
}

// next returns the place of the next row of a visitor, user or group.
func (l *log) next(of string) footfall.Position {
	at := shard{l.epoch, uint16(crc32.ChecksumIEEE([]byte(of))>>16) % max(1, l.partitions)}
	if l.ends == nil {
		l.ends = map[shard]int64{}
	}
	offset := l.ends[at]
	l.ends[at]++
	l.rows++
	return footfall.Position{Epoch: at.epoch, Partition: at.number, Offset: offset}
}

// batch returns that of a place in the log.
func (l *loader) batch(at footfall.Position) *footfall.Batch {
	for _, b := range l.batches {
		if b.Epoch == at.Epoch && b.Partition == at.Partition {
			b.To = at.Offset + 1
			return b
		}
	}
	b := &footfall.Batch{Epoch: at.Epoch, Partition: at.Partition, From: at.Offset, To: at.Offset + 1}
	l.batches = append(l.batches, b)
	return b
}

func (l *loader) row(r Row) {
	t := l.tenant
	if r.Kind == "partitions" {
		n, _ := strconv.ParseUint(r.To, 10, 16) // the row is sound
		l.world.log.epoch, l.world.log.partitions = l.world.log.epoch+1, uint16(n)
		return
	}
	if kind, ok := linkKinds[r.Kind]; ok {
		link := footfall.Link{
			Tenant: t.ID, Silo: t.Silo(), Kind: kind, From: l.id(r.Of), User: l.id("user:" + r.To), Position: l.world.log.next(r.Of),
		}
		link.Time = footfall.Millis(1_700_000_000_000 + l.world.log.rows)
		l.world.Links, l.up.Links = append(l.world.Links, link), append(l.up.Links, link)
		return
	}
	if kind, ok := traitKinds[r.Kind]; ok {
		value := r.To
		if kind == footfall.TraitMember {
			text, _ := json.Marshal(r.To) // a text always has JSON
			value = string(text)
		}
		trait := footfall.Trait{
			Tenant: t.ID, Silo: t.Silo(), ID: l.id(r.Of), Kind: kind, Key: r.Key, Value: value, Time: footfall.MillisOf(r.At), MessageID: r.ID,
			Position: l.world.log.next(r.Of + r.To), // it may be said by any of a user's visitors
		}
		if r.ID == "" {
			trait.MessageID = fmt.Sprintf("m%06d", l.world.log.rows)
		}
		l.world.Traits, l.up.Traits = append(l.world.Traits, trait), append(l.up.Traits, trait)
		return
	}
	l.event(r)
}

func (l *loader) event(r Row) {
	t := l.tenant
	e := footfall.Event{
		Tenant: t.ID, Silo: t.Silo(), Type: eventTypes[r.Kind], Name: r.Name, MessageID: r.ID,
		Time: footfall.MillisOf(r.At), Original: footfall.MillisOf(r.At), Sent: footfall.MillisOf(r.At) + 10, Received: footfall.MillisOf(r.At) + 50,
		AnonymousID: r.Visitor, UserID: r.User, Session: r.Session, Marks: r.Marks, Properties: r.Properties,
	}
	if r.Marks&footfall.NonInteractive != 0 {
		e.Derived = `{"$interactive":false}`
	}
	if r.Kind != "track" {
		e.Name = "$" + strings.TrimSuffix(r.Kind, "_event")
	}
	visitor := "user:" + r.User
	if r.User != "" {
		e.User = l.id(visitor)
	}
	if r.Visitor != "" {
		visitor = "visitor:" + r.Visitor
	}
	e.Visitor = l.id(visitor)
	e.Position = l.world.log.next(visitor)
	if e.MessageID == "" {
		e.MessageID = fmt.Sprintf("m%06d", l.world.log.rows)
	}
	b := l.batch(e.Position)
	l.world.Events, b.Events = append(l.world.Events, e), append(b.Events, e)
}

// id returns the id of a text and keeps the text.
func (l *loader) id(of string) footfall.ID {
	scope, text, _ := strings.Cut(of, ":")
	id, kind := schema.VisitorID(l.tenant.ID, text), footfall.KindVisitor
	switch scope {
	case "group":
		groupType, text, _ := strings.Cut(text, ":")
		return schema.GroupID(l.tenant.ID, groupType, text)
	case "user":
		id, kind = schema.UserID(l.tenant.ID, text), footfall.KindUser
	}
	if !l.known[id] {
		l.known[id] = true
		row := footfall.IDText{Tenant: l.tenant.ID, Silo: l.tenant.Silo(), ID: id, Kind: kind, Text: text}
		l.world.IDs, l.up.IDs = append(l.world.IDs, row), append(l.up.IDs, row)
	}
	return id
}

// sessions adds up the sessions of all events there are. As with the processor, a
// non-interactive event opens none and makes none longer.
func (l *loader) sessions() {
	all := map[sessionKey]*footfall.Session{}
	for i := range l.world.Events {
		e := &l.world.Events[i]
		if e.Session == 0 || e.Tenant != l.tenant.ID || e.Marks&footfall.NonInteractive != 0 {
			continue
		}
		s := all[sessionKey{e.Visitor, e.Session}]
		if s == nil {
			s = &footfall.Session{
				Tenant: e.Tenant, Silo: e.Silo, Visitor: e.Visitor, Session: e.Session,
				Opened: e.Time, Start: e.Time, Last: e.Time,
			}
			all[sessionKey{e.Visitor, e.Session}] = s
		}
		s.Start, s.Last = min(s.Start, e.Time), max(s.Last, e.Time)
		if e.Type == footfall.Page || e.Type == footfall.Screen {
			s.Views++
		}
		s.KeyEvent = s.KeyEvent || e.Marks&footfall.KeyEvent != 0
	}
	for i := range l.world.Events {
		e := &l.world.Events[i]
		if s := all[sessionKey{e.Visitor, e.Session}]; s != nil && e.Tenant == l.tenant.ID {
			s.Events++
			s.Version = footfall.Version(0, l.world.log.rows)
		}
	}
	l.world.Sessions = nil
	for _, s := range all {
		l.world.Sessions, l.up.Sessions = append(l.world.Sessions, *s), append(l.up.Sessions, *s)
	}
}
