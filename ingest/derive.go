package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/schema"
)

// derive computes the "$" names of the event from what its context and the
// properties of a page say. Values are copied as the JSON they are.
func (s *request) derive(m, shared *envelope.Message) {
	d := deriver{s: s, own: m, shared: shared, b: append(s.made.derived[:0], '{')}
	page := s.event.Type == footfall.Page
	url := d.pageField("$url", envelope.PropertyURL, envelope.PageURL, page)
	path := d.path(page, url)
	d.referrer(page, url)
	if url != nil {
		d.campaign(url, envelope.PropertyURL, envelope.PageURL)
	} else {
		d.campaign(path, envelope.PropertyPath, envelope.PagePath)
	}
	if !d.field("$locale", d.source(envelope.ContextLocale), envelope.ContextLocale) {
		if language := s.sender().language; language != "" {
			d.quoted("$locale", []byte(language))
		}
	}
	d.field("$timezone", d.source(envelope.ContextTimezone), envelope.ContextTimezone)
	screen := d.source(envelope.ContextScreen)
	d.number("$screen_width", screen, envelope.ScreenWidth)
	d.number("$screen_height", screen, envelope.ScreenHeight)
	d.field("$app_version", d.source(envelope.ContextApp), envelope.AppVersion)
	d.field("$library", d.source(envelope.ContextLibrary), envelope.LibraryName)
	d.agent()
	d.place()
	d.groups()
	if len(s.made.groupID) > 0 {
		d.quoted(schema.GroupIDName, s.made.groupID)
	}
	if s.event.Marks&footfall.NonInteractive != 0 {
		d.name("$interactive")
		d.b = append(d.b, "false"...)
	}
	if len(d.b) > 1 {
		d.b = append(d.b, '}')
		s.event.Derived = d.b
	}
	s.made.derived = d.b
}

type deriver struct {
	s      *request
	own    *envelope.Message
	shared *envelope.Message // nil if there is no shared context
	b      []byte
}

// source returns the message whose context counts for a top-level name: the
// message's own, else the shared one, nil if neither has it.
func (d *deriver) source(name envelope.Field) *envelope.Message {
	switch {
	case d.own.Has(name) || d.own.Null(name):
		return d.own
	case d.shared != nil && d.shared.Has(name):
		return d.shared
	}
	return nil
}

// pageField adds a name that is a property of a page, else in context.page. It
// returns the message it was found in.
func (d *deriver) pageField(name string, property, context envelope.Field, page bool) *envelope.Message {
	if page && d.field(name, d.own, property) {
		return d.own
	}
	if m := d.source(envelope.ContextPage); d.field(name, m, context) {
		return m
	}
	return nil
}

// path adds $path: the path that was given, without the query that an access
// log writes behind it, else that of the URL. It returns the message with the
// path.
func (d *deriver) path(page bool, url *envelope.Message) *envelope.Message {
	before := len(d.b)
	m := d.pageField("$path", envelope.PropertyPath, envelope.PagePath, page)
	from, property, context := m, envelope.PropertyPath, envelope.PagePath
	if m == nil {
		from, property, context = url, envelope.PropertyURL, envelope.PageURL
	} else if bytes.IndexByte(d.b[before:], '?') < 0 {
		return m
	}
	if from != nil {
		if text := d.text(from, property, context); len(text) > 0 {
			d.b = d.b[:before]
			d.quoted("$path", urlPath(text))
		}
	}
	return m
}

// field adds a name whose value is a text that is not empty.
func (d *deriver) field(name string, m *envelope.Message, f envelope.Field) bool {
	if m == nil || d.s.decoder.Kind(m, f) != envelope.String {
		return false
	}
	raw := d.s.decoder.Raw(m, f)
	if len(raw) <= 2 {
		return false
	}
	d.name(name)
	d.b = append(d.b, raw...)
	return true
}

// number adds a name whose value is a number.
func (d *deriver) number(name string, m *envelope.Message, f envelope.Field) {
	if m != nil && d.s.decoder.Kind(m, f) == envelope.Number {
		d.name(name)
		d.b = append(d.b, d.s.decoder.Raw(m, f)...)
	}
}

func (d *deriver) name(name string) {
	if len(d.b) > 1 {
		d.b = append(d.b, ',')
	}
	d.b = append(append(append(d.b, '"'), name...), `":`...)
}

func (d *deriver) quoted(name string, text []byte) {
	d.name(name)
	d.b = appendQuoted(d.b, text)
}

// members adds members that are written already.
func (d *deriver) members(text string) {
	if text != "" && len(d.b) > 1 {
		d.b = append(d.b, ',')
	}
	d.b = append(d.b, text...)
}

// text returns the value that pageField found in m, without escapes.
func (d *deriver) text(m *envelope.Message, property, context envelope.Field) (text []byte) {
	f := context
	if d.s.event.Type == footfall.Page && m == d.own && len(d.s.decoder.Raw(m, property)) > 2 && d.s.decoder.Kind(m, property) == envelope.String {
		f = property
	}
	text, d.s.made.text = d.s.decoder.AppendText(d.s.made.text[:0], m, f)
	return text
}

// urlPath returns the path of an absolute or relative URL, "/" if it has none.
func urlPath(url []byte) []byte {
	if i := bytes.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	if _, rest, ok := bytes.Cut(url, []byte("://")); ok {
		if i := bytes.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
		return []byte{'/'}
	}
	return url
}

// unescapeQuery resolves %XX and + of a query value; what is no escape stays.
func unescapeQuery(value []byte) []byte {
	if bytes.IndexByte(value, '%') < 0 && bytes.IndexByte(value, '+') < 0 {
		return value
	}
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '+':
			out = append(out, ' ')
		case c == '%' && i+2 < len(value) && fromHex(value[i+1]) >= 0 && fromHex(value[i+2]) >= 0:
			out = append(out, byte(fromHex(value[i+1])<<4|fromHex(value[i+2])))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out
}

func fromHex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
