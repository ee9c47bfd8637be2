package query

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// canary stands for whatever a user writes; it must not be in any text.
const canary = `kanarie'"\{p1:String}`

const month = `"range":{"from":"2024-03-01","to":"2024-04-01"}`

// corpus has a question for everything the compiler does.
var corpus = map[string]string{
	"trend":               `{"kind":"trend",` + month + `,"series":[{"event":"Buy"}]}`,
	"trend_any":           `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"*"}]}`,
	"trend_hours":         `{"kind":"trend","range":{"from":"2024-03-10","to":"2024-03-11"},"zone":"America/New_York","interval":"hour","series":[{"event":"*"}]}`,
	"trend_persons":       `{"kind":"trend",` + month + `,"interval":"week","series":[{"event":"Buy","measure":"persons"},{"event":"Buy","measure":"per_person"}]}`,
	"trend_sessions":      `{"kind":"trend",` + month + `,"interval":"month","series":[{"event":"Buy","measure":"sessions"}]}`,
	"trend_numbers":       `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"Buy","measure":"sum","of":"event.price"},{"event":"Buy","measure":"avg","of":"event.price"},{"event":"Buy","measure":"min","of":"event.price"},{"event":"Buy","measure":"max","of":"event.$type"},{"event":"Buy","measure":"median","of":"event.price"},{"event":"Buy","measure":"p90","of":"event.price"},{"event":"Buy","measure":"p95","of":"event.price"},{"event":"Buy","measure":"p99","of":"event.price"}]}`,
	"trend_breakdown":     `{"kind":"trend",` + month + `,"breakdown":{"property":"event.plan"},"series":[{"event":"Buy"},{"event":"Buy","measure":"persons"},{"event":"Buy","measure":"sum","of":"event.price"}]}`,
	"trend_by_name":       `{"kind":"trend",` + month + `,"interval":"total","breakdown":{"property":"event.$name","limit":3},"series":[{"event":"*","measure":"sessions"}]}`,
	"trend_by_constant":   `{"kind":"trend",` + month + `,"breakdown":{"property":"event.$name","limit":3},"series":[{"event":"*"},{"event":"Buy","measure":"sum","of":"event.price"},{"event":"*","measure":"persons"},{"event":"*","measure":"max","of":"group.company.$id"}]}`,
	"trend_by_segment":    `{"kind":"trend",` + month + `,"interval":"week","breakdown":{"property":"segment.buyers"},"series":[{"event":"*"},{"event":"Buy","measure":"avg","of":"person.KANARIE"},{"event":"*","measure":"persons"}]}`,
	"trend_by_frozen":     `{"kind":"trend",` + month + `,"interval":"total","cumulative":true,"breakdown":{"property":"segment.frozen"},"series":[{"event":"KANARIE"},{"event":"Buy","measure":"sum","of":"session.views"}]}`,
	"trend_by_entry":      `{"kind":"trend",` + month + `,"breakdown":{"property":"session.entry"},"series":[{"event":"Buy","measure":"persons"}]}`,
	"trend_by_views":      `{"kind":"trend",` + month + `,"interval":"total","breakdown":{"property":"session.views"},"series":[{"event":"Buy","measure":"sessions"},{"event":"Buy"}]}`,
	"filter_event":        `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"KANARIE","filter":{"and":[{"property":"event.KANARIE","op":"eq","value":"KANARIE"},{"property":"event.n","op":"eq","value":42},{"property":"event.n","op":"ne","value":""},{"property":"event.n","op":"in","value":["KANARIE",1,2,true]},{"property":"event.n","op":"not_in","value":["",0]},{"property":"event.n","op":"contains","value":"KANARIE"},{"property":"event.n","op":"not_contains","value":"KANARIE"},{"property":"event.n","op":"matches","value":"^KA"},{"or":[{"property":"event.n","op":"gt","value":1},{"property":"event.n","op":"gte","value":"2024-03-01"},{"not":{"property":"event.n","op":"lt","value":-1.5}},{"property":"event.n","op":"lte","value":"2024-03-01T00:00:00+02:00"}]},{"property":"event.n","op":"is_set"},{"property":"event.n","op":"is_not_set"},{"property":"event.$name","op":"in","value":["KANARIE","b"]},{"property":"event.$type","op":"ne","value":"page"},{"property":"event.$path","op":"eq","value":"/pricing"},{"property":"event.$name","op":"gt","value":1},{"property":"event.$name","op":"is_set"}]}}]}`,
	"filter_session":      `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"*"}],"filter":{"or":[{"property":"session.duration","op":"gte","value":10},{"property":"session.duration","op":"contains","value":"KANARIE"},{"property":"session.views","op":"in","value":[1,2]},{"property":"session.entry","op":"eq","value":"KANARIE"},{"property":"session.exit","op":"not_in","value":["KANARIE",""]},{"property":"session.entry","op":"is_not_set"},{"property":"session.views","op":"is_set"},{"property":"session.duration","op":"eq","value":"KANARIE"},{"property":"session.entry","op":"gt","value":3}]}}`,
	"filter_person":       `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"Buy","filter":{"or":[{"property":"person.KANARIE","op":"eq","value":"KANARIE"},{"property":"person.plan","op":"not_in","value":["KANARIE",1]},{"property":"person.age","op":"gte","value":18},{"property":"person.since","op":"lt","value":"2024-03-01"},{"property":"person.plan","op":"is_not_set"}]}}]}`,
	"filter_group":        `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"Buy","filter":{"or":[{"property":"group.KANARIE.KANARIE","op":"eq","value":"KANARIE"},{"property":"group.company.size","op":"gt","value":10},{"not":{"property":"group.company.$id","op":"in","value":["KANARIE"]}}]}}]}`,
	"trend_by_person":     `{"kind":"trend",` + month + `,"breakdown":{"property":"person.KANARIE"},"series":[{"event":"Buy"},{"event":"Buy","measure":"persons"},{"event":"Buy","measure":"sessions"}]}`,
	"trend_by_group":      `{"kind":"trend",` + month + `,"interval":"total","breakdown":{"property":"group.KANARIE.size"},"series":[{"event":"Buy"},{"event":"Buy","measure":"per_person"}]}`,
	"trend_by_group_id":   `{"kind":"trend",` + month + `,"interval":"total","breakdown":{"property":"group.company.$id"},"series":[{"event":"Buy","measure":"persons"}]}`,
	"trend_traits":        `{"kind":"trend",` + month + `,"series":[{"event":"Buy","measure":"avg","of":"person.KANARIE"},{"event":"Buy","measure":"max","of":"group.company.KANARIE"},{"event":"Buy","measure":"min","of":"group.company.$id"},{"event":"Buy","measure":"p90","of":"session.duration"},{"event":"Buy","measure":"sum","of":"session.entry"}]}`,
	"trend_traits_by":     `{"kind":"trend",` + month + `,"interval":"total","breakdown":{"property":"group.company.plan"},"series":[{"event":"Buy","measure":"avg","of":"group.team.size"},{"event":"Buy","measure":"median","of":"session.views"}]}`,
	"trend_cumulative":    `{"kind":"trend",` + month + `,"cumulative":true,"series":[{"event":"Buy","measure":"persons"},{"event":"Buy","measure":"sessions"},{"event":"Buy","measure":"per_person"},{"event":"Buy","measure":"avg","of":"event.price"},{"event":"Buy","measure":"median","of":"event.price"}]}`,
	"trend_cumulative_by": `{"kind":"trend",` + month + `,"cumulative":true,"breakdown":{"property":"event.plan"},"series":[{"event":"Buy"}]}`,
	"trend_compare":       `{"kind":"trend",` + month + `,"compare":"previous_period","formula":"A/B","rolling":7,"breakdown":{"property":"event.plan"},"series":[{"event":"Buy","measure":"sum","of":"event.price"},{"event":"*","measure":"persons"}]}`,
	"trend_approximate":   `{"kind":"trend",` + month + `,"interval":"week","series":[{"event":"Buy","measure":"persons","approximate":true},{"event":"Buy","measure":"sessions","approximate":true},{"event":"Buy","measure":"per_person","approximate":true},{"event":"Buy","measure":"p90","of":"event.price","approximate":true}]}`,
	"sessions_person":     `{"kind":"sessions",` + month + `,"filter":{"property":"person.plan","op":"eq","value":"KANARIE"}}`,
	"sessions":            `{"kind":"sessions",` + month + `}`,
	"sessions_filtered":   `{"kind":"sessions",` + month + `,"interval":"day","filter":{"or":[{"property":"event.$browser","op":"eq","value":"KANARIE"},{"property":"session.views","op":"gt","value":3}]}}`,
	"events":              `{"kind":"events",` + month + `}`,
	"events_of":           `{"kind":"events",` + month + `,"person":"user:KANARIE","limit":7,"filter":{"property":"event.plan","op":"eq","value":"KANARIE"}}`,
	"funnel":              `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"KANARIE"},{"event":"Buy"}]}`,
	"funnel_strict":       `{"kind":"funnel",` + month + `,"order":"strict","window":"1h","reach":"range","interval":"week","steps":[{"event":"View"},{"event":"Buy"},{"event":"$identify"}]}`,
	"funnel_any":          `{"kind":"funnel",` + month + `,"order":"any","window":"none","steps":[{"event":"*","filter":{"property":"event.a","op":"eq","value":"KANARIE"}},{"event":"Buy"}],"filter":{"property":"event.b","op":"eq","value":"KANARIE"}}`,
	"funnel_held_apart":   `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"Buy"}],"exclude":[{"event":"Leave","after":1,"before":2}],"hold":["session.entry","event.KANARIE","group.KANARIE.size"],"breakdown":{"property":"person.KANARIE"}}`,
	"funnel_held_person":  `{"kind":"funnel",` + month + `,"by":"session","order":"strict","window":"none","steps":[{"event":"View"},{"event":"Buy"}],"hold":["person.KANARIE"]}`,
	"funnel_held":         `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"View","filter":{"property":"person.plan","op":"eq","value":"KANARIE"}}],"exclude":[{"event":"Leave","filter":{"property":"session.views","op":"gt","value":2},"after":1,"before":2}],"exclusion":"person","hold":["event.KANARIE","event.$name"]}`,
	"funnel_by_event":     `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"Buy"}],"breakdown":{"property":"event.KANARIE"}}`,
	"funnel_by_name":      `{"kind":"funnel",` + month + `,"steps":[{"event":"*"},{"event":"Buy"}],"breakdown":{"property":"event.$name","attribution":"last"}}`,
	"funnel_by_segment":   `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"Buy"}],"breakdown":{"property":"segment.buyers"}}`,
	"funnel_by_person":    `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"Buy"}],"breakdown":{"property":"person.KANARIE","attribution":"last"}}`,
	"funnel_by_entry":     `{"kind":"funnel",` + month + `,"steps":[{"event":"View"},{"event":"Buy"}],"breakdown":{"property":"session.entry","attribution":"step","step":2}}`,
	"funnel_sessions":     `{"kind":"funnel",` + month + `,"by":"session","steps":[{"event":"View"},{"event":"Buy"}]}`,
	"funnel_sessions_by":  `{"kind":"funnel",` + month + `,"by":"session","steps":[{"event":"View"},{"event":"Buy"}],"breakdown":{"property":"group.KANARIE.size"}}`,
	"funnel_groups":       `{"kind":"funnel",` + month + `,"by":"group.company","steps":[{"event":"View"},{"event":"Buy"}]}`,
	"funnel_groups_by":    `{"kind":"funnel",` + month + `,"by":"group.company","steps":[{"event":"View"},{"event":"Buy"}],"breakdown":{"property":"group.KANARIE.$id"}}`,
	"persons":             `{"kind":"persons",` + month + `}`,
	"persons_of_bucket":   `{"kind":"persons","limit":7,"of":{"kind":"trend",` + month + `,"series":[{"event":"KANARIE"},{"event":"Buy","measure":"avg","of":"event.price"}],"filter":{"property":"event.plan","op":"eq","value":"KANARIE"}},"at":{"series":1,"bucket":"2024-03-05"}}`,
	"persons_of_value":    `{"kind":"persons",` + month + `,"of":{"kind":"trend","interval":"week","cumulative":true,"series":[{"event":"Buy"}],"breakdown":{"property":"event.plan"}},"at":{"bucket":"2024-03-11T00:00:00Z","breakdown":"KANARIE"}}`,
	"persons_of_others":   `{"kind":"persons",` + month + `,"of":{"kind":"trend","series":[{"event":"Buy","measure":"sum","of":"event.price"}],"breakdown":{"property":"session.entry","limit":3}},"at":{"bucket":"2024-03-31","breakdown":"$other"}}`,
	"persons_of_none":     `{"kind":"persons",` + month + `,"of":{"kind":"trend","interval":"total","series":[{"event":"*"}],"breakdown":{"property":"group.company.KANARIE"}}}`,
	"persons_filtered":    `{"kind":"persons",` + month + `,"limit":7,"filter":{"property":"session.duration","op":"lt","value":10}}`,
	"retention":           `{"kind":"retention",` + month + `,"interval":"week","periods":3,"start":{"event":"KANARIE"},"return":{"event":"*","filter":{"property":"event.KANARIE","op":"eq","value":"KANARIE"}}}`,
	"retention_each":      `{"kind":"retention",` + month + `,"zone":"America/New_York","interval":"month","periods":2,"start":{"event":"Buy"},"return":{"event":"Buy"},"cohort":"recurring","filter":{"property":"person.plan","op":"eq","value":"KANARIE"}}`,
	"retention_rolling":   `{"kind":"retention",` + month + `,"start":{"event":"*"},"return":{"event":"*"},"cohort":"first_in_range","buckets":"rolling","breakdown":{"property":"event.KANARIE","limit":3}}`,
	"retention_by_name":   `{"kind":"retention",` + month + `,"interval":"week","start":{"event":"*"},"return":{"event":"Look"},"breakdown":{"property":"event.$name","limit":3}}`,
	"retention_by_frozen": `{"kind":"retention",` + month + `,"interval":"week","start":{"event":"Buy"},"return":{"event":"Look"},"cohort":"recurring","breakdown":{"property":"segment.frozen"}}`,
	"retention_later":     `{"kind":"retention",` + month + `,"interval":"week","start":{"event":"Buy"},"return":{"event":"Look"},"cohort":"recurring","count":"on_or_after","breakdown":{"property":"group.KANARIE.size"}}`,
	"retention_entry":     `{"kind":"retention",` + month + `,"interval":"month","start":{"event":"Buy"},"return":{"event":"Look"},"count":"on_or_after","buckets":"rolling","breakdown":{"property":"session.entry"}}`,
	"persons_of_cohort":   `{"kind":"persons",` + month + `,"of":{"kind":"retention","start":{"event":"Buy"},"return":{"event":"Look"}},"at":{"cohort":"2024-03-05","size":true}}`,
	"persons_of_return":   `{"kind":"persons",` + month + `,"of":{"kind":"retention","start":{"event":"Buy"},"return":{"event":"Look"},"breakdown":{"property":"person.KANARIE"}},"at":{"cohort":"2024-03-05","period":3,"breakdown":"KANARIE"}}`,
	"persons_of_later":    `{"kind":"persons",` + month + `,"of":{"kind":"retention","interval":"week","start":{"event":"Buy"},"return":{"event":"Look"},"count":"on_or_after","breakdown":{"property":"event.KANARIE","limit":3}},"at":{"cohort":"2024-03-04","breakdown":"$other"}}`,
	"segment":             `{"kind":"segment","at":"2024-04-15","segment":{"and":[{"did":{"event":"$page","filter":{"property":"event.$path","op":"eq","value":"KANARIE"}},"count":{"gte":3},"within":{"last":"30d"}},{"did":{"event":"KANARIE"},"not_then":{"event":"Bought"},"in":"24h"}]}}`,
	"segment_others":      `{"kind":"segment",` + month + `,"filter":{"property":"session.views","op":"gt","value":1},"segment":{"and":[{"or":["buyers",{"not":"frozen"}]},{"did":{"event":"Buy"},"count":{"eq":0}},{"did":{"event":"Buy"},"count":{"gte":2,"lte":3}},{"did":{"event":"Look"},"count":{"lte":3}},{"property":"person.KANARIE","op":"not_in","value":["KANARIE"]},{"first_seen":{"last":"7d"}},{"not":{"did":{"event":"*"},"then":{"event":"KANARIE"},"in":"1w"}}]}}`,
	"segment_all":         `{"kind":"segment","segment":{"did":{"event":"Buy"},"count":{"gte":0}}}`,
	"segment_none":        `{"kind":"segment","segment":{"and":[{"did":{"event":"Buy"}},{"not":{"did":{"event":"Buy"}}}]}}`,
	"filter_segment":      `{"kind":"trend",` + month + `,"interval":"total","series":[{"event":"Buy","filter":{"segment":"buyers"}}],"filter":{"segment":{"or":["frozen",{"did":{"event":"KANARIE"},"count":{"lte":2}},{"property":"person.KANARIE","op":"eq","value":"KANARIE"}]}}}`,
	"persons_of_group":    `{"kind":"persons","limit":7,"of":{"kind":"segment","segment":{"not":"frozen"}},"at":{}}`,
}

// question reads one of the corpus with the canary in it.
func question(tb testing.TB, name string) Query {
	tb.Helper()
	text := strings.ReplaceAll(corpus[name], "KANARIE", `kanarie'\"\\{p1:String}`)
	q, err := Parse([]byte(text))
	require.NoError(tb, err, name)
	return q
}

// peoples are all states of a tenant's identity edges that change a statement.
func peoples() map[string]people {
	chained := people{aliases: true, from: []footfall.ID{{1}}, to: []footfall.ID{{2}}}
	all := map[string]people{"nobody": {}, "chained": chained}
	for i := 1; i < 8; i++ {
		p := people{links: i&1 != 0, unlinks: i&2 != 0, aliases: i&4 != 0}
		all[fmt.Sprintf("%+v", p)] = p
	}
	all["links"] = people{links: true}
	chained.links, chained.unlinks = true, true
	all["everything"] = chained
	return all
}

func planFor(tb testing.TB, q Query, known people) *plan {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	loc := time.UTC
	if name := q.scope().Zone; name != "" {
		loc = zone(tb, name)
	}
	r := &run{
		engine: &Engine{config: Config{MaxMemory: 1 << 30, MaxRows: 1 << 30}},
		tenant: &tenant.Tenant{ID: id}, cal: newCalendar(loc, tenant.MondayFirst),
		now: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), known: &known,
	}
	r.at, r.home, r.ranged = r.now, r.cal, true
	r.from, r.to = scopeOf(q).Range.resolve(r.now, r.cal)
	r.settle(q)
	r.stored = map[string]*storedSegment{
		"frozen": {StoredSegment: StoredSegment{Static: true}, version: 7},
		"buyers": {StoredSegment: StoredSegment{Segment: Segment{Did: &Selector{Event: canary}}}},
	}
	p := r.plan()
	p.limits.milliseconds = 10_000
	return p
}

// statements compiles all that answering a question can take.
func statements(tb testing.TB, q Query, p *plan) map[string]Statement {
	tb.Helper()
	all := map[string]Statement{"people": p.compilePeople(), "chains": p.compileChains()}
	edges := func(i Interval) []int64 {
		starts, _, ok := p.cal.buckets(i, time.UnixMilli(p.from), time.UnixMilli(p.to))
		require.True(tb, ok)
		var list []int64
		for _, start := range starts {
			list = append(list, start.UnixMilli())
		}
		return list
	}
	ids := []footfall.ID{{1, 2, 3}, {15: 255}}
	all["ids"] = p.compileIDs(ids)
	switch q := q.(type) {
	case *Trend:
		interval := q.Interval
		if interval == "" {
			interval = Day
		}
		for i := range q.Series {
			name := fmt.Sprintf("series_%d", i)
			if q.compares() {
				from, to := p.cal.previous(q.Compare, interval, time.UnixMilli(p.from), time.UnixMilli(p.to), len(edges(interval)))
				before := *p
				before.from, before.since, before.to = from.UnixMilli(), from.UnixMilli(), to.UnixMilli()
				all[name+"_before"] = before.compileBreakdown(q, i, edges(interval), p)
			}
			if q.Breakdown != nil {
				all[name] = p.compileBreakdown(q, i, edges(interval), p)
			} else {
				all[name] = p.compileSeries(q, i, edges(interval))
			}
		}
	case *Funnel:
		all["units"] = p.compileFunnel(q, p.shapeOf(q, false))
		all["units_listed"] = p.compileFunnel(q, p.shapeOf(q, true))
	case *Retention:
		all["retention"] = p.compileRetention(q, gridFor(tb, q, p))
	case *SegmentSize:
		all["count"] = p.compileSegment(q)
		all["members"] = p.compileMembers(q, 10)
		all["gone"] = p.compileGone("frozen", 7)
	case *Sessions:
		interval := q.Interval
		if interval == "" {
			interval = Total
		}
		all["sessions"] = p.compileSessions(q, edges(interval))
		all["views"] = p.compileViews(q)
	case *Events:
		after := place{1, 2, 3, 4, 5}
		all["places"] = p.compileEventPlaces(q, ids, nil)
		all["places_after"] = p.compileEventPlaces(q, ids, &after)
		all["events"] = p.compileEvents([]place{after, {time: 1}}, []string{canary, "b"})
		if !p.resolvesNothing() {
			all["resolve"] = p.compileResolve([]footfall.ID{personID(mustID(tb), "user:"+canary)})
			all["ids_of"] = p.compileIDsOf(ids)
		}
	case *Persons:
		after := personID(mustID(tb), "visitor:"+canary)
		c := everybody(q.Filter)
		var err error
		switch of := q.question().(type) {
		case *Trend:
			c, err = p.trendCrowd(of, q.cell(), edges(cmp.Or(of.Interval, Day)))
		case *Retention:
			c = cohortCrowd(of, q.cell(), gridFor(tb, of, p), 1)
		case *SegmentSize:
			c = segmentCrowd(of)
		}
		require.NoError(tb, err)
		all["page"] = p.compilePersonPage(c, q.Limit, nil)
		all["page_after"] = p.compilePersonPage(c, q.Limit, &after)
		all["details"] = p.compileDetails(ids)
		all["details_of_many"] = p.compileDetails(slices.Repeat(ids, fewIDs))
		all["traits"] = p.compileTraits(ids)
		if !p.resolvesNothing() {
			all["ids_of"] = p.compileIDsOf(ids)
		}
	}
	return all
}

func gridFor(tb testing.TB, q *Retention, p *plan) grid {
	starts, _, ok := p.cal.buckets(cmp.Or(q.Interval, Day), time.UnixMilli(p.from), time.UnixMilli(p.to))
	require.True(tb, ok)
	return p.cal.gridOf(q, starts)
}

func mustID(tb testing.TB) tenant.ID {
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	return id
}

// catalogStatements are those of the catalog.
func catalogStatements(p *plan) map[string]Statement {
	q := CatalogQuery{Search: canary, Event: canary, Limit: 7}
	names := []string{"event." + canary, "b"}
	return map[string]Statement{
		"events": p.compileEventNames(q), "properties": p.compilePropertyNames(q), "all_properties": p.compilePropertyNames(CatalogQuery{}),
		"texts": p.compilePropertyKeys(q, "texts"), "numbers": p.compilePropertyKeys(CatalogQuery{}, "numbers"), "mixed": p.compileMixedProperties(q, names),
		"days": p.compileDays(q), "values": p.compilePropertyValues(q, names),
		"traits": p.compileTraitNames(q),
	}
}

func TestGoldenCatalog(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"nobody", "links"} {
		q := question(t, "trend")
		checkGolden(t, "catalog."+state, catalogStatements(planFor(t, q, peoples()[state])))
	}
	for _, known := range peoples() {
		for _, s := range catalogStatements(planFor(t, question(t, "trend"), known)) {
			checkStatement(t, s)
		}
	}
}

// checkGolden compares statements with a file.
func checkGolden(tb testing.TB, name string, all map[string]Statement) {
	tb.Helper()
	var got strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&got, "-- %s\n%s\n", key, all[key].SQL)
		for _, param := range slices.Sorted(maps.Keys(all[key].Params)) {
			fmt.Fprintf(&got, "-- %s = %.300q\n", param, fmt.Sprint(all[key].Params[param]))
		}
		got.WriteString("\n")
	}
	path := filepath.Join("testdata", name+".sql")
	if *update {
		require.NoError(tb, os.WriteFile(path, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(tb, err, "run go test -update")
	require.Equal(tb, string(want), got.String())
}

// TestGoldenStatements shows what is compiled for a tenant without identity
// edges, and for persons also what is with all sorts of them.
func TestGoldenStatements(t *testing.T) {
	t.Parallel()
	golden := func(name, state string) {
		t.Run(name+"/"+state, func(t *testing.T) {
			t.Parallel()
			q := question(t, name)
			all := statements(t, q, planFor(t, q, peoples()[state]))
			maps.DeleteFunc(all, func(key string, _ Statement) bool {
				if name != "persons" && strings.HasPrefix(name, "persons") && !strings.HasPrefix(key, "page") {
					return true // they are those of persons
				}
				return name != "persons" && (key == "people" || key == "chains" || key == "ids")
			})
			checkGolden(t, name+"."+state, all)
		})
	}
	for name := range corpus {
		golden(name, "nobody")
	}
	golden("persons", "everything")
	golden("filter_person", "everything")
	golden("filter_group", "links")
	golden("trend_by_person", "links")
	golden("trend_by_group", "links")
	golden("trend_persons", "links")
	golden("funnel", "links")
	golden("funnel_groups", "links")
	golden("trend_traits", "links")
	golden("trend_by_segment", "links")
}

const predicate = " WHERE tenant = {tenant:String} AND silo = {silo:String}"

var (
	ownTable    = regexp.MustCompile(`(?m)^(?:WITH )?(\w+) AS \(`)
	source      = regexp.MustCompile(`\b(?:FROM|JOIN)\s+(\(|\w+)( FINAL)?`)
	placeholder = regexp.MustCompile(`\{(\w+):([A-Za-z0-9()]+)\}`)
)

// read is a place where a statement reads a table of the store.
type read struct{ table, rest string }

// reads finds them. What stands in front of a statement under a name is text
// like the rest.
func reads(text string) (all []read) {
	own := map[string]bool{}
	for _, found := range ownTable.FindAllStringSubmatch(text, -1) {
		own[found[1]] = true
	}
	for _, found := range source.FindAllStringSubmatchIndex(text, -1) {
		if from := text[found[2]:found[3]]; from != "(" && !own[from] {
			all = append(all, read{from, text[found[1]:]})
		}
	}
	return all
}

// checkStatement makes sure of what every statement must be, by its text.
func checkStatement(tb testing.TB, s Statement) {
	tb.Helper()
	tables := map[string]bool{}
	for _, table := range schema.Tables {
		tables[table.Name] = true
	}
	for _, read := range reads(s.SQL) {
		require.True(tb, tables[read.table], "%s is no table: %s", read.table, s.SQL)
		require.True(tb, strings.HasPrefix(read.rest, predicate), "FROM %s without its tenant: %s", read.table, s.SQL)
		require.NotRegexp(tb, `\bOR\b`, topLevel(read.rest[len(predicate):]), "the predicate must stand in a conjunction: %s", s.SQL)
	}
	require.NotContains(tb, s.SQL, "kanarie", "what a user wrote is in the text")
	require.Equal(tb, "shop", s.Params["tenant"])
	require.Contains(tb, s.SQL, "max_execution_time = ")
	require.Contains(tb, s.SQL, "max_memory_usage = ")
	require.Contains(tb, s.SQL, "max_rows_to_read = ")
	require.Contains(tb, s.SQL, "max_result_rows = ")
	used := map[string]bool{}
	kinds := map[string]string{"string": "String", "[]string": "Array(String)", "int64": "Int64", "[]int64": "Array(Int64)", "float64": "Float64", "[]float64": "Array(Float64)", "footfall.ID": "UInt128", "[]footfall.ID": "Array(UInt128)"}
	for _, found := range placeholder.FindAllStringSubmatch(s.SQL, -1) {
		value, ok := s.Params[found[1]]
		require.True(tb, ok, "no parameter %s: %s", found[1], s.SQL)
		require.Equal(tb, kinds[fmt.Sprintf("%T", value)], found[2])
		used[found[1]] = true
	}
	require.Len(tb, placeholder.FindAllString(s.SQL, -1), strings.Count(s.SQL, "{"))
	for name := range s.Params {
		require.True(tb, used[name] || name == "tenant" || name == "silo", "parameter %s is not used", name)
	}
	require.NotContains(tb, s.SQL, ";")
	require.NotContains(tb, s.SQL, "--")
}

// topLevel returns a text up to where its parentheses close once more than
// they open, without what stands in inner ones.
func topLevel(text string) string {
	var b strings.Builder
	depth := 0
	for _, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return b.String()
			}
		default:
			if depth == 0 {
				b.WriteRune(c)
			}
		}
	}
	return b.String()
}

func TestEveryTableHasItsTenant(t *testing.T) {
	t.Parallel()
	count := 0
	for name := range corpus {
		q := question(t, name)
		for _, known := range peoples() {
			for _, s := range statements(t, q, planFor(t, q, known)) {
				checkStatement(t, s)
				count++
			}
		}
	}
	require.Greater(t, count, 500)
}

// TestLongestConditions has as many conditions on persons as a question may
// have; the engine reads statements of up to 256 KiB.
func TestLongestConditions(t *testing.T) {
	t.Parallel()
	var filters []string
	for i := range maxOfPersons {
		filters = append(filters, fmt.Sprintf(`{"property":"group.type%d.k%d","op":"in","value":[1,"x"]}`, i, i))
	}
	q, err := Parse([]byte(`{"kind":"trend",` + month + `,"series":[{"event":"Buy","measure":"persons"}],"filter":{"and":[` + strings.Join(filters, ",") + `]}}`))
	require.NoError(t, err)
	for name, s := range statements(t, q, planFor(t, q, peoples()["everything"])) {
		checkStatement(t, s)
		require.Less(t, len(s.SQL), 256<<10, name)
	}
}

// TestTheWalkCanFail shows that the check above finds what it looks for.
func TestTheWalkCanFail(t *testing.T) {
	t.Parallel()
	require.Contains(t, topLevel(" AND a OR b) x"), "OR")
	require.NotContains(t, topLevel(" AND (a OR b) AND c) OR x"), "OR")
	all := reads("WITH who AS (SELECT 1 FROM events FINAL WHERE 1)\nSELECT 1 FROM who JOIN what")
	require.Len(t, all, 2, "who is the statement's own, what is not")
	require.Equal(t, []string{"events", "what"}, []string{all[0].table, all[1].table})
	require.NotNil(t, source.FindStringSubmatch("SELECT 1 FROM events FINAL"))
	require.NotNil(t, source.FindStringSubmatch("LEFT ANY JOIN events AS e"))
}
