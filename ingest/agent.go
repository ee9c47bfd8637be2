package ingest

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// Agent is what a user agent tells of whom an event is from. An empty text is
// "unknown".
type Agent struct {
	Browser        string // "Chrome", "Safari", …
	BrowserVersion string
	OS             string // "Windows", "iOS", …
	OSVersion      string
	Device         string // desktop, mobile, tablet, tv or console
	Bot            bool   // a program that visits by itself
}

// UserAgents takes user agents apart. What it says of one must not change:
// answers are kept for a while. It is called concurrently, with texts from
// strangers of at most 512 bytes.
type UserAgents interface {
	Parse(userAgent string) Agent
}

const (
	maxAgent   = 512  // bytes of a user agent that are looked at
	keptAgents = 2048 // that are remembered at least
)

// agentNames are the derived names of one user agent, written already: to look
// them up and copy them costs less than to take the text apart.
type agentNames struct {
	source     string // the text, as it stands in JSON
	members    string // of an object, with commas between
	os, device bool   // these are among them
}

// agent adds $browser, $os, $device and $bot: from the user agent in the
// context, which is the only one that a server can know; else from the header,
// if it is a browser that sends. What the user agent leaves open is taken from
// what an app or a browser says of its system by name.
func (d *deriver) agent() {
	var names *agentNames
	if d.s.h.config.UserAgent != nil {
		names = d.agentNames()
	}
	hasOS, hasDevice := false, false
	if names != nil {
		d.members(names.members)
		hasOS, hasDevice = names.os, names.device
	}
	app := d.source(envelope.ContextOS)
	hints := d.source(envelope.ContextHints)
	if !hasOS {
		if d.field("$os", app, envelope.OSName) {
			d.field("$os_version", app, envelope.OSVersion)
		} else {
			d.field("$os", hints, envelope.HintPlatform)
		}
	}
	if !hasDevice {
		switch {
		case hints != nil && string(d.s.decoder.Raw(hints, envelope.HintMobile)) == "true",
			app != nil && handheld(d.s.decoder.Raw(app, envelope.OSName)):
			d.quoted("$device", []byte("mobile"))
		}
	}
}

// handheld reports whether a system, as JSON, is one of telephones.
func handheld(system []byte) bool {
	return bytes.EqualFold(system, []byte(`"android"`)) || bytes.EqualFold(system, []byte(`"ios"`))
}

// agentNames returns what is known of the user agent of the message, nil if it
// has none.
func (d *deriver) agentNames() *agentNames {
	s := d.s
	if m := d.source(envelope.ContextUserAgent); m != nil && s.decoder.Kind(m, envelope.ContextUserAgent) == envelope.String {
		raw := s.decoder.Raw(m, envelope.ContextUserAgent)
		if raw = raw[1 : len(raw)-1]; len(raw) > 0 {
			if s.agent != nil && s.agent.source == string(raw) {
				return s.agent // as the event before
			}
			s.agent = s.h.agentOf(view(raw), func() string {
				text, _ := s.decoder.AppendText(nil, m, envelope.ContextUserAgent)
				return string(text)
			})
			return s.agent
		}
	}
	if from := s.sender(); from.agent != "" {
		if s.agent == nil || s.agent.source != from.agent {
			s.agent = s.h.agentOf(from.agent, func() string { return from.agent })
		}
		return s.agent
	}
	return nil
}

// agentOf returns what is known of a user agent. Source names it and is not
// kept; text is asked for if it is new.
func (h *Handler) agentOf(source string, text func() string) *agentNames {
	if len(source) > maxAgent {
		// Nobody has one so long but who makes them up: not worth remembering.
		return h.parseAgent("", text())
	}
	names, ok := h.agents.get(source)
	if !ok {
		names = h.parseAgent(strings.Clone(source), text())
		h.agents.put(names.source, names)
	}
	return names
}

func (h *Handler) parseAgent(source, text string) *agentNames {
	a := h.config.UserAgent.Parse(text[:min(len(text), maxAgent)])
	names := &agentNames{source: source, os: a.OS != "", device: a.Device != ""}
	var b []byte
	for _, member := range [...]struct{ name, value string }{
		{"$browser", a.Browser},
		{"$browser_version", a.BrowserVersion},
		{"$os", a.OS},
		{"$os_version", a.OSVersion},
		{"$device", a.Device},
	} {
		if member.value != "" {
			b = append(append(append(b, ',', '"'), member.name...), '"', ':')
			b = appendQuoted(b, member.value)
		}
	}
	if a.Bot {
		b = append(b, `,"$bot":true`...)
	}
	if len(b) > 0 {
		names.members = string(b[1:])
	}
	return names
}

// view is b as a text for as long as b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
