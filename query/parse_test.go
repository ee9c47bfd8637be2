package query

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// invalid has questions and their mistakes as path and code.
var invalid = []struct{ question, want string }{
	{``, " invalid_json"},
	{`{`, " invalid_json"},
	{`{"kind":"trend"} {}`, " invalid_json"},
	{`[]`, " bad_type"},
	{`null`, " bad_type"},
	{`{}`, "/kind required"},
	{`{"kind":7}`, "/kind bad_type"},
	{`{"kind":"guess"}`, "/kind unknown_kind"},
	{`{"kind":"funnel","steps":[]}`, "/range required, /steps required"},
	{`{"kind":"retention"}`, "/range required, /start/event required, /return/event required"},
	{`{"kind":"segment"}`, "/segment bad_value"},
	{`{"kind":"lifecycle"}`, "/kind unsupported"},
	{`{"kind":"trend","kind":"events"}`, "/kind duplicate_field"},
	{`{"kind":"trend"}`, "/range required, /series required"},
	{`{"kind":"trend",` + month + `,"series":[]}`, "/series required"},
	{`{"kind":"trend",` + month + `,"series":{}}`, "/series bad_type"},
	{`{"kind":"trend",` + month + `,"series":[{}]}`, "/series/0/event required"},
	{`{"kind":"trend",` + month + `,"series":[7]}`, "/series/0 bad_type, /series/0/event required"},
	{`{"kind":"trend",` + month + `,"serie":[],"x/y~":1,"series":[{"event":"a"}]}`, "/serie unknown_field, /x~1y~0 unknown_field"},
	{
		`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"formula":"A/B","compare":"last_year","rolling":7,"cumulative":true}`,
		"/formula bad_value, /compare bad_value, /rolling conflict",
	},
	{
		`{"kind":"trend",` + month + `,"interval":"year","series":[{"event":"a","measure":"mode"},{"event":"a","measure":"sum"},{"event":"a","of":"event.x"},{"event":"a","measure":"sum","of":"persons.age"},{"event":"a","measure":"sum","of":"session.price"}]}`,
		"/interval bad_value, /series/0/measure bad_value, /series/1/of required, /series/2/of bad_value, /series/3/of bad_value, /series/4/of bad_value",
	},
	{`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"breakdown":{"property":"group.company.name","limit":0}}`, "/breakdown/limit bad_type"},
	{`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"breakdown":{"limit":1001}}`, "/breakdown/property required, /breakdown/limit bad_value"},
	{`{"kind":"events","range":{"from":"2024-01-01"}}`, "/range/to required"},
	{`{"kind":"events","range":{"from":"2024-01-01","to":"2024-01-01"}}`, "/range bad_value"},
	{`{"kind":"events","zone":"America/New_York","range":{"from":"2024-03-10","to":"2024-03-10T05:00:00Z"}}`, "/range bad_value"},
	{`{"kind":"events","range":{"from":"2024-03-10","to":"2024-03-08T22:00:00Z"}}`, "/range bad_value"}, // wherever the day begins
	{`{"kind":"events","range":{"from":"2024-03-10T03:00:00Z","to":"2024-03-10T03:00:00Z"}}`, "/range bad_value"},
	{`{"kind":"events","range":{"from":"2024-02-30","to":"yesterday"}}`, "/range/from bad_value, /range/to bad_value"},
	{`{"kind":"events","range":{"from":"1066-10-14","to":"2024-01-01"}}`, "/range/from bad_value"},
	{`{"kind":"events","range":{"last":"30d","to":"2024-01-01"}}`, "/range conflict"},
	{`{"kind":"events","range":{"last":"0d"}}`, "/range/last bad_value"},
	{`{"kind":"events","range":{"last":"3y"}}`, "/range/last bad_value"},
	{`{"kind":"events","range":{"last":"99999999w"}}`, "/range/last bad_value"},
	{`{"kind":"events","range":"30d"}`, "/range bad_type"},
	{`{"kind":"trend",` + month + `,"series":[{"event":"a","approximate":true},{"event":"a","measure":"sum","of":"event.x","approximate":true},{"event":"a","measure":"persons","approximate":1}]}`, "/series/2/approximate bad_type, /series/0/approximate bad_value, /series/1/approximate bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"max_age":10}`, "/max_age bad_type"},
	{`{"kind":"sessions","range":{"last":"1d"},"max_age":"61m"}`, "/max_age bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"max_age":"0s"}`, "/max_age bad_value"},
	{`{"kind":"persons","of":{"kind":"trend",` + month + `,"series":[{"event":"a"}]},"at":{"series":0,"bucket":"2024-01-01"},"max_age":"soon"}`, "/max_age bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"zone":"Mars/Base"}`, "/zone bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"zone":"Local"}`, "/zone bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"zone":"../etc/passwd"}`, "/zone bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"limit":1001,"cursor":"x","person":"ann"}`, "/limit bad_value, /person bad_value, /cursor bad_value"},
	{`{"kind":"events","range":{"last":"1d"},"limit":1.5}`, "/limit bad_type"},
	{`{"kind":"persons","range":{"last":"1d"},"of":{},"at":{},"cursor":"x"}`, "/of/kind required, /at conflict, /cursor bad_value"},
	{filtered(`{}`), "/filter bad_value"},
	{filtered(`[]`), "/filter bad_type"},
	{filtered(`{"segment":"x y"}`), "/filter/segment bad_value"},
	{filtered(`{"segment":{"or":[` + strings.Repeat(`{"did":{"event":"a"}},`, 20) + `{"first_seen":{"last":"1d"}}]}}`), "/filter/segment/or/20 too_many"},
	{filtered(`{"and":[]}`), "/filter/and required"},
	{filtered(`{"and":[{"or":[]}],"not":{}}`), "/filter bad_value"},
	{
		filtered(`{"and":[{"property":"event.x","op":"eq"},{"property":"x","op":"eq","value":1},{"property":"event.x","op":"like","value":1},{"property":"event.x","value":1}]}`),
		"/filter/and/0/value required, /filter/and/1/property bad_value, /filter/and/2/op bad_value, /filter/and/3/op required",
	},
	{filtered(`{"property":"session.referrer","op":"is_set","value":1}`), "/filter/property bad_value, /filter/value bad_value"},
	{filtered(`{"property":"event.","op":"is_set"}`), "/filter/property bad_value"},
	{filtered(`{"and":[` + strings.Repeat(`{"property":"person.a","op":"is_set"},`, 20) + `{"property":"event.a","op":"is_set"},{"not":{"property":"group.a.b","op":"is_set"}}]}`), "/filter/and/21/not too_many"},
	{filtered(`{"property":"person.","op":"is_set"}`), "/filter/property bad_value"},
	{filtered(`{"property":"group.company","op":"is_set"}`), "/filter/property bad_value"},
	{filtered(`{"property":"group.company.","op":"is_set"}`), "/filter/property bad_value"},
	{filtered(`{"property":"group..name","op":"is_set"}`), "/filter/property bad_value"},
	{filtered(`{"property":"event.x","op":"in","value":[]}`), "/filter/value required"},
	{filtered(`{"property":"event.x","op":"in","value":"a"}`), "/filter/value bad_type"},
	{filtered(`{"property":"event.x","op":"in","value":["a",null,{}]}`), "/filter/value/1 bad_type, /filter/value/2 bad_type"},
	{filtered(`{"property":"event.x","op":"eq","value":["a"]}`), "/filter/value bad_type"},
	{filtered(`{"property":"event.x","op":"eq","value":{}}`), "/filter/value bad_type"},
	{filtered(`{"property":"event.x","op":"gt","value":"tall"}`), "/filter/value bad_value"},
	{filtered(`{"property":"session.views","op":"gt","value":"2024-01-01"}`), "/filter/value bad_value"},
	{filtered(`{"property":"event.x","op":"matches","value":"("}`), "/filter/value bad_value"},
	{filtered(`{"property":"event.x","op":"matches","value":"(?=a)"}`), "/filter/value bad_value"},
	{filtered(`{"property":"event.x","op":"matches","value":7}`), "/filter/value bad_type"},
	{filtered(`{"property":"event.x","op":"matches","value":"` + strings.Repeat("a", maxPattern+1) + `"}`), "/filter/value too_long"},
	{filtered(`{"property":"event.x","op":"eq","value":"` + strings.Repeat("a", maxText+1) + `"}`), "/filter/value too_long"},
	{filtered(`{"property":"event.` + strings.Repeat("a", maxText+1) + `","op":"is_set"}`), "/filter/property too_long"},
	{filtered(strings.Repeat(`{"not":`, maxFilterDepth) + `{"property":"event.x","op":"is_set"}` + strings.Repeat(`}`, maxFilterDepth)), "/filter" + strings.Repeat("/not", maxFilterDepth) + " too_deep"},
	{strings.Repeat("[", 1000), strings.Repeat("/0", maxDepth) + " too_deep"},
}

func filtered(filter string) string {
	return `{"kind":"events","range":{"last":"1d"},"filter":` + filter + `}`
}

func TestParseNamesEveryMistake(t *testing.T) {
	t.Parallel()
	for _, test := range invalid {
		_, err := Parse([]byte(test.question))
		var wrong *InvalidError
		require.ErrorAs(t, err, &wrong, test.question)
		var got []string
		for _, p := range wrong.Problems {
			require.NotEmpty(t, p.Message)
			got = append(got, p.Path+" "+p.Code)
		}
		require.Equal(t, test.want, strings.Join(got, ", "), "%.300s: %v", test.question, err)
	}
}

func TestBoundsOfAQuestion(t *testing.T) {
	t.Parallel()
	one := `{"property":"event.x","op":"is_set"}`
	_, err := Parse([]byte(filtered(`{"and":[` + strings.Repeat(one+",", maxFilterNodes) + one + `]}`)))
	require.ErrorContains(t, err, "at most 200 parts")
	values := make([]string, maxValues+1)
	for i := range values {
		values[i] = strconv.Itoa(i)
	}
	_, err = Parse([]byte(filtered(`{"property":"event.x","op":"in","value":[` + strings.Join(values, ",") + `]}`)))
	require.ErrorContains(t, err, "at most 1000 values")
	_, err = Parse([]byte(filtered(`{"property":"event.x","op":"in","value":[` + strings.Join(values[1:], ",") + `]}`)))
	require.NoError(t, err)
	series := strings.Repeat(`{"event":"a"},`, maxSeries) + `{"event":"a"}`
	_, err = Parse([]byte(`{"kind":"trend",` + month + `,"series":[` + series + `]}`))
	require.ErrorContains(t, err, "at most 26 series")
}

// TestQueriesAreTheirJSON reads each question, writes it and reads it again.
func TestQueriesAreTheirJSON(t *testing.T) {
	t.Parallel()
	for name := range corpus {
		q := question(t, name)
		text, err := json.Marshal(q)
		require.NoError(t, err)
		again, err := Parse(text)
		require.NoError(t, err, "%s", text)
		require.Equal(t, q, again)
	}
}

func TestGoValuesAreValidatedToo(t *testing.T) {
	t.Parallel()
	var q Query = &Trend{
		Scope:  Scope{Range: Range{Last: "7d"}, Filter: &Filter{Property: "event.x", Op: In, Value: []int{1, 2}}},
		Series: []Series{{Selector: Selector{Event: "a", Filter: &Filter{Property: "event.x", Op: Equal, Value: float32(0.5)}}}},
	}
	require.NoError(t, q.Validate())
	q = &Trend{Series: []Series{{Selector: Selector{Event: "a", Filter: &Filter{Property: "event.x", Op: Equal, Value: struct{}{}}}}}}
	require.ErrorContains(t, q.Validate(), "/series/0/filter/value: the value is a text, a number or a bool")
	require.ErrorContains(t, q.Validate(), "/range: range is required")
}

func TestDefaultsMayBeSaid(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte(`{"kind":"trend",` + month + `,"series":[{"event":"a"}],"compare":"none","cumulative":false,"rolling":null,"filter":null}`))
	require.NoError(t, err)
	_, err = Parse([]byte(`{"kind":"events",` + month + `,"compare":"none"}`))
	require.ErrorContains(t, err, "there is no field")
}

func TestScalars(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]scalar{
		"42": {"42", 42, true, true}, "42.0": {"42", 42, true, true}, "4.2e1": {"42", 42, true, true}, "-0.10": {"-0.1", -0.1, true, true},
		"12345678901234567890": {"12345678901234567890", 12345678901234567890, true, false},
		"9007199254740993":     {"9007199254740993", 9007199254740992, true, false},
		"1e21":                 {"1e21", 1e21, true, true}, "0e5": {"0", 0, true, true}, "1e-7": {"1e-7", 1e-7, true, true},
	} {
		require.Equal(t, want, numberScalar(written), written)
	}
	require.Equal(t, scalar{text: "1e999"}, numberScalar("1e999"))
	for text, canonical := range map[string]bool{"42": true, "42.0": false, "042": false, "1e3": false, "-1.5e-9": true, "0.000001": true} {
		require.Equal(t, canonical, textScalar(text).canonical, text)
		require.True(t, textScalar(text).isNumber, text)
	}
	for _, text := range []string{"", "abc", "0x10", "1_000", "inf", "NaN", "+1", " 1", "1e999"} {
		require.Equal(t, scalar{text: text}, textScalar(text))
	}
}

func TestChase(t *testing.T) {
	t.Parallel()
	type ends = map[footfall.ID]footfall.ID
	chased := func(edges ...alias) ends {
		from, to := chase(edges)
		all := ends{}
		for i := range from {
			all[from[i]] = to[i]
		}
		return all
	}
	a, b, c := footfall.ID{1}, footfall.ID{2}, footfall.ID{3}
	require.Empty(t, chased(alias{a, b}))
	require.Equal(t, ends{a: c}, chased(alias{a, b}, alias{b, c}))
	require.Equal(t, ends{a: c, c: c}, chased(alias{a, b}, alias{b, c}, alias{c, a}), "the newest edge of a circle does not count")
	require.Empty(t, chased(alias{a, a}), "it leads to itself either way")
	long := make([]alias, maxChained)
	for i := range long {
		binary.LittleEndian.PutUint32(long[i].from[:], uint32(i+1))
		binary.LittleEndian.PutUint32(long[i].to[:], uint32(i))
	}
	require.Len(t, chased(long...), maxChained-1)
}

// TestThereIsOneZero compares with the zero of a sign as with the other.
func TestThereIsOneZero(t *testing.T) {
	t.Parallel()
	for _, zero := range []any{json.Number("-0"), json.Number("-0.0"), json.Number("-0e9"), math.Copysign(0, -1), 0} {
		s, ok := scalarOf(zero)
		require.True(t, ok)
		require.Equal(t, "0", s.text, "%v", zero)
		require.True(t, s.canonical, "%v", zero)
		require.False(t, math.Signbit(s.number), "%v", zero)
	}
	require.False(t, textScalar("-0").canonical, "a text is what it is")
}

func FuzzScalar(f *testing.F) {
	f.Add("42")
	f.Add("-1.50e-09")
	f.Fuzz(func(t *testing.T, text string) {
		s := textScalar(text)
		if s.canonical {
			require.Equal(t, text, formatNumber(s.number))
		}
		if json.Valid([]byte(text)) && looksLikeNumber(text) {
			n := numberScalar(text)
			if n.canonical {
				require.Equal(t, textScalar(n.text).number, n.number)
			}
		}
	})
}
