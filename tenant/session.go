package tenant

import (
	"errors"
	"fmt"
	"slices"
)

// Session says what events are to the session of their visitor. Names are those
// that queries use: a track's own, "$page" or "$screen".
type Session struct {
	// NonInteractive are the events that happen without anybody doing
	// something: what is loaded, seen or refreshed by itself. Such an event
	// neither opens a session nor makes one longer. It belongs to the session
	// that another event in its place would join, and counts among its events,
	// but is none of its views and does not make it engaged; where there is no
	// such session, it belongs to none.
	//
	// Whatever its name, an event is non-interactive too if its sender says so:
	// by the property nonInteraction or non_interaction, true or a number but 0.
	// Defaults to none.
	NonInteractive []string
	// KeyEvents are the events that matter most: a session with one is engaged
	// and no bounce, however short it is. Defaults to none.
	KeyEvents []string
	// Campaign cuts sessions where a campaign begins: an event whose $utm names
	// are not those of the event that opened the session it would join opens
	// another, however soon it comes. One without $utm names cuts nothing, and
	// joins of the sessions that lie around it the one that began last.
	// Defaults to false.
	Campaign bool
	// ID is the property in which senders say in which session an event is, or,
	// as "context.NAME", a member of the context: a text that is not empty, or an
	// integer. Events of one visitor that have the same are in one session,
	// however far apart they are within the cap, and others in another; Campaign
	// does not matter to them. That holds for servers' events as well, if they
	// have the visitor's anonymousId. A session that comes back when it was
	// forgotten, the gap and a day after its last event, is another one. Events
	// without one join by time. Defaults to none.
	ID string
}

// maxSessionNames bounds each list: every event is compared with them.
const maxSessionNames = 100

func (n *Session) validate() error {
	var errs []error
	check := func(field string, names []string) {
		if len(names) > maxSessionNames {
			errs = append(errs, fmt.Errorf("session.%s: %d names, at most %d are possible", field, len(names), maxSessionNames))
		}
		for _, name := range names {
			switch name {
			case "$identify", "$group", "$alias", "$other":
				errs = append(errs, fmt.Errorf("session.%s: %s is the name of no event that a session has", field, name))
			case "":
				errs = append(errs, fmt.Errorf("session.%s: a name is empty", field))
			}
		}
	}
	check("non_interactive", n.NonInteractive)
	check("key_events", n.KeyEvents)
	for _, name := range n.KeyEvents {
		if slices.Contains(n.NonInteractive, name) {
			errs = append(errs, fmt.Errorf("session: %q is among key_events and non_interactive, which make nothing engaged", name))
		}
	}
	if len(n.ID) > 200 || n.ID == "context." {
		errs = append(errs, fmt.Errorf("session.id: %q is no name: it has at most 200 bytes, and one behind context", n.ID))
	}
	return errors.Join(errs...)
}
