package foldtest

import (
	"encoding/json"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// traits reads what an identify or a group event says with encoding/json.
func (f *folder) traits(ev *footfall.Event) {
	who := ev.User
	if who.IsZero() {
		who = ev.Visitor
	}
	said := objectOf(ev.Properties)
	switch ev.Type {
	case footfall.Identify:
	case footfall.Group:
		derived := objectOf(ev.Derived)
		id := textOf(derived["$group_id"])
		if id == "" {
			return
		}
		kind := "group"
		if text := textOf(said["groupType"]); text != "" && !strings.Contains(text, ".") {
			kind = text
		}
		f.trait(ev, who, footfall.TraitMember, kind, derived["$group_id"])
		who = schema.GroupID(ev.Tenant, kind, id)
	default:
		return
	}
	out := schema.Unflattened(ev.Derived)
	for key, value := range said {
		if out[key] {
			continue
		}
		if once := objectOf(string(value)); key == "$set_once" && once != nil {
			for key, value := range once {
				if string(value) != "null" && !out["$set_once."+key] {
					f.trait(ev, who, footfall.TraitOnce, key, value)
				}
			}
			continue
		}
		f.trait(ev, who, footfall.TraitSet, key, value)
	}
}

func (f *folder) trait(ev *footfall.Event, id footfall.ID, kind footfall.TraitKind, key string, value json.RawMessage) {
	f.out.Rows.Upsert(&footfall.Upserts{Traits: []footfall.Trait{{
		Tenant: ev.Tenant, Silo: ev.Silo, ID: id, Kind: kind, Key: key, Value: string(value),
		Time: ev.Time, MessageID: ev.MessageID, Position: ev.Position,
	}}})
}

// objectOf returns nil for what is no object.
func objectOf(text string) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &o) // what is no object says nothing
	return o
}

// textOf returns the empty text for what is none.
func textOf(raw json.RawMessage) (text string) {
	_ = json.Unmarshal(raw, &text)
	return text
}
