package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wireFields are the fields of a message that a column or a template may fill.
var wireFields = []string{"type", "messageId", "anonymousId", "userId", "previousId", "groupId", "event", "name", "category", "timestamp"}

// implied are those that a column fills by its name alone. A column "name" is
// a product's or a person's far more often than a page's.
var implied = []string{"type", "messageId", "anonymousId", "userId", "previousId", "groupId", "event", "timestamp"}

// combinedMap is what the columns of an access log mean unless mapped.
var combinedMap = map[string]string{
	"type": "page", "anonymousId": "{visitor}", "userId": "{user}", "timestamp": "{time}",
	"context.ip": "{ip}", "context.userAgent": "{user_agent}",
}

// mapping turns rows into messages.
type mapping struct {
	name   string
	zone   *time.Location
	given  bool                // templates were given: rows are columns even where they look like messages
	fields []fieldTemplate     // wire fields, in a fixed order
	nested []fieldTemplate     // properties.…, traits.…, context.…
	used   map[string]struct{} // columns that a template reads
}

type fieldTemplate struct {
	field string
	template
}

func newMapping(cfg *Config) (*mapping, error) {
	m := &mapping{name: cfg.Name, zone: cfg.Zone, given: len(cfg.Map) > 0, used: map[string]struct{}{}}
	texts := map[string]string{}
	if cfg.Format == Combined {
		maps.Copy(texts, combinedMap)
		if cfg.Map["event"] != "" {
			texts["type"] = "track"
		}
	}
	maps.Copy(texts, cfg.Map)
	var errs []error
	for _, field := range slices.Sorted(maps.Keys(texts)) {
		t, err := parseTemplate(texts[field])
		scope, rest, dotted := strings.Cut(field, ".")
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("importer: the template of %s, %q: %w", field, texts[field], err))
		case slices.Contains(wireFields, field):
			m.fields = append(m.fields, fieldTemplate{field, t})
		case dotted && rest != "" && (scope == "properties" || scope == "traits" || scope == "context"):
			m.nested = append(m.nested, fieldTemplate{field, t})
		default:
			errs = append(errs, fmt.Errorf("importer: there is no field %q to map; there are %s, properties.NAME, traits.NAME and context.NAME",
				field, strings.Join(wireFields, ", ")))
		}
		for _, p := range t {
			if p.column {
				m.used[p.text] = struct{}{}
			}
		}
	}
	return m, errors.Join(errs...)
}

// checkColumns reports templates that read columns the file does not have.
func (m *mapping) checkColumns(columns []string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.used)) {
		if !slices.Contains(columns, name) {
			errs = append(errs, fmt.Errorf("there is no column %q; there are %s", name, strings.Join(columns, ", ")))
		}
	}
	return errors.Join(errs...)
}

func (m *mapping) template(field string) (template, bool) {
	for i := range m.fields {
		if m.fields[i].field == field {
			return m.fields[i].template, true
		}
	}
	return nil, false
}

// value returns what a row says for a message field.
func (m *mapping) value(r *row, field string) string {
	if t, ok := m.template(field); ok {
		return t.fill(r)
	}
	if _, taken := m.used[field]; taken || !slices.Contains(implied, field) {
		return ""
	}
	return r.text(field)
}

// isField reports whether a column stands for a message field or is read by a
// template, and so is no property.
func (m *mapping) isField(column string) bool {
	if _, ok := m.used[column]; ok {
		return true
	}
	if !slices.Contains(implied, column) {
		return false
	}
	_, mapped := m.template(column)
	return !mapped
}

// append appends the message of a row, without line break.
func (m *mapping) append(b []byte, r *row) []byte {
	if r.message && !m.given {
		return m.appendMessage(b, r)
	}
	kind := m.value(r, "type")
	if kind == "" {
		kind = "track"
	}
	b = append(b, `{"type":`...)
	b = appendString(b, kind)
	for _, field := range wireFields[1:] {
		v := m.value(r, field)
		switch {
		case field == "messageId" && v == "":
			v = m.messageID(r)
		case v == "":
			continue
		case field == "timestamp":
			v = timestamp(v, m.zone)
		}
		b = append(b, ',', '"')
		b = append(b, field...)
		b = append(b, '"', ':')
		b = appendString(b, v)
	}
	return append(m.appendNested(b, r, kind), '}')
}

func (m *mapping) messageID(r *row) string {
	return m.name + ":" + strconv.FormatInt(r.number, 10)
}

// appendMessage appends a finished message, completed where it is silent.
func (m *mapping) appendMessage(b []byte, r *row) []byte {
	b = append(b, '{')
	for i := range r.cells {
		c := &r.cells[i]
		if c.name == "messageId" && c.string() == "" {
			continue
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, c.name), ':')
		if text := c.string(); c.name == "timestamp" && text != "" {
			b = appendString(b, timestamp(text, m.zone))
		} else {
			b = append(b, c.raw...)
		}
	}
	if r.text("messageId") == "" {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, `"messageId":`...)
		b = appendString(b, m.messageID(r))
	}
	return append(b, '}')
}

// appendNested appends the objects of a message: unused columns, and what
// templates put into properties, traits and context.
func (m *mapping) appendNested(b []byte, r *row, kind string) []byte {
	target := "properties"
	if kind == "identify" || kind == "group" {
		target = "traits"
	}
	start := len(b)
	b = append(b, ',', '"')
	b = append(b, target...)
	b = append(b, `":{`...)
	open := len(b)
	for i := range r.cells {
		c := &r.cells[i]
		if m.isField(c.name) {
			continue
		}
		at := len(b)
		if len(b) > open {
			b = append(b, ',')
		}
		b = append(appendString(b, c.name), ':')
		var ok bool
		if b, ok = c.appendJSON(b); !ok {
			b = b[:at]
		}
	}
	if len(m.nested) == 0 {
		if len(b) == open {
			return b[:start]
		}
		return append(b, '}')
	}
	tree := object{}
	for i := range m.nested {
		if v := m.nested[i].fill(r); v != "" {
			tree.set(strings.Split(m.nested[i].field, "."), v)
		}
	}
	b = tree.take(target).appendMembers(b, len(b) == open)
	b = append(b, '}')
	if len(b) == open+1 {
		b = b[:start]
	}
	return tree.appendMembers(b, false)
}

// object is a JSON object of texts, numbers and further objects.
type object map[string]any

func (o object) set(path []string, v string) {
	for _, name := range path[:len(path)-1] {
		next, ok := o[name].(object)
		if !ok {
			next = object{}
			o[name] = next
		}
		o = next
	}
	o[path[len(path)-1]] = v
}

// take removes a member and returns it.
func (o object) take(name string) object {
	inner, _ := o[name].(object)
	delete(o, name)
	return inner
}

func (o object) appendMembers(b []byte, first bool) []byte {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, name), ':')
		switch v := o[name].(type) {
		case object:
			b = append(v.appendMembers(append(b, '{'), true), '}')
		case string:
			b, _ = (&cell{text: v}).appendJSON(b)
		}
	}
	return b
}
