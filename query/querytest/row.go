package querytest

import (
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
)

// Row is a line of a script that says what was sent.
type Row struct {
	// Kind is the type of an event ("track", "page" …); "link", "unlink" or
	// "alias"; "trait", "once" or "member"; "store" or "freeze" of a segment; or
	// "partitions" of the log.
	Kind string
	At   time.Time // of events and of what is said

	Name, Visitor, User string // of events
	ID                  string // of the message, of events and of what is said
	Session             uint64
	Marks               footfall.Marks
	Properties          string // a JSON object

	Of  string // whose row it is: "visitor:ID", "user:ID" or "group:TYPE:ID"
	Key string // the name of a trait, the type of a group, the id of a segment
	To  string // the user of an edge, the JSON of a trait or segment, the id of a group, a number of partitions
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

// markName is what a script calls a mark.
type markName struct {
	name string
	mark footfall.Marks
}

// markNames are in the order in which a row has them.
var markNames = []markName{{"non_interactive", footfall.NonInteractive}, {"key_event", footfall.KeyEvent}}

func isStored(kind string) bool { return kind == "store" || kind == "freeze" }

// String returns the row as a line of a script.
func (r Row) String() string {
	words := []string{r.Kind}
	if _, ok := linkKinds[r.Kind]; ok {
		return strings.Join(append(words, quote(r.Of), quote(r.To)), " ")
	}
	if _, ok := traitKinds[r.Kind]; ok {
		words = append(words, quote(r.Of), r.At.UTC().Format(time.RFC3339Nano), quote(r.Key))
		if r.ID != "" {
			words = append(words, "id="+quote(r.ID))
		}
		if r.Kind == "member" {
			return strings.Join(append(words, quote(r.To)), " ")
		}
		return strings.Join(append(words, r.To), " ")
	}
	if isStored(r.Kind) {
		return strings.Join(append(words, quote(r.Key), r.To), " ")
	}
	if r.Kind == "partitions" {
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
	for _, m := range markNames {
		if r.Marks&m.mark != 0 {
			words = append(words, "mark="+m.name)
		}
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
