package querytest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// place is where a generated world lies: weeks around a moment at which the
// clocks or the calendar of a zone do something odd.
type place struct {
	zone   string
	middle string
	start  tenant.WeekStart
}

var places = []place{
	{"America/New_York", "2024-03-10T07:00:00Z", tenant.SundayFirst},
	{"Europe/Berlin", "2023-10-29T01:00:00Z", tenant.MondayFirst},
	{"Australia/Lord_Howe", "2024-04-06T15:00:00Z", tenant.MondayFirst},
	{"Pacific/Apia", "2011-12-30T10:00:00Z", tenant.MondayFirst},
	{"America/Sao_Paulo", "2018-11-04T03:00:00Z", tenant.SundayFirst},
	{"Asia/Kathmandu", "2023-12-31T18:15:00Z", tenant.MondayFirst},
	{"America/St_Johns", "2009-11-01T02:31:00Z", tenant.SundayFirst},  // back by an hour at one past midnight
	{"America/Havana", "2010-11-07T05:00:00Z", tenant.MondayFirst},    // back from one o'clock to midnight
	{"Asia/Beirut", "2010-10-30T21:00:00Z", tenant.MondayFirst},       // back from midnight
	{"Antarctica/Troll", "2012-03-25T01:00:00Z", tenant.MondayFirst},  // by two hours
	{"America/Caracas", "2007-12-09T07:00:00Z", tenant.SundayFirst},   // by half an hour, for good
	{"Pacific/Kwajalein", "1993-08-21T12:00:00Z", tenant.SundayFirst}, // a day was skipped
	{"Africa/Casablanca", "2024-03-10T02:00:00Z", tenant.MondayFirst}, // twice within five weeks
	{"Asia/Pyongyang", "2018-05-04T15:00:00Z", tenant.MondayFirst},    // forward by half an hour before midnight
}

// reach is how far from the middle the events of a generated world lie.
const reach = 20 * 24 * time.Hour

// generator makes worlds and questions out of few names and values, so that
// they meet often.
type generator struct {
	*rand.Rand
	place  place
	middle time.Time
	loc    *time.Location
	rows   []Row
	stored []string // ids of segments
	dense  bool     // most happens within few milliseconds
	rich   bool     // the question at hand may have much to it
	// answer is what the oracle says of a question, nil where it says nothing.
	answer func(query.Query) any
}

func newGenerator(seed uint64, p place, number int) (*generator, error) {
	middle, err := time.Parse(time.RFC3339, p.middle)
	if err != nil {
		return nil, err
	}
	loc, err := time.LoadLocation(p.zone)
	return &generator{Rand: rand.New(rand.NewPCG(seed, uint64(number))), place: p, middle: middle, loc: loc}, err
}

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

func (g *generator) chance(of int) bool { return g.IntN(of) == 0 }

// moment is any near the middle, often exactly on an edge, and often that of an
// event there is.
func (g *generator) moment() time.Time {
	if len(g.rows) > 0 && g.chance(4) {
		if at := g.rows[g.IntN(len(g.rows))].At; !at.IsZero() {
			return at
		}
	}
	at := g.middle.Add(time.Duration(g.Int64N(int64(2*reach))) - reach).Truncate(time.Millisecond)
	switch {
	case g.chance(8):
		at = at.Truncate(30 * time.Minute)
	case g.dense && !g.chance(8):
		at = g.middle.Add(time.Duration(g.IntN(6)) * time.Millisecond)
	}
	return at
}

func (g *generator) visitor() string { return fmt.Sprint("v", g.IntN(7)) }
func (g *generator) user() string    { return fmt.Sprint("u", g.IntN(3)) }

func (g *generator) who() string {
	return pick(g, "visitor:"+g.visitor(), "user:"+g.user())
}

// world returns the rows of a world: few events or many, edges of which few to
// most lead in circles, segments, and a log of one partition or more.
func (g *generator) world() []Row {
	g.rows, g.stored, g.dense, g.rich = nil, nil, g.chance(3), g.chance(4)
	for range pick(g, 15, 30, 60, 120) {
		g.rows = append(g.rows, g.event())
	}
	for range pick(g, 0, 4, 20) {
		g.rows = append(g.rows, g.said())
	}
	// Statements that follow links and aliases are long, and take long, so that
	// most worlds have none of them.
	kinds := pick(g, []string{"link"}, []string{"link", "unlink"}, []string{"alias"}, []string{"link", "link", "unlink", "alias"})
	for range pick(g, 0, 0, 0, 0, 0, 0, 0, 0, 4, 10, 40) {
		g.rows = append(g.rows, g.edge(pick(g, kinds...)))
	}
	if g.chance(16) {
		for i := range 5 {
			g.rows = append(g.rows, Row{Kind: "alias", Of: fmt.Sprint("user:u", i), To: fmt.Sprint("u", i+1)})
		}
	}
	g.Shuffle(len(g.rows), func(i, j int) { g.rows[i], g.rows[j] = g.rows[j], g.rows[i] })
	for range pick(g, 0, 0, 1, 2) {
		g.insert(g.IntN(len(g.rows)), Row{Kind: "partitions", To: strconv.Itoa(1 + g.IntN(4))})
	}
	at := len(g.rows) / 2
	for i := range g.IntN(4) {
		text, _ := json.Marshal(g.segment(g.depth(1, 2))) // a segment has JSON
		at += g.IntN(len(g.rows) + 1 - at)
		id := fmt.Sprint("s", i)
		g.insert(at, Row{Kind: pick(g, "store", "freeze"), Key: id, To: string(text)})
		g.stored = append(g.stored, id)
		at++
	}
	return g.rows
}

func (g *generator) insert(at int, r Row) { g.rows = slices.Insert(g.rows, at, r) }

func (g *generator) event() Row {
	r := Row{Kind: pick(g, "track", "track", "track", "track", "page", "screen", "identify"), At: g.moment()}
	if r.Kind == "track" {
		r.Name = pick(g, "A", "A", "B", "B", "C", "D")
	}
	if !g.chance(8) {
		r.Visitor = g.visitor()
	}
	if r.Visitor == "" || g.chance(4) {
		r.User = g.user()
	}
	if r.Visitor != "" && r.Kind != "identify" && !g.chance(3) {
		r.Session = uint64(r.At.Unix() / 86400) // sessions of a day
	}
	if r.Session != 0 && g.chance(6) {
		r.Marks = pick(g, footfall.NonInteractive, footfall.KeyEvent)
	}
	var members []string
	add := func(name, value string) { members = append(members, strconv.Quote(name)+":"+value) }
	if !g.chance(4) {
		add("plan", pick(g, `"free"`, `"pro"`, `"Pro"`, `7`, `7.5`, `"7"`, `true`, `""`, `null`, `0`, `-0`, `"-0"`))
	}
	if !g.chance(4) {
		add("price", pick(g, strconv.FormatFloat(float64(g.IntN(400)-100)/8, 'f', -1, 64), strconv.Itoa(g.IntN(20)), "-0.0", "1e2"))
	}
	if g.chance(6) {
		add("when", pick(g, `"2024-03-10"`, `"2024-03-10T00:00:00-05:00"`, `"2023-10-29T01:30:00Z"`, `"soon"`))
	}
	if g.chance(8) {
		add("$groups", `{"company":"`+pick(g, "acme", "globex")+`"}`)
	}
	switch r.Kind {
	case "page":
		if !g.chance(6) {
			add("$path", pick(g, `"/"`, `"/pricing"`, `"/cart"`))
		}
	case "screen":
		add("name", pick(g, `"Home"`, `"Cart"`))
	}
	if len(members) > 0 {
		r.Properties = "{" + strings.Join(members, ",") + "}"
	}
	return r
}

func (g *generator) said() Row {
	r := Row{Kind: pick(g, "trait", "trait", "once", "member"), At: g.moment(), Of: g.who(), ID: pick(g, "", "", "m", "n")}
	if g.chance(2) { // at few times, so that the ids of messages tell
		r.At = g.middle.Add(time.Duration(g.IntN(3)) * time.Hour)
	}
	if r.Kind == "member" {
		r.Key, r.To = "company", pick(g, "acme", "globex", "initech")
		return r
	}
	if g.chance(3) {
		r.Of = "group:company:" + pick(g, "acme", "globex")
	}
	r.Key = pick(g, "tier", "age")
	r.To = pick(g, `"gold"`, `"silver"`, `null`)
	if r.Key == "age" {
		r.To = pick(g, `17`, `18`, `40.5`, `"18"`, `-0`, `null`)
	}
	return r
}

func (g *generator) edge(kind string) Row {
	r := Row{Kind: kind, Of: "visitor:" + g.visitor(), To: g.user()}
	if r.Kind == "alias" {
		r.Of = g.who()
	}
	return r
}
