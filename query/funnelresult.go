package query

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// FunnelResult is the result of [Funnel].
type FunnelResult struct {
	// Groups are the values of the breakdown, the greatest by the count of
	// step 1 first, or one without a breakdown.
	Groups []FunnelGroup `json:"groups"`
}

// FunnelGroup has the numbers of one value of a breakdown.
type FunnelGroup struct {
	// Breakdown is the value of the property, [Other] for all that are not
	// shown, and nil for no value or without a breakdown.
	Breakdown *string      `json:"breakdown"`
	Steps     []FunnelStep `json:"steps"`
	// Trend has the numbers by the time of the first step, if that was asked
	// for.
	Trend []FunnelBucket `json:"trend"`
}

// FunnelStep is how many got to a step.
type FunnelStep struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
	// Dropped is how many got to the step before and no further.
	Dropped uint64 `json:"dropped"`
	// FromPrevious and FromFirst are the parts of those at the step before and
	// at the first that got here, nil where there are none.
	FromPrevious *float64 `json:"from_previous"`
	FromFirst    *float64 `json:"from_first"`
	// Seconds are those from the step before, and Histogram how many took how
	// long.
	Seconds   Spread `json:"seconds"`
	Histogram []Bin  `json:"histogram"`
}

// FunnelBucket has the counts of the steps of those who began in a bucket.
type FunnelBucket struct {
	From   time.Time `json:"from"`
	Counts []uint64  `json:"counts"`
}

func (f *FunnelResult) table() [][]string {
	rows := [][]string{{"breakdown", "from", "step", "name", "count", "dropped", "from_previous", "from_first", "seconds_mean", "seconds_median", "seconds_p90"}}
	for _, group := range f.Groups {
		for i, step := range group.Steps {
			rows = append(rows, []string{
				cell(group.Breakdown), "", strconv.Itoa(i + 1), step.Name, strconv.FormatUint(step.Count, 10), strconv.FormatUint(step.Dropped, 10),
				number(step.FromPrevious), number(step.FromFirst), number(step.Seconds.Mean), number(step.Seconds.Median), number(step.Seconds.P90),
			})
		}
		for _, bucket := range group.Trend {
			for i, step := range stepsOf(group.names(), bucket.Counts, nil) {
				rows = append(rows, []string{
					cell(group.Breakdown), moment(&bucket.From), strconv.Itoa(i + 1), step.Name, strconv.FormatUint(step.Count, 10), strconv.FormatUint(step.Dropped, 10),
					number(step.FromPrevious), number(step.FromFirst), "", "", "",
				})
			}
		}
	}
	return rows
}

func (g *FunnelGroup) names() []string {
	names := make([]string, len(g.Steps))
	for i, step := range g.Steps {
		names[i] = step.Name
	}
	return names
}

// stepsOf makes the steps of counts and of the milliseconds it took to each.
func stepsOf(names []string, counts []uint64, waits [][]int64) []FunnelStep {
	steps := make([]FunnelStep, len(names))
	for i, name := range names {
		step := FunnelStep{Name: name, Count: counts[i], FromFirst: part(counts[i], counts[0])}
		if i == 0 {
			step.FromPrevious = step.FromFirst
		} else {
			step.Dropped = counts[i-1] - counts[i]
			step.FromPrevious = part(counts[i], counts[i-1])
		}
		if waits != nil {
			step.Seconds = spreadOf(waits[i])
			step.Histogram = histogramOf(waits[i]) // which are sorted by now
		}
		steps[i] = step
	}
	return steps
}

// part returns n of all, nil of none.
func part(n, all uint64) *float64 {
	if all == 0 {
		return nil
	}
	f := float64(n) / float64(all)
	return &f
}

// spreadOf describes milliseconds in seconds, and sorts them. What is
// interpolated is rounded to microseconds, so that 2.7 s are not shown as
// 2.6999999999999997.
func spreadOf(ms []int64) Spread {
	if len(ms) == 0 {
		return Spread{}
	}
	slices.Sort(ms)
	sum := int64(0)
	for _, n := range ms {
		sum += n
	}
	mean := float64(sum) / float64(len(ms)) / 1000
	quantile := func(q float64) *float64 {
		at := q * float64(len(ms)-1)
		low := int(at)
		high := min(low+1, len(ms)-1)
		value := float64(ms[low]) + (at-float64(low))*float64(ms[high]-ms[low])
		value = math.Round(value*1000) / 1000 / 1000
		return &value
	}
	return Spread{Mean: &mean, Median: quantile(0.5), P90: quantile(0.9)}
}
