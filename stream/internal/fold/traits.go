package fold

import (
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// pendingTrait is a row whose texts are in the buffer: message id, key, value,
// one behind the other.
type pendingTrait struct {
	owner                uint32
	kind                 footfall.TraitKind
	id                   footfall.ID
	time                 footfall.Millis
	position             footfall.Position
	from, key, value, to int
}

// traits notes what an identify says of its user, without one of its visitor,
// and what a group event says of its group and of who is in it. Nothing is kept:
// what counts of a key is for the store to find out.
func (s *State) traits(m *moment, ev *footfall.Event) {
	who := ev.User
	if who.IsZero() {
		who = ev.Visitor
	}
	s.members = appendMembers(s.members[:0], ev.Properties)
	if ev.Type == footfall.Group {
		groupType, id, quoted := groupOf(s.members, ev.Derived)
		if id == "" {
			return
		}
		s.trait(m, ev, who, footfall.TraitMember, groupType, quoted)
		who = schema.GroupID(m.tenant, groupType, id)
	}
	once, out := "", schema.Unflattened(ev.Derived)
	for _, t := range s.members {
		if out[t.name] {
			continue
		}
		if t.name == schema.SetOnce && strings.HasPrefix(t.value, "{") {
			once = t.value
			continue
		}
		s.trait(m, ev, who, footfall.TraitSet, t.name, t.value)
	}
	if once == "" {
		return
	}
	s.members = appendMembers(s.members[:0], once)
	for _, t := range s.members {
		if t.value != "null" && !out[schema.SetOnce+"."+t.name] {
			s.trait(m, ev, who, footfall.TraitOnce, t.name, t.value)
		}
	}
}

// groupOf returns the type of the group that a group event is about, its id,
// and the id as JSON.
func groupOf(traits []member, derived string) (groupType, id, quoted string) {
	for _, d := range appendMembers(nil, derived) {
		if d.name == schema.GroupIDName {
			id, _ = unquote(d.value)
			quoted = d.value
		}
	}
	for _, t := range traits {
		if t.name == schema.GroupTypeName {
			if said, _ := unquote(t.value); schema.IsGroupType(said) {
				return said, id, quoted
			}
		}
	}
	return schema.DefaultGroupType, id, quoted
}

func (s *State) trait(m *moment, ev *footfall.Event, id footfall.ID, kind footfall.TraitKind, key, value string) {
	p := &s.pending
	t := pendingTrait{owner: m.owner, kind: kind, id: id, time: ev.Time, position: ev.Position, from: len(p.buffer)}
	p.buffer = append(p.buffer, ev.MessageID...)
	t.key = len(p.buffer)
	p.buffer = append(p.buffer, key...)
	t.value = len(p.buffer)
	p.buffer = append(p.buffer, value...)
	t.to = len(p.buffer)
	p.traits = append(p.traits, t)
}

// flushTraits appends the rows, given the texts of the buffer.
func (s *State) flushTraits(rows []footfall.Trait, texts string) []footfall.Trait {
	for i := range s.pending.traits {
		t := &s.pending.traits[i]
		o := &s.owners.list[t.owner]
		rows = append(rows, footfall.Trait{
			Tenant: o.tenant, Silo: o.silo, ID: t.id, Kind: t.kind, Key: texts[t.key:t.value], Value: texts[t.value:t.to],
			Time: t.time, MessageID: texts[t.from:t.key], Position: t.position,
		})
	}
	return rows
}

// Traits returns how many traits the next [State.Flush] writes. One event may
// have a thousand, so whoever feeds the state should look.
func (s *State) Traits() int { return len(s.pending.traits) }
