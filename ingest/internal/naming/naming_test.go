package naming

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The set takes so many names and no more, whoever comes first, and keeps them.
func TestSetGrowsToItsLimit(t *testing.T) {
	t.Parallel()
	var s Set
	const limit, each = 1000, 3000
	var in [4][]bool
	var all sync.WaitGroup
	for g := range in {
		in[g] = make([]bool, each)
		all.Go(func() {
			for i := range each {
				in[g][(i+g*700)%each] = s.Has(uint64((i+g*700)%each)*0x9e3779b97f4a7c15, limit)
			}
		})
	}
	all.Wait()
	require.Equal(t, limit, s.Len())
	known := 0
	for i := range each {
		is := s.Has(uint64(i)*0x9e3779b97f4a7c15, limit)
		for g := range in {
			require.True(t, is || !in[g][i], "what was in stays in")
		}
		if is {
			known++
		}
	}
	require.Equal(t, limit, known)
	require.LessOrEqual(t, len(*s.table.Load()), 4*limit, "memory follows the limit")
	require.False(t, s.Has(12345, limit))
	require.True(t, s.Has(12345, limit+1), "a limit may be raised")
}

// excess returns the names over the limits of an object.
func excess(object string, l *Limits, traits bool) (names []string) {
	var w Walker
	w.Excess([]byte(object), l, traits, func(name []byte, _ bool) { names = append(names, string(name)) })
	return names
}

// none are limits that nothing is within.
func none() *Limits { return &Limits{Names: &Set{}, Seed: maphash.MakeSeed(), Text: 1 << 20} }

func TestWalkerNamesWhatIsFlattened(t *testing.T) {
	t.Parallel()
	const object = ` { "a" : 1 , "b":{"c":"x","d":{"e":[1,{"no":2}],"f":null}, "\u0067\"":true}, "":{"":2}, "n":null, "o":{} ,"p":"\\"}`
	require.Equal(t, []string{"a", "b.c", "b.d.e", `b.g"`, ".", "p"}, excess(object, none(), false))
	require.Equal(t, []string{"a", "b", "", "n", "o", "p"}, excess(object, none(), true), "of traits whole members")
	some := none()
	some.Most = 3
	require.Equal(t, []string{`b.g"`, ".", "p"}, excess(object, some, false))
	require.Equal(t, []string{`b.g"`, ".", "p"}, excess(object, some, false), "what was known is")
	some.Text = 5
	require.Equal(t, []string{"long", "list"}, excess(`{"a":"123","long":"1234","b":{"c":12345},"list":[1,2,3]}`, &Limits{Names: &Set{}, Most: 10, Seed: some.Seed, Text: 5}, false))
	require.Len(t, excess(`{"`+strings.Repeat("n", MaxName)+`":1,"`+strings.Repeat("n", MaxName+1)+`":1}`, &Limits{Names: &Set{}, Most: 10, Seed: some.Seed, Text: 5}, false), 1)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	require.Equal(t, []string{strings.Repeat("a.", 15) + "a"}, excess(deep, none(), false))
	require.Empty(t, excess("", none(), false))
}

// Members that are ours are named whole, and take no room from the others.
func TestWalkerNamesWhatIsOurs(t *testing.T) {
	t.Parallel()
	l := &Limits{Names: &Set{}, Most: 2, Seed: maphash.MakeSeed(), Text: 10, Ours: func(name []byte) bool { return string(name) != "$free" }}
	const object = `{"$a":1,"\u0024b":{"c":[1],"d":2},"$n":null,"$free":1,"e":{"$f":1},"$g":[7],"more":1,"$long":"12345678901"}`
	for traits, want := range map[bool]string{false: "$a! $b! $g! more $long!", true: "$a! $b! $n! e.$f $g! more $long!"} {
		var got []string
		var w Walker
		l.Names = &Set{}
		w.Excess([]byte(object), l, traits, func(name []byte, ours bool) {
			if got = append(got, string(name)); ours {
				got[len(got)-1] += "!"
			}
		})
		require.Equal(t, want, strings.Join(got, " "))
	}
}

// flat names what is flattened, by encoding/json.
func flat(prefix string, members map[string]any, into map[string]bool, depth int) {
	for name, value := range members {
		switch value := value.(type) {
		case nil:
		case map[string]any:
			if depth < 16 {
				flat(prefix+name+".", value, into, depth+1)
				continue
			}
			into[prefix+name] = true
		default:
			into[prefix+name] = true
		}
	}
}

func FuzzWalker(f *testing.F) {
	f.Add(`{"a":1,"b":{"c":[{}],"d":{"":null}},"\u00e9\ud800":"x\"\\"}`)
	f.Add(`{"a":{"b":{}}, "a":2}`)
	f.Add(`{"a":`)
	f.Fuzz(func(t *testing.T, object string) {
		got := excess(object, none(), false) // no panic, JSON or not
		excess(object, none(), true)
		var members map[string]any
		if json.Unmarshal([]byte(object), &members) != nil {
			return
		}
		want := map[string]bool{}
		flat("", members, want, 1)
		names := map[string]bool{}
		for _, name := range got {
			names[name] = true
		}
		// Of names that come twice the walker sees both values.
		for name := range want {
			require.True(t, names[name], "%s: %q is missing in %q", object, name, got)
		}
		if strings.Count(object, ":") == len(want) {
			require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(names)))
		}
	})
}

func BenchmarkWalker(b *testing.B) {
	object := []byte(`{"sku":"A-1234","price":9.5,"currency":"EUR","quantity":2,"name":"Blue shoe","category":"Shoes","position":3}`)
	var w Walker
	l := none()
	l.Most = 100
	unexpected := func(name []byte, _ bool) { panic(fmt.Sprintf("%s is too many", name)) }
	b.ReportAllocs()
	for b.Loop() {
		w.Excess(object, l, false, unexpected)
	}
}
