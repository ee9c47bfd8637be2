package querytest

import (
	"encoding/json"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// beats reports whether of two things said under one key, by whichever ids, the
// first counts.
func beats(a, b *footfall.Trait) bool {
	if a.Kind != b.Kind {
		return a.Kind == footfall.TraitSet // what was set once counts where nothing else was said
	}
	if a.Time != b.Time {
		if a.Kind == footfall.TraitOnce {
			return a.Time < b.Time
		}
		return a.Time > b.Time
	}
	if a.MessageID != b.MessageID {
		return a.MessageID > b.MessageID
	}
	return a.Value > b.Value
}

// said returns what counts of what was said of some ids: by key, without what
// was last said to be nothing.
func (a *asked) said(member bool, of func(footfall.ID) bool) map[string]string {
	best := map[string]*footfall.Trait{}
	for i := range a.world.Traits {
		t := &a.world.Traits[i]
		if t.Tenant != a.tenant.ID || (t.Kind == footfall.TraitMember) != member || !of(t.ID) {
			continue
		}
		if old := best[t.Key]; old == nil || beats(t, old) {
			best[t.Key] = t
		}
	}
	values := map[string]string{}
	for key, t := range best {
		if t.Value != "null" {
			values[key] = t.Value
		}
	}
	return values
}

func (a *asked) of(person footfall.ID) func(footfall.ID) bool {
	return func(id footfall.ID) bool { return a.people.of(id) == person }
}

// trait returns what a person says under a key.
func (a *asked) trait(person footfall.ID, key string) (value, bool) {
	if a.spoken == nil {
		a.spoken = map[footfall.ID]map[string]string{}
	}
	said, ok := a.spoken[person]
	if !ok {
		said = a.said(false, a.of(person))
		a.spoken[person] = said
	}
	return scalar(json.RawMessage(said[key]))
}

// group returns the group of a type that an event is about: the one it names,
// else the one its person was last said to be in; "" for none.
func (a *asked) group(kind string, f *fact) string {
	if own := f.values["$groups."+kind]; own.text != "" {
		return own.text
	}
	v, _ := scalar(json.RawMessage(a.said(true, a.of(f.person))[kind]))
	return v.text
}

// groupTrait returns what is said of a group under a key.
func (a *asked) groupTrait(kind, group, key string) (value, bool) {
	id := schema.GroupID(a.tenant.ID, kind, group)
	return scalar(json.RawMessage(a.said(false, func(of footfall.ID) bool { return of == id })[key]))
}

// shownTraits returns the traits of a person as they were sent.
func (a *asked) shownTraits(person footfall.ID) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	for key, text := range a.said(false, a.of(person)) {
		values[key] = json.RawMessage(strings.TrimSpace(text))
	}
	return values
}
