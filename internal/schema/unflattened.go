package schema

import (
	"encoding/json"
	"strings"
)

// MaxFlatDepth is how deep objects are flattened; a deeper one stands in texts
// as JSON, like an array.
const MaxFlatDepth = 16

// UnflattenedName is the derived name of what the door found over a tenant's
// caps, or under names that are derived: an array of names of properties that are kept as sent and neither
// flattened nor made traits. It is the first of the derived names, so that
// events without it are known at sight.
const UnflattenedName = "$unflattened"

const unflattenedStart = `{"` + UnflattenedName + `":`

// Unflattened returns what derived names list under [UnflattenedName], nil if
// they do not.
func Unflattened(derived string) map[string]bool {
	list, ok := strings.CutPrefix(derived, unflattenedStart)
	if !ok {
		return nil
	}
	var names []string
	if json.NewDecoder(strings.NewReader(list)).Decode(&names) != nil {
		return nil
	}
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
