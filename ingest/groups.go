package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/schema"
)

// maxGroups bounds the groups that one event says it belongs to.
const maxGroups = 10

// groups adds which groups the event belongs to, by their types: "$groups.T" for
// each member of context.groups, and for context.groupId that of the type group.
func (d *deriver) groups() {
	given, found := false, 0
	if m := d.source(envelope.ContextGroups); m != nil && d.s.decoder.Kind(m, envelope.ContextGroups) == envelope.Object {
		d.s.decoder.Members(m, envelope.ContextGroups, func(name, member []byte) {
			id := valueOf(member)
			if found == maxGroups || !schema.IsGroupType(string(name)) || !isGroupID(id) {
				return
			}
			found++
			given = given || string(name) == schema.DefaultGroupType
			d.group(name, id)
		})
	}
	if m := d.source(envelope.ContextGroupID); m != nil && !given {
		if id := d.s.decoder.Raw(m, envelope.ContextGroupID); isGroupID(id) {
			d.group([]byte(schema.DefaultGroupType), id)
		}
	}
}

func (d *deriver) group(groupType, id []byte) {
	if len(d.b) > 1 {
		d.b = append(d.b, ',')
	}
	d.b = append(appendQuoted(d.b, schema.GroupsPrefix+string(groupType)), ':')
	if id[0] == '"' {
		d.b = append(d.b, id...)
	} else {
		d.b = appendQuoted(d.b, id)
	}
}

// isGroupID reports whether a JSON value is a text that is not empty, or an
// integer, which counts as its digits.
func isGroupID(raw []byte) bool {
	return len(raw) > 2 && raw[0] == '"' || len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && integer(raw)
}

// valueOf returns the value of a member of an object.
func valueOf(member []byte) []byte {
	end := 1
	for ; member[end] != '"'; end++ {
		if member[end] == '\\' {
			end++
		}
	}
	_, value, _ := bytes.Cut(member[end:], []byte{':'})
	return bytes.TrimLeft(value, " \t\r\n")
}
