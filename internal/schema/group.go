package schema

import "strings"

// Names that say who is in which group. Ours begin with "$", so that no sender's
// are among them by chance.
const (
	// GroupIDName and GroupTypeName are derived names of a group event: the id
	// and, where the message says so, the type of its group.
	GroupIDName   = "$group_id"
	GroupTypeName = "$group_type"
	// GroupsPrefix stands before a type in the names of an event that tell the
	// group of that type which it belongs to: "$groups.company".
	GroupsPrefix = "$groups."
	// DefaultGroupType is that of groups nobody said the type of.
	DefaultGroupType = "group"
	// SetOnce is the member of an identify's traits whose own members count
	// only where nothing was said before.
	SetOnce = "$set_once"
)

// maxGroupType bounds the name of a type.
const maxGroupType = 100

// IsGroupType reports whether a text can name a type of groups: one with a dot
// could not be asked for.
func IsGroupType(text string) bool {
	return text != "" && len(text) <= maxGroupType && !strings.ContainsAny(text, ".\x00")
}
