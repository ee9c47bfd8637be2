package clickhouse

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// flat is what a row's maps hold.
type flat struct {
	texts   map[string]string
	numbers map[string]float64
}

// flatten runs events through one flattener and decodes what it appended.
func flatten(tb testing.TB, events ...[2]string) []flat {
	tb.Helper()
	b := newEventBlock()
	for _, e := range events {
		b.flat.add(e[0], e[1])
	}
	return decodeMaps(tb, b, len(events))
}

func decodeMaps(tb testing.TB, b *eventBlock, rows int) []flat {
	tb.Helper()
	texts, numbers := &b.columns[eventTexts], &b.columns[eventNumbers]
	textData, numberData := texts.data, numbers.data
	result := make([]flat, rows)
	var from [2]int
	for row := range result {
		r := flat{map[string]string{}, map[string]float64{}}
		end := int(binary.LittleEndian.Uint64(texts.offsets[8*row:]))
		for _, index := range texts.indexes[from[0]:end] {
			n, size := binary.Uvarint(textData)
			require.Positive(tb, size)
			key := strings.Clone(b.flat.dict.text(index))
			require.NotContains(tb, r.texts, key, "a map holds a key twice")
			r.texts[key] = string(textData[size : size+int(n)])
			textData = textData[size+int(n):]
		}
		from[0] = end
		end = int(binary.LittleEndian.Uint64(numbers.offsets[8*row:]))
		for _, index := range numbers.indexes[from[1]:end] {
			key := strings.Clone(b.flat.dict.text(index))
			require.NotContains(tb, r.numbers, key, "a map holds a key twice")
			r.numbers[key] = math.Float64frombits(binary.LittleEndian.Uint64(numberData))
			numberData = numberData[8:]
		}
		from[1] = end
		result[row] = r
	}
	require.Empty(tb, textData)
	require.Empty(tb, numberData)
	return result
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	type texts = map[string]string
	type numbers = map[string]float64
	for _, test := range []struct {
		name, properties, derived string
		want                      flat
	}{
		{name: "nothing"},
		{name: "empty", properties: " { } ", derived: "{}"},
		{"kinds", `{"s":"x","n":1,"t":true,"f":false,"z":null,"o":{},"a":[],"e":""}`, "", flat{texts{"s": "x", "t": "true", "f": "false", "e": ""}, numbers{"n": 1}}},
		{"space", "\n{ \"s\" : \"x\" ,\t\"n\" :\r1 , \"o\" : { \"a\" : [ 1 , 2 ] } , \"b\":[ ] } ", "", flat{texts{"s": "x", "o.a": "[1,2]"}, numbers{"n": 1}}},
		{"space in texts", `{"a" : [ "x \" ] y" , { "b c" : [ ] } ]}`, "", flat{texts{"a": `["x \" ] y",{"b c":[]}]`}, numbers{}}},
		{"nested", `{"a":{"b":{"c":"x"},"d":1},"e":2}`, "", flat{texts{"a.b.c": "x"}, numbers{"a.d": 1, "e": 2}}},
		{"arrays", `{"a":[1,"]",{"b":"}\""}],"b":[[]],"c":[null]}`, "", flat{texts{"a": `[1,"]",{"b":"}\""}]`, "b": "[[]]", "c": "[null]"}, nil}},
		{"derived", `{"$os":"mine","$x":"y","a":1}`, `{"$os":"iOS","$n":2}`, flat{texts{"$os": "iOS", "$x": "y"}, numbers{"a": 1, "$n": 2}}},
		{"derived of another kind", `{"$os":"mine"}`, `{"$os":4}`, flat{nil, numbers{"$os": 4}}},
		{
			"escapes", `{"\u0061\n":"\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00\ud800x\udc00\ud800\ud83d\ude00","o\"":{"\t":"v"}}`, "",
			flat{texts{"a\n": "\"\\/\b\f\n\r\tü😀\ufffdx\ufffd\ufffd😀", "o\".\t": "v"}, nil},
		},
		{"names", `{"":1,"a.b":2,"a":{"":3,"c":{"":4}}}`, "", flat{nil, numbers{"": 1, "a.b": 2, "a.": 3, "a.c.": 4}}},
		{"long text", `{"a":"` + strings.Repeat("x", 300) + `","b":"12345678\"","c":"1234567\\"}`, "", flat{texts{"a": strings.Repeat("x", 300), "b": `12345678"`, "c": `1234567\`}, nil}},

		{
			"left out", `{"a":1,"b":{"c":"x","d":{"e":2}},"o":{"p":1},"\u0066":"x","g":[1],"h":true,"i":null,"k":"v","$url":1}`,
			`{"$unflattened":["a","b.d.e","o","f","g","h","i"],"$url":"u"}`,
			flat{texts{"b.c": "x", "k": "v", "$url": "u", "$unflattened": `["a","b.d.e","o","f","g","h","i"]`}, nil},
		},
		{"left out and twice", `{"a":1,"b":1,"b":2,"c":{"d":1}}`, `{"$unflattened":["a","c.d"]}`, flat{texts{"$unflattened": `["a","c.d"]`}, numbers{"b": 2}}},
		{"left out by the sender", `{"$unflattened":["a"],"a":1}`, "", flat{texts{"$unflattened": `["a"]`}, numbers{"a": 1}}},
		{"left out by what is no list", `{"a":1}`, `{"$unflattened":[1,}`, flat{nil, numbers{"a": 1}}},

		{"twice", `{"a":1,"a":"x"}`, "", flat{texts{"a": "x"}, nil}},
		{"twice, then null", `{"a":1,"b":2,"a":null}`, "", flat{nil, numbers{"b": 2}}},
		{"twice by an escape", `{"a":1,"\u0061":2}`, "", flat{nil, numbers{"a": 2}}},
		{"twice an object", `{"a":{"b":1,"c":2},"a":{"b":3}}`, "", flat{nil, numbers{"a.b": 3}}},
		{"twice an object, then empty", `{"a":{"b":1},"a":{}}`, "", flat{nil, numbers{}}},
		{"twice a dotted name", `{"a":{"b":1},"a.b":"x"}`, "", flat{texts{"a.b": "x"}, nil}},
		{"twice, inexact", `{"a":9007199254740993,"a":1}`, "", flat{nil, numbers{"a": 1}}},

		{
			"numbers", `{"a":-1,"b":0.1,"c":19.90,"d":1e3,"e":-2.5E-1,"f":-0,"g":123456789012345,"h":0.000001}`, "",
			flat{nil, numbers{"a": -1, "b": 0.1, "c": 19.9, "d": 1000, "e": -0.25, "f": 0, "g": 123456789012345, "h": 0.000001}},
		},
		{
			"exact although long", `{"a":9007199254740992,"b":1234567890123456,"c":100000000000000000000000,"d":0.30000000000000004,"e":1.00000000000000000000000}`, "",
			flat{nil, numbers{"a": 1 << 53, "b": 1234567890123456, "c": 1e23, "d": 0.30000000000000004, "e": 1}},
		},
		{
			"not exact", `{"a":9007199254740993,"b":0.1000000000000000055511151231257827,"c":-12345678901234567890}`, "",
			flat{texts{"a": "9007199254740993", "b": "0.1000000000000000055511151231257827", "c": "-12345678901234567890"}, numbers{"a": 9007199254740992, "b": 0.1, "c": -12345678901234567890}},
		},
		{
			"out of range", `{"a":1e400,"b":-1e400,"c":1e-400,"d":0e999999999999999999999}`, "",
			flat{texts{"a": "1e400", "b": "-1e400", "c": "1e-400", "d": "0e999999999999999999999"}, numbers{"c": 0, "d": 0}},
		},

		{"no object", `[1]`, `"x"`, flat{}},
		{"torn", `{"a":1,"b":{"c":2}`, `{"$x":1}`, flat{nil, numbers{"$x": 1}}},
		{"more behind", `{"a":1}{`, "", flat{}},
		{"no value", `{"a":}`, "", flat{}},
		{"no number", `{"a":1-2}`, "", flat{}},
		{"half a number", `{"a":1.}`, "", flat{}},
		{"no string", `{"a":"x\"}`, "", flat{}},
		{"a comma too much", `{"a":1,}`, "", flat{}},
		{"torn after a name that comes again", `{"$x":1,`, `{"$x":2}`, flat{nil, numbers{"$x": 2}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// A second time, with the dictionary already filled.
			for _, got := range flatten(t, [2]string{test.properties, test.derived}, [2]string{test.properties, test.derived}) {
				require.Len(t, got.texts, len(test.want.texts))
				for name, text := range test.want.texts {
					require.Equal(t, text, got.texts[name], name)
				}
				require.Len(t, got.numbers, len(test.want.numbers))
				for name, number := range test.want.numbers {
					require.Contains(t, got.numbers, name)
					require.Equal(t, math.Float64bits(number), math.Float64bits(got.numbers[name]), name)
				}
			}
		})
	}
}

func TestFlattenBounds(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	got := flatten(t, [2]string{deep, ""})[0]
	require.Empty(t, got.numbers)
	require.Equal(t, strings.Repeat(`{"a":`, 24)+"1"+strings.Repeat("}", 24), got.texts[strings.Repeat("a.", 15)+"a"])

	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, `,"k%d":%d`, i, i)
	}
	got = flatten(t, [2]string{"{" + many.String()[1:] + "}", `{"$os":"iOS"}`})[0]
	require.Len(t, got.numbers, maxKeys)
}

// oracle flattens by encoding/json, in the obvious way. ok is false where that
// would not compare: the text is no object, or beyond the bounds.
func oracle(text string, into flat) (ok bool) {
	if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
		return false
	}
	var members map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&members) != nil || members == nil {
		return false
	}
	return walk("", members, into, 1)
}

func walk(prefix string, members map[string]any, into flat, depth int) bool {
	for key, value := range members {
		name := prefix + key
		delete(into.texts, name)
		delete(into.numbers, name)
		switch v := value.(type) {
		case string:
			into.texts[name] = v
		case bool:
			into.texts[name] = fmt.Sprint(v)
		case json.Number:
			f, err := v.Float64()
			if err == nil {
				into.numbers[name] = f + 0
			}
			if err != nil || !sameDecimal(v.String(), fmt.Sprintf("%e", f)) && !sameDecimal(v.String(), string(must(json.Marshal(f)))) {
				into.texts[name] = v.String()
			}
		case []any:
			if len(v) > 0 {
				into.texts[name] = "[" // compared by its beginning only
			}
		case map[string]any:
			if depth == maxDepth || !walk(name+".", v, into, depth+1) {
				return false
			}
		}
	}
	return len(into.texts)+len(into.numbers) < maxKeys/2
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// dotted reports whether two members may flatten to one name, where the
// oracle's random order is no answer.
func dotted(text string) bool {
	return strings.ContainsAny(text, `.\`) && strings.Contains(text, "{") && strings.Count(text, "{") > 1
}

func FuzzFlatten(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":"x","c":{"d":[1,2,{"e":null}]},"f":true}`, `{"a":1,"a":2}`, `{"a":"\ud83d\ude00"}`, `{"a":1e400,"b":9007199254740993}`,
		`{"a":{"b":1},"a":{"c":2}}`, "{\"\xff\":1}", `{"a":[ 1 ,	"x \" y",{ "b" : [ ] } ]}`, `{"a`, `{"a":"\`, `{"a":"\u12`, `[]`, `{"":{"":{"":-0.0e-5}}}`,
	} {
		f.Add(seed, `{"$os":"iOS"}`)
		f.Add(seed, `{"$unflattened":["a","c.d"],"c":1}`)
	}
	f.Fuzz(func(t *testing.T, properties, derived string) {
		b := newEventBlock()
		b.flat.add(properties, derived)
		b.flat.add(properties, derived)
		got := decodeMaps(t, b, 2)
		require.Equal(t, fmt.Sprint(got[0]), fmt.Sprint(got[1]), "the second time differs")

		// The fast way and the slow one agree.
		slow := newEventBlock()
		slow.flat.repeated(properties, derived)
		slow.flat.texts.end(len(slow.flat.texts.indexes))
		slow.flat.numbers.end(len(slow.flat.numbers.indexes))
		want := decodeMaps(t, slow, 1)[0]
		if strings.Count(properties, ":")+strings.Count(derived, ":") < maxKeys {
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(got[0]))
		}

		reference := flat{map[string]string{}, map[string]float64{}}
		if dotted(properties) || !oracle(properties, reference) {
			return
		}
		got = flatten(t, [2]string{properties, ""})
		require.Len(t, got[0].texts, len(reference.texts))
		for name, text := range reference.texts {
			require.Contains(t, got[0].texts, name)
			if text == "[" {
				require.True(t, strings.HasPrefix(got[0].texts[name], text))
				var compact bytes.Buffer
				require.NoError(t, json.Compact(&compact, []byte(got[0].texts[name])))
				require.Equal(t, compact.String(), got[0].texts[name])
				continue
			}
			require.Equal(t, text, got[0].texts[name])
		}
		require.Equal(t, reference.numbers, got[0].numbers)
	})
}

func TestScannerNeverPanics(t *testing.T) {
	t.Parallel()
	valid := []byte(`{"a":"x\"\u00e9","b":[1,{"c":"]"}],"d":{"e":-1.5e3,"f":null},"g":true}`)
	for cut := range valid {
		flatten(t, [2]string{string(valid[:cut]), string(valid[cut:])})
		for _, c := range []byte("\x00\"\\{}[]:,0-e\xff") {
			broken := bytes.Clone(valid)
			broken[cut] = c
			flatten(t, [2]string{string(broken), ""})
		}
	}
}

func TestDictionary(t *testing.T) {
	t.Parallel()
	var d dictionary
	d.reset()
	for range 2 {
		for i := range 100_000 {
			require.Equal(t, uint32(i), d.index(fmt.Sprint("key", i)))
		}
	}
	require.Equal(t, uint32(7), d.index("key7"))
	require.Equal(t, 100_000, d.len())
	column := d.appendColumn(nil, []uint32{0, 99_999})
	require.Equal(t, []byte{0, 0, 0, 0, 0x9f, 0x86, 1, 0}, column[len(column)-8:])
	d.reset()
	require.Equal(t, uint32(0), d.index("other"))
	require.Len(t, d.slots, minSlots, "the memory of a huge block is given back")
}

func TestBlockBody(t *testing.T) {
	t.Parallel()
	b := newEventBlock()
	pieces, length := b.encode()
	want := bytes.Join(pieces, nil)
	require.Len(t, want, length)
	got, err := io.ReadAll(io.NopCloser(&blockBody{pieces: pieces}))
	require.NoError(t, err)
	require.Equal(t, want, got)
	var out bytes.Buffer
	_, err = (&blockBody{pieces: pieces}).WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, want, out.Bytes())
}
