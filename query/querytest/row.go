package querytest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Row is a line of a script that says what was sent.
type Row struct {
	// Kind is the type of an event ("track", "page" …); "link", "unlink" or
	// "alias"; "trait", "once" or "member".
	Kind string
	At   time.Time // of events and of what is said

	Name, Visitor, User, ID string // of events
	Session                 uint64
	Properties              string // a JSON object

	Of  string // whose row it is: "visitor:ID", "user:ID" or "group:TYPE:ID"
	Key string // the name of a trait, the type of a group
	To  string // the user of an edge, the JSON value of a trait, the id of a group
}

var eventTypes = map[string]footfall.Type{
	"track": footfall.Track, "page": footfall.Page, "screen": footfall.Screen,
	"identify": footfall.Identify, "group": footfall.Group, "alias_event": footfall.Alias,
}

var linkKinds = map[string]footfall.LinkKind{
	"link": footfall.LinkUser, "unlink": footfall.UnlinkUser, "alias": footfall.LinkAlias,
}

var traitKinds = map[string]footfall.TraitKind{
	"trait": footfall.TraitSet, "once": footfall.TraitOnce, "member": footfall.TraitMember,
}

// String returns the row as a line of a script.
func (r Row) String() string {
	words := []string{r.Kind}
	if _, ok := linkKinds[r.Kind]; ok {
		return strings.Join(append(words, quote(r.Of), quote(r.To)), " ")
	}
	if _, ok := traitKinds[r.Kind]; ok {
		words = append(words, quote(r.Of), r.At.UTC().Format(time.RFC3339Nano), quote(r.Key))
		if r.Kind == "member" {
			return strings.Join(append(words, quote(r.To)), " ")
		}
		return strings.Join(append(words, r.To), " ")
	}
	words = append(words, r.At.UTC().Format(time.RFC3339Nano))
	if r.Kind == "track" {
		words = append(words, quote(r.Name))
	}
	for _, word := range []struct{ name, value string }{{"visitor", r.Visitor}, {"user", r.User}, {"id", r.ID}} {
		if word.value != "" {
			words = append(words, word.name+"="+quote(word.value))
		}
	}
	if r.Session != 0 {
		words = append(words, "session="+strconv.FormatUint(r.Session, 10))
	}
	if r.Properties != "" {
		words = append(words, r.Properties)
	}
	return strings.Join(words, " ")
}

// quote writes a word so that it is read as one.
func quote(word string) string {
	if word != "" && strings.IndexFunc(word, func(c rune) bool { return c <= ' ' || c == '"' || c == '{' || c > '~' }) < 0 {
		return word
	}
	return strconv.Quote(word)
}

// Load adds rows to a world as the processor would: in the order in which they
// arrive, each event in a record of its own. A session has the totals of its
// events. It returns what is new, for a store.
func (w *World) Load(t *tenant.Tenant, rows ...Row) (*footfall.Batch, *footfall.Upserts) {
	l := loader{world: w, tenant: t, known: map[footfall.ID]bool{}, up: &footfall.Upserts{}}
	for _, id := range w.IDs {
		l.known[id.ID] = true
	}
	l.batch = &footfall.Batch{From: l.next(), To: l.next()}
	for _, r := range rows {
		l.row(r)
	}
	l.sessions()
	return l.batch, l.up
}

type loader struct {
	world  *World
	tenant *tenant.Tenant
	known  map[footfall.ID]bool
	batch  *footfall.Batch
	up     *footfall.Upserts
}

// next returns the place of the next row in the log.
func (l *loader) next() int64 {
	return int64(len(l.world.Events) + len(l.world.Links) + len(l.world.Traits))
}

func (l *loader) row(r Row) {
	at := footfall.Position{Offset: l.next()}
	l.batch.To = at.Offset + 1
	t := l.tenant
	if kind, ok := linkKinds[r.Kind]; ok {
		link := footfall.Link{
			Tenant: t.ID, Silo: t.Silo(), Kind: kind, From: l.id(r.Of), User: l.id("user:" + r.To),
			Time: footfall.Millis(1_700_000_000_000 + at.Offset), Position: at,
		}
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
			Tenant: t.ID, Silo: t.Silo(), ID: l.id(r.Of), Kind: kind, Key: r.Key, Value: value,
			Time: footfall.MillisOf(r.At), MessageID: fmt.Sprintf("m%06d", at.Offset), Position: at,
		}
		l.world.Traits, l.up.Traits = append(l.world.Traits, trait), append(l.up.Traits, trait)
		return
	}
	e := footfall.Event{
		Tenant: t.ID, Silo: t.Silo(), Position: at, Type: eventTypes[r.Kind], Name: r.Name, MessageID: r.ID,
		Time: footfall.MillisOf(r.At), Original: footfall.MillisOf(r.At), Sent: footfall.MillisOf(r.At) + 10, Received: footfall.MillisOf(r.At) + 50,
		AnonymousID: r.Visitor, UserID: r.User, Session: r.Session, Properties: r.Properties,
	}
	if r.Kind != "track" {
		e.Name = "$" + strings.TrimSuffix(r.Kind, "_event")
	}
	if e.MessageID == "" {
		e.MessageID = fmt.Sprintf("m%06d", at.Offset)
	}
	if r.User != "" {
		e.User = l.id("user:" + r.User)
		e.Visitor = e.User
	}
	if r.Visitor != "" {
		e.Visitor = l.id("visitor:" + r.Visitor)
	}
	l.world.Events, l.batch.Events = append(l.world.Events, e), append(l.batch.Events, e)
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

// sessions adds up the sessions of all events there are.
func (l *loader) sessions() {
	all := map[sessionKey]*footfall.Session{}
	for i := range l.world.Events {
		e := &l.world.Events[i]
		if e.Session == 0 || e.Tenant != l.tenant.ID {
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
		s.Events++
		if e.Type == footfall.Page || e.Type == footfall.Screen {
			s.Views++
		}
		s.Version = footfall.Version(0, l.next())
	}
	l.world.Sessions = nil
	for _, s := range all {
		l.world.Sessions, l.up.Sessions = append(l.world.Sessions, *s), append(l.up.Sessions, *s)
	}
}
