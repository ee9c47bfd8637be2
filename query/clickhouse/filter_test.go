package clickhouse_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// values are what a sender makes of one property.
var values = []string{
	/* 0 */ `{}`,
	/* 1 */ `{"x":42}`,
	/* 2 */ `{"x":"42"}`,
	/* 3 */ `{"x":42.0}`,
	/* 4 */ `{"x":"42.0"}`,
	/* 5 */ `{"x":""}`,
	/* 6 */ `{"x":0}`,
	/* 7 */ `{"x":true}`,
	/* 8 */ `{"x":null}`,
	/* 9 */ `{"x":12345678901234567890}`,
	/* 10 */ `{"x":"Ünïcode\nline"}`,
	/* 11 */ `{"x":-1.5e-9}`,
	/* 12 */ `{"x":"2024-03-01"}`,
	/* 13 */ `{"x":"2024-03-01T12:00:00+02:00"}`,
	/* 14 */ `{"x":"it's \"q\" \\ {p1:String}"}`,
	/* 15 */ `{"x":["42","b"]}`,
	/* 16 */ `{"x":{"y":42}}`,
	/* 17 */ `{"x":1e21}`,
}

// comparison is a filter and the values i that pass it, as the sum of 2^i.
type comparison struct {
	filter string
	want   int
}

func comparisons() []comparison {
	all := 1<<len(values) - 1
	set := func(bits ...int) (sum int) {
		for _, bit := range bits {
			sum |= 1 << bit
		}
		return sum
	}
	missing := set(0, 8, 16)
	return []comparison{
		{`{"property":"event.x","op":"eq","value":42}`, set(1, 2, 3)},
		{`{"property":"event.x","op":"eq","value":"42"}`, set(1, 2, 3)},
		{`{"property":"event.x","op":"eq","value":42.0}`, set(1, 2, 3)},
		{`{"property":"event.x","op":"eq","value":4.2e1}`, set(1, 2, 3)},
		{`{"property":"event.x","op":"eq","value":"42.0"}`, set(4)},
		{`{"property":"event.x","op":"eq","value":""}`, set(5)},
		{`{"property":"event.x","op":"eq","value":0}`, set(6)},
		{`{"property":"event.x","op":"eq","value":true}`, set(7)},
		{`{"property":"event.x","op":"eq","value":"true"}`, set(7)},
		{`{"property":"event.x","op":"eq","value":12345678901234567890}`, set(9)},
		{`{"property":"event.x","op":"eq","value":12345678901234567891}`, 0},
		{`{"property":"event.x","op":"eq","value":"12345678901234567000"}`, 0},
		{`{"property":"event.x","op":"eq","value":-0.0000000015}`, set(11)},
		{`{"property":"event.x","op":"eq","value":"-1.5e-9"}`, set(11)},
		{`{"property":"event.x","op":"eq","value":"1e21"}`, set(17)},
		{`{"property":"event.x","op":"eq","value":1000000000000000000000}`, set(17)},
		{`{"property":"event.x","op":"eq","value":"[\"42\",\"b\"]"}`, set(15)},
		{`{"property":"event.x.y","op":"eq","value":42}`, set(16)},
		{`{"property":"event.x","op":"eq","value":"it's \"q\" \\ {p1:String}"}`, set(14)},
		{`{"property":"event.x","op":"ne","value":42}`, all &^ set(1, 2, 3)},
		{`{"property":"event.x","op":"in","value":[42,"",true,0]}`, set(1, 2, 3, 5, 6, 7)},
		{`{"property":"event.x","op":"in","value":["42.0"]}`, set(4)},
		{`{"property":"event.x","op":"not_in","value":[42,"",0]}`, all &^ set(1, 2, 3, 5, 6)},
		{`{"property":"event.x","op":"contains","value":"2"}`, set(1, 2, 3, 4, 9, 12, 13, 15, 17)},
		{`{"property":"event.x","op":"contains","value":42}`, set(1, 2, 3, 4, 15)},
		{`{"property":"event.x","op":"contains","value":""}`, all &^ missing},
		{`{"property":"event.x","op":"not_contains","value":"2"}`, all &^ set(1, 2, 3, 4, 9, 12, 13, 15, 17)},
		{`{"property":"event.x","op":"matches","value":"^4.$"}`, set(1, 2, 3)},
		{`{"property":"event.x","op":"matches","value":"e.line"}`, 0},
		{`{"property":"event.x","op":"matches","value":"(?s)^.n.*e.line$"}`, set(10)},
		{`{"property":"event.x","op":"matches","value":""}`, all &^ missing},
		{`{"property":"event.x","op":"gt","value":0}`, set(1, 3, 9, 17)},
		{`{"property":"event.x","op":"gte","value":"0"}`, set(1, 3, 6, 9, 17)},
		{`{"property":"event.x","op":"lt","value":0}`, set(11)},
		{`{"property":"event.x","op":"lte","value":42}`, set(1, 3, 6, 11)},
		{`{"property":"event.x","op":"gte","value":"2024-03-01"}`, set(12, 13)},
		{`{"property":"event.x","op":"lt","value":"2024-03-01T10:00:00Z"}`, set(12)},
		{`{"property":"event.x","op":"gt","value":"2024-03-01"}`, set(13)},
		{`{"property":"event.x","op":"is_set"}`, all &^ missing},
		{`{"property":"event.x","op":"is_not_set"}`, missing},
		{`{"not":{"property":"event.x","op":"is_set"}}`, missing},
		{`{"not":{"property":"event.x","op":"gt","value":0}}`, all &^ set(1, 3, 9, 17)},
		{`{"or":[{"property":"event.x","op":"eq","value":42},{"property":"event.x","op":"eq","value":0}]}`, set(1, 2, 3, 6)},
		{`{"and":[{"property":"event.x","op":"gt","value":0},{"not":{"property":"event.x","op":"eq","value":42}}]}`, set(9, 17)},
		{`{"property":"event.$name","op":"eq","value":"E7"}`, set(7)},
		{`{"property":"event.$name","op":"in","value":["E7","E8"]}`, set(7, 8)},
		{`{"property":"event.$name","op":"matches","value":"^E[1-3]$"}`, set(1, 2, 3)},
		{`{"property":"event.$name","op":"is_not_set"}`, 0},
		{`{"property":"event.$name","op":"gt","value":1}`, 0},
		{`{"property":"event.$type","op":"eq","value":"track"}`, all},
		{`{"property":"event.$type","op":"ne","value":"track"}`, 0},
		{`{"property":"event.it's \\ a \"name\"","op":"is_not_set"}`, all},
	}
}

// TestFilters asks for one property that takes every shape a sender gives it.
func TestFilters(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.writeMasks(values)
	for _, test := range comparisons() {
		require.Equal(t, strconv.FormatInt(int64(test.want), 2), strconv.FormatInt(int64(w.mask(test.filter)), 2), test.filter)
	}
}

// writeMasks stores an event of a visitor for each of some properties.
func (w *world) writeMasks(properties []string) {
	w.tb.Helper()
	var events []ev
	for i, props := range properties {
		events = append(events, ev{at: "2024-05-01T00:00:00Z", name: "E" + strconv.Itoa(i), visitor: "v" + strconv.Itoa(i), props: strings.Replace(`{"mask":`+strconv.Itoa(1<<i)+`,`+props[1:], ",}", "}", 1), id: strconv.Itoa(i)})
	}
	w.write(events...)
}

// mask returns the sum of 2^i over the events i that pass a filter.
func (w *world) mask(filter string) float64 {
	w.tb.Helper()
	return w.total(`{"kind":"trend","interval":"total",` + wholeYear + `,"filter":` + filter + `,"series":[{"event":"*","measure":"sum","of":"event.mask"}]}`)
}

// TestBreakdownValuesCanBeAskedFor holds Go's idea of a number's text against the engine's,
// which breakdowns show and filters compare with.
func TestBreakdownValuesCanBeAskedFor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var events []ev
	for i, number := range []string{"1", "0.1", "1e-6", "1e-7", "-2.5e-7", "123456789.125", "1e20", "1e21", "-1.7976931348623157e308", "5e-324", "100000000000000000000", "0.30000000000000004"} {
		events = append(events, ev{at: "2024-05-01T00:00:00Z", name: "A", visitor: "v", props: `{"n":` + number + `}`, id: strconv.Itoa(i)})
	}
	w.write(events...)
	trend := w.ask(`{"kind":"trend","interval":"total",` + wholeYear + `,"breakdown":{"property":"event.n","limit":50},"series":[{"event":"A"}]}`)
	lines := points(trend)
	require.Len(t, lines, 11, "1e20 came twice")
	for _, line := range lines {
		require.InDelta(t, *line.Total, w.count(`{"property":"event.n","op":"eq","value":`+strconv.Quote(*line.Breakdown)+`}`), 0, *line.Breakdown)
	}
}
