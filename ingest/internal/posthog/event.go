package posthog

import (
	"encoding/json"
	"maps"
	"strings"
)

// event turns one event into one message, or into two if it also sets traits.
func (t *translator) event(source int, raw json.RawMessage) {
	e := asObject(raw)
	if e == nil {
		t.add(source, raw) // not an object: the door says so
		return
	}
	if t.batch.Key == "" {
		t.batch.Key = firstText(e, "api_key", "token")
	}
	properties := object{}
	if p, ok := e["properties"]; ok && !isNull(p) && !emptyArray(p) {
		if properties = asObject(p); properties == nil {
			t.add(source, object{"type": quote("track"), "event": quote(e.text("event")), "properties": p, "userId": e["distinct_id"]}.withoutNulls().encode())
			return
		}
	}
	if t.batch.Key == "" {
		t.batch.Key = properties.text("token")
	}
	m := object{}
	id := e.id("distinct_id")
	if id == nil {
		id = properties.id("distinct_id")
	}
	if id == nil {
		id = properties.id("$distinct_id")
	}
	name := e.text("event")
	t.times(m, e, properties)
	messageID(m, e, properties)
	who(m, id, properties)
	set, once := traits(e, properties)

	switch name {
	case "$identify", "$set", "$set_once":
		t.add(source, identify(m, properties, set, once).encode())
		return
	case "$create_alias", "$merge_dangerously":
		t.add(source, alias(m, id, properties).encode())
		return
	case "$groupidentify":
		t.add(source, group(m, properties).encode())
		return
	case "$pageview":
		m["type"] = quote("page")
	case "$screen":
		m["type"] = quote("screen")
		properties.move("$screen_name", m, "name")
	default:
		m["type"] = quote("track")
		if event, ok := e["event"]; ok {
			m["event"] = event
		}
	}
	context := contextOf(properties)
	m.put("context", context)
	m.put("properties", tidy(properties, context))
	t.add(source, m.withoutNulls().encode())
	if len(set)+len(once) > 0 {
		t.add(source, identify(second(m), object{}, set, once).encode())
	}
}

// times fills in when it happened.
func (t *translator) times(m, e, properties object) {
	switch {
	case !isNull(e["timestamp"]):
		m["timestamp"] = e["timestamp"]
	case !isNull(e["offset"]):
		m["timestamp"] = before(t.received, e["offset"])
	case !isNull(properties["timestamp"]):
		m["timestamp"] = properties["timestamp"]
	}
}

func messageID(m, e, properties object) {
	for _, id := range []json.RawMessage{e.id("uuid"), properties.id("$insert_id")} {
		if id != nil {
			m["messageId"] = id
			return
		}
	}
}

// who fills in visitor and user.
func who(m object, id json.RawMessage, properties object) {
	device := properties.id("$device_id")
	switch {
	case id == nil:
		// The door says what is missing; a device alone is nobody's id.
	case properties.isFalse("$is_identified"), properties.isFalse("$process_person_profile"):
		m["anonymousId"] = id
	case device != nil && string(device) == string(id):
		m["anonymousId"] = id
	default:
		m["userId"] = id
		if device != nil {
			m["anonymousId"] = device
		}
	}
}

// traits takes what an event sets out of it, from either of the places where
// SDKs put it.
func traits(e, properties object) (set, once object) {
	set, once = object{}, object{}
	for _, from := range []object{properties, e} {
		for name, to := range map[string]object{"$set": set, "$set_once": once} {
			maps.Copy(to, asObject(from[name]).withoutNulls())
			delete(from, name)
		}
	}
	for key := range set {
		delete(once, key) // it would lose anyway
	}
	return set, once
}

// identify makes the message that says who somebody is and what they are like.
func identify(m, properties, set, once object) object {
	m["type"] = quote("identify")
	if anonymous := properties.id("$anon_distinct_id"); anonymous != nil {
		m["anonymousId"] = anonymous
	}
	m.put("context", contextOf(properties))
	set.put("$set_once", once)
	m.put("traits", set)
	return m.withoutNulls()
}

// alias makes the message that says that two ids are one person. PostHog reads
// the alias as its distinct_id; while a browser is still anonymous the alias is
// the user that the visitor turned out to be.
func alias(m object, id json.RawMessage, properties object) object {
	from, to := properties.id("alias"), id
	if m["anonymousId"] != nil && m["userId"] == nil {
		from, to = to, from
	}
	m["type"] = quote("alias")
	m["previousId"], m["userId"] = from, to
	delete(m, "anonymousId")
	return m.withoutNulls()
}

// group makes the message about a group.
func group(m, properties object) object {
	m["type"] = quote("group")
	m["groupId"] = properties["$group_key"]
	set := asObject(properties["$group_set"])
	if set == nil {
		set = object{}
	}
	if kind := properties.id("$group_type"); kind != nil {
		set["groupType"] = kind
	}
	m.put("context", contextOf(properties))
	m.put("traits", set)
	return m.withoutNulls()
}

// second starts the message for the traits that another one sets.
func second(m object) object {
	out := object{}
	for _, name := range []string{"anonymousId", "userId", "timestamp"} {
		if raw, ok := m[name]; ok {
			out[name] = raw
		}
	}
	if id := m.text("messageId"); id != "" {
		out["messageId"] = quote(strings.TrimSpace(id) + "/set")
	}
	return out
}
