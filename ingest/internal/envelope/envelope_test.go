package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func decoder(body string) *Decoder {
	var d Decoder
	d.Reset([]byte(body))
	return &d
}

func TestMessageFindsItsFields(t *testing.T) {
	t.Parallel()
	d := decoder(` {"type":"page", "ev\u0065nt":"A\"\ud83d\ude00\ud800\/", "userId":"u", "userId":null, "anonymousId":"a","anonymousId":7,
		"properties":{"url":"https:\/\/x.org\/","name":"first"}, "properties":{"path":"/p","x":[1,{"url":"no"}],"category":null},
		"context":{"page":{"url":"u1"},"campaign":{"name":"c","source":"s","medium":"m"},"locale":"de","page":{"path":"q"},"traits":{"t":1}},
		"traits":[{}], "timestamp":1.5e3, "batch":[], "integrations":{"All":true} } `)
	var m Message
	require.NoError(t, d.Message(&m))
	require.True(t, m.Object)
	require.False(t, m.TooDeep || m.NotUTF8)
	require.Equal(t, "page", string(d.Text(&m, Type)))
	require.Equal(t, "A\"😀\ufffd/", string(d.Text(&m, Event)))
	require.Equal(t, "A\"😀\ufffd/", string(d.Text(&m, Event)), "asking again gives the same")
	require.True(t, bytes.Equal([]byte(`{"path":"/p","x":[1,{"url":"no"}],"category":null}`), d.Raw(&m, Properties)))
	for f, want := range map[Field]Kind{
		UserID: Absent, AnonymousID: Number, Batch: Absent, Traits: Array, Timestamp: Number, Properties: Object,
		PropertyURL: Absent, PropertyName: Absent, PropertyPath: String, PropertyCategory: Absent,
		PageURL: Absent, PagePath: String, CampaignName: String, CampaignSource: String, CampaignMedium: String,
		ContextLocale: String, ContextTraits: Object, ContextPage: Object,
	} {
		require.Equal(t, want, d.Kind(&m, f), "field %d", f)
	}
	var got []string
	d.Members(&m, Properties, func(name, member []byte) { got = append(got, string(name)+" "+string(member)) })
	require.Equal(t, []string{`path "path":"/p"`, `x "x":[1,{"url":"no"}]`, `category "category":null`}, got)
}

func TestTextInsidePropertiesIsCopied(t *testing.T) {
	t.Parallel()
	body := `{"properties":{"url":"a\/b","path":"plain"}}`
	d := decoder(body)
	var m Message
	require.NoError(t, d.Message(&m))
	text, grown := d.AppendText([]byte("x"), &m, PropertyURL)
	require.Equal(t, "a/b", string(text))
	require.Equal(t, "xa/b", string(grown))
	text, grown = d.AppendText(nil, &m, PropertyPath)
	require.Equal(t, "plain", string(text))
	require.Empty(t, grown)
	require.Equal(t, body[14:len(body)-1], string(d.Raw(&m, Properties)), "what is kept is as it was sent")
}

func TestSyntax(t *testing.T) {
	t.Parallel()
	valid := []string{
		`{}`, ` { } `, `{"a":[]}`, `{"a":[ ]}`, `{"a":{ }}`, `{"a":[[],{}]}`, `{"a":-0.0e+10}`, `{"a":0}`, `{"a":1E5}`, `[]`, `7`, `"x"`, `null`,
		`{"a":"\u00e9\n\\"}`, "{\"a\":\"\x7f\"}", "\t{\r\n}\n",
	}
	invalid := []string{
		``, ` `, `{`, `}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":1 "b":2}`, `{"a":[1}`, `{"a":{"b":1]}`,
		`{"a":01}`, `{"a":-}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`, `{"a":1e}`, `{"a":tru}`, `{"a":nulL}`, `{"a":NaN}`, `{"a":'b'}`, `{a:1}`,
		`{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"\u12`, `{"a":"b`, `{"a":"b\`, "{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", `{} {}`, `{}x`, "{}\x00", `{"a":1}}`, "\ufeff{}",
	}
	for _, body := range valid {
		var m Message
		require.NoError(t, decoder(body).Message(&m), body)
		require.True(t, json.Valid([]byte(body)), body)
	}
	for _, body := range invalid {
		var m Message
		var e *SyntaxError
		require.ErrorAs(t, decoder(body).Message(&m), &e, body)
		require.LessOrEqual(t, e.Offset, len(body), body)
		require.False(t, json.Valid([]byte(body)), body)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + strings.Repeat(`]}`, n/2) }
	for n, deep := range map[int]bool{2: false, MaxDepth: false, MaxDepth + 2: true, 130: true, 9_998: true, 200_000: true} {
		var m Message
		require.NoError(t, decoder(nested(n)).Message(&m))
		require.Equal(t, deep, m.TooDeep, "depth %d", n)
		require.Error(t, decoder(nested(n)[:n*4-3]).Message(&m))
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	d := decoder(`{"sentAt":"2024-01-01T00:00:00Z","batch":[{"type":"track","batch":[{}]}, 3 ,{"userId":"` + "\xff" + `"},{"userId":"é"}],"context":{"locale":"fr"},"writeKey":"wk_1"}`)
	var e Envelope
	require.NoError(t, d.Batch(&e, 4))
	require.False(t, e.NotUTF8)
	require.Len(t, e.Items, 4)
	require.Equal(t, "track", string(d.Text(&e.Items[0], Type)))
	require.Equal(t, Absent, d.Kind(&e.Items[0], Batch))
	require.False(t, e.Items[1].Object)
	require.True(t, e.Items[2].NotUTF8)
	require.False(t, e.Items[3].NotUTF8)
	require.Equal(t, 15, e.Items[3].Len())
	require.Equal(t, `"fr"`, string(d.Raw(&e.Message, ContextLocale)))
	require.Equal(t, "wk_1", string(d.Text(&e.Message, WriteKey)))

	require.ErrorIs(t, decoder(`{"batch":[1,2,3]}`).Batch(&e, 2), ErrTooMany)
	require.NoError(t, decoder(`{"batch":[ ]}`).Batch(&e, 2))
	require.Empty(t, e.Items)
	require.True(t, e.Has(Batch))
	require.NoError(t, decoder(`{"batch":[1,2],"batch":[3]}`).Batch(&e, 2))
	require.Len(t, e.Items, 1)
	require.NoError(t, decoder(`{"batch":[1],"batch":{}}`).Batch(&e, 2))
	require.NoError(t, decoder(`{"batch":[],"x":"`+"\xff"+`"}`).Batch(&e, 2))
	require.True(t, e.NotUTF8)
	require.NoError(t, decoder(`{"batch":["`+"\xff"+`"],"batch":[]}`).Batch(&e, 2))
	require.True(t, e.NotUTF8)
}

func TestLinesAreBodiesOfTheirOwn(t *testing.T) {
	t.Parallel()
	body := "{\"type\":\"a\"}\r\n{\"b\":\n1}\n\n{\"type\":\"c\"}"
	d := decoder(body)
	var types []string
	var m Message
	for i := 0; i < len(body); {
		next, err := d.Line(i, &m)
		require.Greater(t, next, i)
		if i = next; err != nil {
			types = append(types, "!")
			continue
		}
		types = append(types, string(d.Text(&m, Type)))
	}
	require.Equal(t, []string{"a", "!", "!", "!", "c"}, types)
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 10, 20, 30, 0, time.UTC).UnixMilli()
	good := map[string]int64{
		"2024-02-29T10:20:30Z": at, "2024-02-29t10:20:30z": at, "2024-02-29 10:20:30": at, "2024-02-29T10:20:30.123Z": at + 123,
		"2024-02-29T10:20:30.1Z": at + 100, "2024-02-29T10:20:30.123456789Z": at + 123, "2024-02-29T10:20:30.5": at + 500,
		"2024-02-29T12:20:30+02:00": at, "2024-02-29T12:20:30+0200": at, "2024-02-29T12:20:30+02": at, "2024-02-29T05:05:30-05:15": at,
		"2024-02-29T10:20:60Z": at + 30_000, "2024-02-29": at - (10*3600+20*60+30)*1000, "1969-12-31T23:59:59.999Z": -1,
		"0001-01-01T00:00:00Z": time.Time{}.UnixMilli(),
	}
	for text, want := range good {
		got, ok := ParseTime([]byte(text))
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "2024", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-02-29T", "2024-02-29T10:20", "2024-02-29T24:00:00Z",
		"2024-02-29T10:60:00Z", "2024-02-29T10:20:61Z", "2024-02-29T10:20:30.Z", "2024-02-29T10:20:30ZZ", "2024-02-29T10:20:30+2", "2024-02-29T10:20:30+24:00",
		"2024-02-29T10:20:30+02:60", "2024-02-29T10:20:30 UTC", "+024-02-29", "29.02.2024 10:20", "2024-02-29X10:20:30Z", "2024-02-29T1a:20:30Z",
	} {
		_, ok := ParseTime([]byte(text))
		require.False(t, ok, text)
	}
	for day := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 10_000; day = day.AddDate(0, 0, 17) {
		require.Equal(t, day.Unix()/86400, Day(day.Year(), int(day.Month()), day.Day()))
	}
}

// FuzzMessage holds the decoder against encoding/json: it accepts the same
// bodies and finds the same values.
func FuzzMessage(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var m Message
		d := decoder(string(body))
		err := d.Message(&m)
		valid := json.Valid(body)
		if err != nil || !valid {
			require.False(t, valid, "%v", err)
			if err == nil {
				require.Greater(t, depth(body), 10_000, "where encoding/json gives up")
			}
			return
		}
		require.Equal(t, !utf8.Valid(body), m.NotUTF8)
		if utf8.Valid(body) {
			compare(t, d, &m, body, Type, Traits)
			require.Equal(t, depth(body) > MaxDepth, m.TooDeep)
		}
	})
}

// FuzzBatch does the same for envelopes.
func FuzzBatch(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
		f.Add([]byte(`{"batch":[` + seed + `,` + seed + `],"context":{"a":1}}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var e Envelope
		d := decoder(string(body))
		err := d.Batch(&e, 1<<20)
		if !json.Valid(body) {
			require.True(t, err != nil || depth(body) > 10_000)
			return
		}
		require.NoError(t, err)
		if !utf8.Valid(body) {
			bad := e.NotUTF8
			for i := range e.Items {
				bad = bad || e.Items[i].NotUTF8
			}
			require.True(t, bad)
			return
		}
		var want map[string]json.RawMessage
		if !e.Object || json.Unmarshal(body, &want) != nil {
			return
		}
		var items []json.RawMessage
		_ = json.Unmarshal(want["batch"], &items)
		if d.Kind(&e.Message, Batch) == Array {
			require.Len(t, e.Items, len(items))
			for i := range items {
				compare(t, d, &e.Items[i], items[i], Type, Traits)
			}
		}
		compare(t, d, &e.Message, body, Type, WriteKey)
	})
}

var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// FuzzTime holds ParseTime against the standard library.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{"2024-02-29T10:20:30Z", "2024-02-29T10:20:30.123456789+02:00", "1969-12-31 23:59:59", "2024-02-29"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := ParseTime([]byte(text))
		// What Go takes beyond RFC 3339 (one digit of an hour, a comma) is not taken here.
		if want, err := time.Parse(time.RFC3339Nano, text); err == nil && rfc3339.MatchString(text) {
			require.True(t, ok)
			require.Equal(t, want.UnixMilli(), got)
		}
	})
}

func compare(t *testing.T, d *Decoder, m *Message, body []byte, from, to Field) {
	t.Helper()
	var want map[string]json.RawMessage
	require.Equal(t, bytes.TrimLeft(body, " \t\r\n")[0] == '{', m.Object)
	if !m.Object {
		return
	}
	require.NoError(t, json.Unmarshal(body, &want))
	check := func(f Field, want json.RawMessage) {
		if bytes.Equal(want, []byte("null")) {
			want = nil
		}
		require.Equal(t, string(want), string(d.Raw(m, f)), "field %d", f)
	}
	check(Properties, want["properties"])
	check(Context, want["context"])
	inner := func(object json.RawMessage, names map[string]Field) map[string]json.RawMessage {
		var in map[string]json.RawMessage
		_ = json.Unmarshal(object, &in)
		for name, f := range names {
			check(f, in[name])
		}
		return in
	}
	inner(want["properties"], map[string]Field{"url": PropertyURL, "path": PropertyPath, "referrer": PropertyReferrer, "name": PropertyName, "category": PropertyCategory, "nonInteraction": PropertyNonInteraction, "non_interaction": PropertyNonInteractionSnake})
	in := inner(want["context"], map[string]Field{"page": ContextPage, "campaign": ContextCampaign, "locale": ContextLocale, "traits": ContextTraits})
	inner(in["page"], map[string]Field{"url": PageURL, "path": PagePath, "referrer": PageReferrer})
	inner(in["campaign"], map[string]Field{"source": CampaignSource, "medium": CampaignMedium, "name": CampaignName})
	for f := from; f <= to; f++ {
		if f == Batch {
			continue
		}
		check(f, want[f.String()])
		if d.Kind(m, f) == String {
			var text string
			require.NoError(t, json.Unmarshal(want[f.String()], &text))
			require.Equal(t, text, string(d.Text(m, f)))
		}
	}
}

func depth(body []byte) (deepest int) {
	dec := json.NewDecoder(bytes.NewReader(body))
	for level := 0; ; {
		token, err := dec.Token()
		if err != nil || level > 20_000 {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			level++
			deepest = max(deepest, level)
		case json.Delim('}'), json.Delim(']'):
			level--
		}
	}
}

var seeds = []string{
	`{}`, `{"type":"track","event":"A","userId":"u","properties":{"a":1}}`, `{"properties":{"nonInteraction":1,"non_interaction":[true]}}`,
	`{"batch":[{"type":"page","userId":7},null,[]],"sentAt":"x","context":{"page":{"url":"a"}}}`,
	`{"userId":"\ud83d\ude00\udc00\u0041","properties":{"url":"\/"},"properties":null}`,
	`{"context":{"campaign":{"name":"n","source":null},"page":[{"url":1}],"locale":"de"},"traits":{"é":"ü"}}`,
	`{"t\u0079pe":"alias","a":[[[[1e5,-0.1,true,false,null,"x"]]]]}`, ` [1,{"a":2}] `, "{\"a\":\"\xff\"}",
	fmt.Sprintf(`{"a":%s1%s}`, strings.Repeat("[", 66), strings.Repeat("]", 66)),
}
