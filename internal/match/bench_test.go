package match

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// units are what is hard, or usual, about a unit, by name.
var units = map[string]func(random *rand.Rand, n int) []Event{
	// usual has some events of each step.
	"usual": func(random *rand.Rand, n int) (events []Event) {
		for i := range n {
			events = append(events, Event{Time: int64(i) * 1000, Bits: Breaks | 1<<min(random.IntN(5), random.IntN(5))})
		}
		return events
	},
	// entries are many attempts that get nowhere.
	"entries": func(_ *rand.Rand, n int) (events []Event) {
		for i := range n {
			bits := Breaks | StepBit(1)
			if i%2 == 1 {
				bits = StepBit(2)
			}
			events = append(events, Event{Time: int64(i) * 1000, Bits: bits})
		}
		return events
	},
	// tie is half of them in one tie, where each matches several steps.
	"tie": func(random *rand.Rand, n int) (events []Event) {
		for i := range n {
			events = append(events, Event{Time: int64(min(i, n/2)) * 1000, Minor: uint64(i), Bits: Breaks | uint32(1+random.IntN(15))})
		}
		return events
	},
}

// BenchmarkMatch tells the time of one event in units of several sizes, which
// must hardly grow with them.
func BenchmarkMatch(b *testing.B) {
	for _, unit := range []string{"usual", "entries", "tie"} {
		for order, name := range []string{"ordered", "strict", "any"} {
			for _, n := range []int{8, 1000, 100_000} {
				b.Run(fmt.Sprintf("%s/%s/%d", unit, name, n), func(b *testing.B) {
					events := units[unit](rand.New(rand.NewPCG(1, 2)), n)
					f := funnel(5, Order(order))
					f.Exclude, f.Drops = []Exclusion{{1, 5}}, true // all attempts have to be made
					m := New(f)
					m.Match(events)
					b.ReportAllocs()
					for b.Loop() {
						m.Match(events)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/event")
				})
			}
		}
	}
}

func BenchmarkSort(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	events := make([]Event, 8)
	b.ReportAllocs()
	for b.Loop() {
		for i := range events {
			events[i].Time = random.Int64()
		}
		Sort(events)
	}
}
