package foldtest

import (
	"fmt"
	"math/rand/v2"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Generate returns a log of n records of partition 0 that goes where the rules
// meet: few visitors and users, so that everything happens to the same ones;
// late and out-of-order events, copies, shared devices, aliases, unlinks,
// erasures, settings and marks of all kinds, parked events and replays of them, in time or
// too late, hours and days in which nothing comes.
func Generate(seed uint64, n int) []footfall.Record {
	g := generator{Rand: rand.New(rand.NewPCG(seed, 0)), now: 1_700_000_000_000}
	records := make([]footfall.Record, 0, n)
	for i := range n {
		g.now += g.pause()
		g.offset = int64(i) + int64(i)/7
		rec := g.record()
		rec.Offset, rec.Time = g.offset, g.now
		records = append(records, rec)
	}
	return records
}

type generator struct {
	*rand.Rand
	now    footfall.Millis
	offset int64
	last   []sent
	parked []parked
	job    uint64
	ids    int
}

// parked is an event that was set aside.
type parked struct {
	sent
	origin   footfall.Position
	received footfall.Millis
}

type sent struct {
	tenant string
	event  record.Event
}

func pick[T any](g *generator, values ...T) T { return values[g.IntN(len(values))] }

func (g *generator) pause() footfall.Millis {
	switch p := g.IntN(200); {
	case p == 0:
		return footfall.Millis(g.Int64N(3 * 24 * 3_600_000))
	case p < 5:
		return footfall.Millis(g.Int64N(4 * 3_600_000))
	case p < 40:
		return footfall.Millis(g.Int64N(10 * 60_000))
	case p < 80:
		return 0
	default:
		return footfall.Millis(g.Int64N(20_000))
	}
}

func (g *generator) record() footfall.Record {
	name := pick(g, "shop", "shop", "shop", "news")
	id, _ := tenant.ParseID(name)
	h := record.Header{
		Kind: record.Events, Tenant: id, Settings: 1, Received: g.now,
		Gap:    pick[footfall.Millis](g, 30, 30, 30, 30, 5, 60) * 60_000,
		Cap:    pick[footfall.Millis](g, 24, 24, 24, 2) * 3_600_000,
		Window: pick[footfall.Millis](g, 120, 120, 120, 60, 90, 1440) * 60_000,
	}
	if g.IntN(50) == 0 {
		h.Silo = name
	}
	switch g.IntN(60) {
	case 0:
		return command(h, record.Order{Unlink: &record.Unlink{AnonymousID: g.visitor(), UserID: g.user()}})
	case 1:
		e := record.Erase{Name: fmt.Sprint("e", g.IntN(1000))}
		switch g.IntN(8) {
		case 0:
			e.All = true
		case 1: // nobody
		case 2, 3:
			e.Users = []string{g.user()}
		case 4, 5:
			e.Visitors = []string{g.visitor(), g.visitor()}
		case 6:
			e.IDs = []footfall.ID{schema.VisitorID(id, g.visitor()), schema.UserID(id, g.user())}
		default:
			e.Users, e.Visitors = []string{g.user()}, []string{g.visitor()}
		}
		return command(h, record.Order{Erase: &e})
	}
	var enc record.Encoder
	switch g.IntN(8) {
	case 0:
		h.Kind, h.Reason = record.Parked, pick(g, "over the plan", "unpaid")
	case 1:
		if len(g.parked) > 0 {
			return g.replay(h, name)
		}
	}
	enc.Reset(h)
	for i := range uint32(1 + g.IntN(8)) {
		ev := g.event(name)
		enc.Add(&ev)
		if h.Kind == record.Parked {
			g.parked = append(g.parked, parked{sent{name, ev}, footfall.Position{Offset: g.offset, Index: i}, g.now})
		}
	}
	return enc.Record(0)
}

// replay brings some parked events back, perhaps not for the first time.
func (g *generator) replay(h record.Header, name string) footfall.Record {
	if g.IntN(3) > 0 {
		g.job++
	}
	h.Kind, h.Basis = record.Replay, record.Basis{Job: g.job, Seen: max(g.offset-g.Int64N(30), 0)}
	var enc record.Encoder
	enc.Reset(h)
	for range 1 + g.IntN(6) {
		if p := &g.parked[g.IntN(len(g.parked))]; p.tenant == name {
			back := record.Return{Origin: p.origin}
			if back.Folded = g.IntN(3) == 0; back.Folded {
				back.Session = g.Uint64()
			}
			enc.AddReturn(&p.event, back, p.received)
		}
	}
	return enc.Record(0)
}

func command(h record.Header, o record.Order) footfall.Record {
	rec, _ := record.NewOrder(h, 0, o) // an order of texts always encodes
	return rec
}

func (g *generator) visitor() string { return fmt.Sprint("v", g.IntN(6)) }
func (g *generator) user() string    { return fmt.Sprint("u", g.IntN(3)) }

func (g *generator) event(name string) record.Event {
	if len(g.last) > 0 && g.IntN(6) == 0 {
		// A copy of an event, a recent one more likely, as it was or with
		// another time.
		i := len(g.last) - 1 - min(g.IntN(len(g.last)), g.IntN(len(g.last)))
		if s := g.last[i]; s.tenant == name {
			if g.IntN(4) == 0 {
				s.event.Time += footfall.Millis(g.Int64N(3_600_000))
			}
			return s.event
		}
	}
	g.ids++
	ev := record.Event{Name: []byte("E"), MessageID: fmt.Append(nil, "m", g.ids), Time: g.now - g.late()}
	ev.Type = pick(g, footfall.Track, footfall.Track, footfall.Page, footfall.Page, footfall.Screen,
		footfall.Identify, footfall.Group, footfall.Alias)
	if ev.Type == footfall.Alias {
		ev.Previous = []byte(pick(g, g.visitor(), g.user()))
		ev.User = []byte(g.user())
	} else {
		if g.IntN(5) > 0 {
			ev.Anonymous = []byte(g.visitor())
		}
		if len(ev.Anonymous) == 0 || g.IntN(3) == 0 {
			ev.User = []byte(g.user())
		}
	}
	g.says(&ev)
	ev.Marks = pick[footfall.Marks](g, 0, 0, 0, 0, footfall.NonInteractive, footfall.KeyEvent, footfall.NonInteractive|footfall.KeyEvent)
	switch g.IntN(4) { // tenants have one or the other, until they change their mind
	case 0:
		ev.Marks |= footfall.ByCampaign
		ev.Tag = pick[uint32](g, 0, 0, 0, 1, 2)
	case 1:
		ev.Marks |= footfall.BySender
		ev.Tag = pick[uint32](g, 1, 2, 3, 1<<32-1)
	}
	g.last = append(g.last, sent{name, ev})
	return ev
}

// says gives an event traits that meet those of others: few keys, few values,
// the same times.
func (g *generator) says(ev *record.Event) {
	if g.IntN(3) == 0 {
		ev.Time = ev.Time / 60_000 * 60_000
	}
	if ev.Type != footfall.Identify && ev.Type != footfall.Group {
		ev.Properties = []byte(`{"plan":"no trait"}`)
		return
	}
	member := func() string {
		return fmt.Sprintf(`%q:%s`, pick(g, "plan", "plan", "email", "a.b", `k"\u00fc`, ""),
			pick(g, `1`, `2.50`, `"x"`, `"\u00fc"`, `null`, `true`, `[ 1 ]`, `{"b": {"c":"}"}}`))
	}
	list := func(n int) string {
		text := ""
		for range n {
			text += pick(g, ",", " , ") + member()
		}
		return text
	}
	text := `"n":0` + list(g.IntN(4))
	if g.IntN(3) == 0 {
		text += `,"$set_once":` + pick(g, `{"first": 1`+list(g.IntN(3))+`}`, `{"first":`+fmt.Sprint(g.IntN(9))+`}`, `null`, `"x"`)
	}
	if ev.Type == footfall.Group {
		text += pick(g, "", "", `,"groupType":"company"`, `,"groupType":"a.b"`, `,"groupType":7`)
		ev.Derived = []byte(pick(g, ``, `{"$path":"/","$group_id":"g1"}`, `{"$group_id":"g2"}`))
	}
	ev.Properties = []byte(pick(g, "{", " { ") + text + "}")
}

// late is how long before its arrival an event happened.
func (g *generator) late() footfall.Millis {
	switch p := g.IntN(20); {
	case p == 0:
		return footfall.Millis(g.Int64N(4 * 24 * 3_600_000))
	case p < 4:
		return footfall.Millis(g.Int64N(5 * 3_600_000))
	case p < 8:
		return footfall.Millis(g.Int64N(3_600_000))
	case p == 8:
		return -footfall.Millis(g.Int64N(300_000))
	default:
		return footfall.Millis(g.Int64N(5_000))
	}
}
