package schema

import "strings"

// Names that say who is in which group. Those that begin with "$" are ours.
const (
	// GroupIDName is the derived name of a group event with the group's id, and
	// GroupTypeName the trait with its type.
	GroupIDName   = "$group_id"
	GroupTypeName = "groupType"
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
