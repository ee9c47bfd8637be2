package fold

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]member{
		``:                            nil,
		`[1]`:                         nil,
		`{}`:                          nil,
		` { "a" : 1 , "b":"x,}" } `:   {{"a", "1"}, {"b", `"x,}"`}},
		`{"a":1,"b":2,"a":3}`:         {{"a", "3"}, {"b", "2"}},
		`{"\u0061":{"x":[1,{}]} }`:    {{"a", `{"x":[1,{}]}`}},
		`{"a":[],"":"\"","b": null }`: {{"a", "[]"}, {"", `"\""`}, {"b", "null"}},
		`{"a":1,"b":`:                 {{"a", "1"}},
		`{"a":"`:                      nil,
		`{"a":1 2}`:                   {{"a", "1"}},
		`{"a":}`:                      nil,
	} {
		require.Equal(t, want, appendMembers(nil, text), text)
	}
	before := []member{{"a", "0"}}
	require.Equal(t, []member{{"a", "0"}, {"a", "1"}}, appendMembers(before, `{"a":1}`), "what stands before is another's")
}

// TestManyMembers has more names than count, each of them twice.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{31, 32, 33, 1023, 1024, 1025, 3000} {
		var text strings.Builder
		for i := range 2 * n {
			fmt.Fprintf(&text, `,"k%d":%d`, i%n, i)
		}
		got := appendMembers(nil, "{"+text.String()[1:]+"}")
		require.Len(t, got, min(n, maxMembers))
		for i, m := range got {
			require.Equal(t, member{fmt.Sprint("k", i), fmt.Sprint(n + i)}, m)
		}
	}
}

// FuzzMembers reads an object as encoding/json does, and survives all else.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":"x","a":[{"c":"]"}],"d":{"e":null},"":true}`, `{"\ud83d\ude00\ud83d":-1.5e9,"\\\"":"\\"}`, `{"a" :1 , "b": 2 }`, `{`, `{"a`, `{"a":"\`, `{"a":{`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := appendMembers(nil, text)
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil || !utf8.ValidString(text) || len(want) > maxMembers {
			return
		}
		require.Len(t, got, len(want))
		for _, m := range got {
			require.Equal(t, string(want[m.name]), m.value)
		}
	})
}
