package query

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// plan is a question made definite: whose, when, where the buckets begin, what
// is known of identities. Statements are compiled from it.
type plan struct {
	tenant, silo string
	cal          calendar
	from, to     int64 // the range, in milliseconds
	since        int64 // from, or what retention leaves of it
	kept         int64 // when the oldest event may be that retention leaves
	people       people
	limits       limits

	// What segments are about: the moment after which nothing counts, the range
	// of the question (nil for always), the tenant's own calendar, and those that
	// the question names.
	at     int64
	asked  *extent
	home   calendar
	stored map[string]*storedSegment
}

// extent is a half-open range of time in milliseconds.
type extent struct{ from, to int64 }

// limits bound one statement. They are numbers of ours and so part of the text.
type limits struct {
	milliseconds int64
	memory       int64
	rows         int64 // read from tables
	result       int64 // returned
}

// sessionReach is how far an event can be from any time of its session: the
// longest session a tenant may have, and the gap after it.
const sessionReach = 8 * 24 * 3600 * 1000

// sql collects the parameters of one statement.
type sql struct {
	*plan
	params map[string]any
	names  map[string]string // parameter by type and value
	shared *Filter           // of the whole question, on top of each series'
	// who and what are the conditions on traits of persons and groups, and
	// usesEdges says that the text names the table edges; see with.
	who, what []asked
	usesEdges bool
}

func (p *plan) sql() *sql {
	return &sql{plan: p, params: map[string]any{"tenant": p.tenant, "silo": p.silo}, names: map[string]string{}}
}

// param binds a value and returns what stands for it in the text.
func (s *sql) param(kind string, value any) string {
	key := fmt.Sprintf("%s\x00%#v", kind, value)
	name, ok := s.names[key]
	if !ok {
		name = "p" + strconv.Itoa(len(s.names)+1)
		s.names[key], s.params[name] = name, value
	}
	return "{" + name + ":" + kind + "}"
}

func (s *sql) text(v string) string    { return s.param("String", v) }
func (s *sql) texts(v []string) string { return s.param("Array(String)", v) }
func (s *sql) float(v float64) string  { return s.param("Float64", v) }
func (s *sql) integer(v int64) string  { return s.param("Int64", v) }
func (s *sql) id(v footfall.ID) string { return s.param("UInt128", v) }

func (s *sql) moment(ms int64) string {
	return "fromUnixTimestamp64Milli(" + s.integer(ms) + ", 'UTC')"
}
func (s *sql) date(ms int64) string       { return "toDate32(" + s.moment(ms) + ")" }
func (s *sql) ids(v []footfall.ID) string { return s.param("Array(UInt128)", v) }

func hexOf(expr string) string  { return "lower(hex(reinterpretAsFixedString(" + expr + ")))" }
func millis(expr string) string { return "toUnixTimestamp64Milli(" + expr + ")" }
func (s *sql) between(ms, ms2 int64) []string {
	return []string{"time >= " + s.moment(ms), "time < " + s.moment(ms2)}
}

// replaced are the tables that keep several versions of a row until a merge.
var replaced = map[string]bool{schema.Events: true, schema.Sessions: true}

// scan reads a table. It is the only way to one, so that no statement can
// forget whose rows it may see.
func (s *sql) scan(columns, table string, where ...string) string {
	var b strings.Builder
	b.WriteString("SELECT " + columns + " FROM " + table)
	if replaced[table] {
		b.WriteString(" FINAL")
	}
	b.WriteString(" WHERE tenant = {tenant:String} AND silo = {silo:String}")
	for _, condition := range where {
		b.WriteString(" AND " + condition)
	}
	return b.String()
}

// statement ends a text with its settings.
func (s *sql) statement(text string) Statement {
	l := s.limits
	settings := map[string]string{
		"max_execution_time":                          strconv.FormatFloat(float64(l.milliseconds)/1000, 'f', 3, 64),
		"timeout_overflow_mode":                       "'throw'",
		"max_memory_usage":                            strconv.FormatInt(l.memory, 10),
		"max_bytes_before_external_group_by":          strconv.FormatInt(l.memory/2, 10),
		"max_bytes_before_external_sort":              strconv.FormatInt(l.memory/2, 10),
		"max_rows_to_read":                            strconv.FormatInt(l.rows, 10),
		"read_overflow_mode":                          "'throw'",
		"max_result_rows":                             strconv.FormatInt(l.result, 10),
		"result_overflow_mode":                        "'throw'",
		"do_not_merge_across_partitions_select_final": "1",
		// Copies of a row agree in what the table is sorted by, so that rows can be
		// told by it before one of the copies is chosen; the engine takes no other
		// conditions for this.
		"optimize_move_to_prewhere_if_final": "1",
		// One search for all patterns of an "or" is by other rules than those of a
		// pattern alone, and the engine loses its way where a subquery is part of it.
		"optimize_or_like_chain":             "0",
		"final":                              "0",
		"join_use_nulls":                     "0",
		"group_by_use_nulls":                 "0",
		"transform_null_in":                  "0",
		"aggregate_functions_null_for_empty": "0",
	}
	list := make([]string, 0, len(settings))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		list = append(list, name+" = "+settings[name])
	}
	text = s.with() + text
	// A condition that cannot be true leaves parameters behind.
	maps.DeleteFunc(s.params, func(name string, _ any) bool { return !strings.Contains(text, "{"+name+":") })
	return Statement{SQL: text + "\nSETTINGS " + strings.Join(list, ", "), Params: s.params}
}
