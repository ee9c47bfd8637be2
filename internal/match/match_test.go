package match

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

const never = math.MaxInt64

// script is events as a test writes them: "0ab 5c" is an event of the steps 1
// and 2 at 0 and one of step 3 at 5. Capitals are events that break: "5C" is one
// of step 3. "!" is an excluded event, "." one of nothing that breaks.
func script(tb testing.TB, words ...string) (events []Event) {
	tb.Helper()
	for i, word := range words {
		at := 0
		for at < len(word) && word[at] <= '9' && word[at] >= '0' {
			at++
		}
		n, err := strconv.Atoi(word[:at])
		require.NoError(tb, err)
		e := Event{Time: int64(n), Minor: uint64(i)}
		for _, c := range word[at:] {
			switch {
			case c == '!':
				e.Bits |= ExclusionBit(0)
			case c == '.':
				e.Bits |= Breaks
			case c >= 'A' && c <= 'Z':
				e.Bits |= Breaks | 1<<(c-'A')
			default:
				e.Bits |= 1 << (c - 'a')
			}
		}
		events = append(events, e)
	}
	Sort(events)
	return events
}

func funnel(steps int, order Order) Funnel {
	return Funnel{Steps: steps, Order: order, Window: -1, From: 0, To: never, Reach: never}
}

// show writes an attempt: level, times and events.
func show(a *Attempt) string {
	if a == nil {
		return "none"
	}
	return fmt.Sprint(a.Level, a.Times[:a.Level], a.Events[:a.Level])
}

func TestRules(t *testing.T) {
	t.Parallel()
	within := func(f Funnel, window int64) Funnel { f.Window = window; return f }
	without := func(f Funnel, after, before int) Funnel { f.Exclude = []Exclusion{{after, before}}; return f }
	drops := func(f Funnel) Funnel { f.Drops = true; return f }
	for _, c := range []struct {
		name   string
		funnel Funnel
		events []string
		want   string
	}{
		{"nothing", funnel(2, Ordered), nil, "none"},
		{"no entry", funnel(2, Ordered), []string{"1b", "2b"}, "none"},
		{"others intervene", funnel(2, Ordered), []string{"1a", "2.", "3b"}, "2 [1 3] [0 2]"},
		{"the first of two", funnel(2, Ordered), []string{"1a", "2a", "3b"}, "2 [1 3] [0 2]"},
		{"the window's end is in it", within(funnel(2, Ordered), 10), []string{"1a", "11b"}, "2 [1 11] [0 1]"},
		{"what is behind is not", within(funnel(2, Ordered), 10), []string{"1a", "12b"}, "1 [1] [0]"},
		{"a later entry gets further", within(funnel(2, Ordered), 10), []string{"1a", "5a", "12b"}, "2 [5 12] [1 2]"},
		{"an event is one step", funnel(2, Ordered), []string{"1ab"}, "1 [1] [0]"},
		{"a step that is repeated", funnel(3, Ordered), []string{"1ac", "2b", "3ac"}, "3 [1 2 3] [0 1 2]"},
		{"steps of one time are in their order", funnel(3, Ordered), []string{"1c", "1b", "1a"}, "3 [1 1 1] [2 1 0]"},
		{"a tie is matched", funnel(3, Ordered), []string{"0a", "1bc", "1b"}, "3 [0 1 1] [0 2 1]"},
		{"not as the first would have it", funnel(2, Ordered), []string{"0ab", "0a"}, "2 [0 0] [1 0]"},
		{"the first event that allows it", funnel(2, Ordered), []string{"0a", "1b", "1b"}, "2 [0 1] [0 1]"},
		{"the earliest of equal attempts", funnel(3, Ordered), []string{"0ab", "0a", "5b"}, "2 [0 5] [0 2]"},

		{"strict", funnel(2, Strict), []string{"1A", "2.", "3B"}, "1 [1] [0]"},
		{"strict again", funnel(2, Strict), []string{"1A", "2.", "3A", "4B"}, "2 [3 4] [2 3]"},
		{"strict, but for what says who", funnel(2, Strict), []string{"1A", "2!", "3B"}, "2 [1 3] [0 2]"},
		{"strict: the wrong step", funnel(3, Strict), []string{"1A", "2C", "3B"}, "1 [1] [0]"},
		{"strict: a step that breaks nothing", funnel(2, Strict), []string{"1A", "2b"}, "2 [1 2] [0 1]"},
		{"strict: before the entry", funnel(2, Strict), []string{"1.", "1A", "1.", "2B"}, "2 [1 2] [1 3]"},
		{"strict: behind the last", funnel(2, Strict), []string{"1A", "2.", "2B"}, "2 [1 2] [0 2]"},
		{"strict: a tie between is used up", funnel(4, Strict), []string{"1A", "2C", "2B", "3D"}, "4 [1 2 2 3] [0 2 1 3]"},
		{"strict: or the end", funnel(4, Strict), []string{"1A", "2C", "2B", "2.", "3D"}, "3 [1 2 2] [0 2 1]"},

		{"any", funnel(3, Any), []string{"1c", "2a", "3b"}, "3 [1 2 3] [0 1 2]"},
		{"any: the same step twice", funnel(2, Any), []string{"1a", "2a"}, "1 [1] [0]"},
		{"any: a repeated step", funnel(2, Any), []string{"1ab", "2ab"}, "2 [1 2] [0 1]"},
		{"any: matched anew", funnel(3, Any), []string{"1ab", "2a", "3b", "4c"}, "3 [1 2 4] [0 1 3]"},
		{"any: within", within(funnel(2, Any), 10), []string{"1b", "12a", "15b"}, "2 [12 15] [1 2]"},

		{"excluded", without(funnel(3, Ordered), 1, 2), []string{"1a", "2!", "3b", "4c"}, "1 [1] [0]"},
		{"excluded before", without(funnel(3, Ordered), 2, 3), []string{"1a", "2!", "3b", "4c"}, "3 [1 3 4] [0 2 3]"},
		{"excluded behind", without(funnel(3, Ordered), 1, 2), []string{"1a", "2b", "3!", "4c"}, "3 [1 2 4] [0 1 3]"},
		{"excluded at the time of after", without(funnel(2, Ordered), 1, 2), []string{"1a", "1!", "2b"}, "2 [1 2] [0 2]"},
		{"excluded at the time of before", without(funnel(2, Ordered), 1, 2), []string{"1a", "2!", "2b"}, "2 [1 2] [0 2]"},
		{"excluded at the time of one between", without(funnel(3, Ordered), 1, 3), []string{"1a", "2!", "2b", "3c"}, "1 [1] [0]"},
		{"a new attempt", without(funnel(2, Ordered), 1, 2), []string{"1a", "2!", "3a", "4b"}, "2 [3 4] [2 3]"},
		{"dropped", drops(without(funnel(2, Ordered), 1, 2)), []string{"1a", "2!", "3a", "4b"}, "none"},
		{"dropped though it would not convert", drops(without(funnel(2, Ordered), 1, 2)), []string{"1a", "2!"}, "none"},
		{"not dropped outside the window", drops(within(without(funnel(2, Ordered), 1, 2), 5)), []string{"1a", "7!"}, "1 [1] [0]"},
		{"not dropped when it is done", drops(without(funnel(2, Ordered), 1, 2)), []string{"1a", "2b", "3!"}, "2 [1 2] [0 1]"},
		{"not dropped by what comes after the break", drops(without(funnel(2, Strict), 1, 2)), []string{"1A", "2.", "3!"}, "1 [1] [0]"},
		{"dropped by the break", drops(without(funnel(2, Strict), 1, 2)), []string{"1A", "2.!"}, "none"},
		{"any: excluded", without(funnel(3, Any), 2, 3), []string{"1c", "2a", "3!", "4b"}, "2 [1 2] [0 1]"},
	} {
		m := New(c.funnel)
		for range 2 { // its buffers are used again
			m.Match(script(t, c.events...))
			require.Equal(t, c.want, show(m.Best()), c.name)
		}
	}
}

func TestRangeAndBuckets(t *testing.T) {
	t.Parallel()
	f := funnel(2, Ordered)
	f.From, f.To, f.Edges = 10, 30, []int64{10, 20}
	m := New(f)
	buckets := func() (text string) {
		m.Buckets(func(a *Attempt) { text += fmt.Sprintf("%d: %s; ", a.Bucket, show(a)) })
		return text
	}
	m.Match(script(t, "9a", "10a", "19a", "20b", "29a", "35b"))
	require.Equal(t, "2 [10 20] [1 3]", show(m.Best()))
	require.Equal(t, "0: 2 [10 20] [1 3]; 1: 2 [29 35] [4 5]; ", buckets())
	f.Reach = 30
	m = New(f)
	m.Match(script(t, "9a", "10a", "19a", "20b", "29a", "35b", "36a", "37b"))
	require.Equal(t, "0: 2 [10 20] [1 3]; 1: 1 [29] [4]; ", buckets())
	m.Match(script(t, "9a", "30a"))
	require.Nil(t, m.Best())
	require.Empty(t, buckets())
}

func TestHold(t *testing.T) {
	t.Parallel()
	for _, order := range []Order{Ordered, Strict, Any} {
		f := funnel(2, order)
		f.Holds = true
		m := New(f)
		events := script(t, "1A", "2A", "3B", "4B")
		events[0].Hold, events[1].Hold, events[2].Hold, events[3].Hold = 7, 3, 3, 7
		m.Match(events)
		want := "2 [2 3] [1 2]"
		if order != Strict {
			want = "2 [1 4] [0 3]" // strictly, others lie between
		}
		require.Equal(t, want, show(m.Best()))
		events[2].Hold, events[3].Hold = 4, 5
		m.Match(events)
		require.Equal(t, "1 [1] [0]", show(m.Best()))
	}
}

// TestGoldenLevels runs published cases of ClickHouse's windowFunnel.
func TestGoldenLevels(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("FOOTFALL_TEST_DATA")
	if folder == "" {
		testenv.Missing(t, "FOOTFALL_TEST_DATA names no folder with golden-cases.json")
	}
	b, err := os.ReadFile(filepath.Join(folder, "golden-cases.json"))
	require.NoError(t, err)
	var file struct {
		Cases []struct {
			ID, Kind string
			Events   []struct {
				Person string `json:"distinct_id"`
				Event  string
				T      int64
			}
			Query struct {
				Order  string
				Modes  []string `json:"clickhouse_modes"`
				Window int64
				Steps  []struct {
					Op    string
					Value any
				}
			}
			Expected struct {
				Levels map[string]int `json:"level_by_person"`
			}
		}
	}
	// Other kinds have other fields under the same names.
	var raw struct{ Cases []json.RawMessage }
	require.NoError(t, json.Unmarshal(b, &raw))
	ran := 0
	for _, text := range raw.Cases {
		var kind struct{ Kind string }
		require.NoError(t, json.Unmarshal(text, &kind))
		if kind.Kind != "funnel_levels" {
			continue
		}
		file.Cases = file.Cases[:0]
		require.NoError(t, json.Unmarshal([]byte(`{"cases":[`+string(text)+`]}`), &file))
		c := file.Cases[0]
		require.Equal(t, "ordered", c.Query.Order, c.ID)
		require.Empty(t, c.Query.Modes, c.ID)
		f := funnel(len(c.Query.Steps), Ordered)
		f.Window = c.Query.Window
		persons := map[string][]Event{}
		for i, e := range c.Events {
			event := Event{Time: e.T, Minor: uint64(i)}
			for n, step := range c.Query.Steps {
				require.Equal(t, "eq", step.Op, c.ID)
				if fmt.Sprint(step.Value) == e.Event {
					event.Bits |= StepBit(n + 1)
				}
			}
			persons[e.Person] = append(persons[e.Person], event)
		}
		for person, want := range c.Expected.Levels {
			m := New(f)
			events := slices.Clone(persons[person])
			Sort(events)
			m.Match(events)
			got := 0
			if best := m.Best(); best != nil {
				got = best.Level
			}
			require.Equal(t, want, got, "%s of %s", person, c.ID)
		}
		ran++
	}
	require.GreaterOrEqual(t, ran, 7)
}
