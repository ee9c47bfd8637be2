package query

import "math"

// Bin is a bar of a histogram.
type Bin struct {
	// From and To are seconds; what took From is in it, what took To is not.
	From  int64  `json:"from"`
	To    int64  `json:"to"`
	Count uint64 `json:"count"`
}

// maxBins is as many as a chart shows side by side.
const maxBins = 20

// binWidths are the widths, in seconds, that people divide time by; wider ones
// double the last.
var binWidths = [...]int64{
	1, 2, 5, 10, 15, 30, 60, 2 * 60, 5 * 60, 10 * 60, 15 * 60, 30 * 60,
	hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 48 * hour, 7 * 24 * hour,
}

const hour = 60 * 60

// histogramOf counts sorted milliseconds in bins of one width, the narrowest
// with which there are at most maxBins from the least to the greatest. A bin of
// nothing is left out: of a question with many groups most would be.
func histogramOf(ms []int64) []Bin {
	bins := []Bin{}
	if len(ms) == 0 {
		return bins
	}
	width := binWidth(ms[0], ms[len(ms)-1])
	last := int64(math.MinInt64)
	for _, n := range ms {
		bin := n / (width * 1000)
		if bin != last {
			bins = append(bins, Bin{From: bin * width, To: (bin + 1) * width})
			last = bin
		}
		bins[len(bins)-1].Count++
	}
	return bins
}

// binWidth returns the width of bins, in seconds, for times between two.
func binWidth(least, most int64) int64 {
	fits := func(width int64) bool { return most/(width*1000)-least/(width*1000) < maxBins }
	for _, width := range binWidths {
		if fits(width) {
			return width
		}
	}
	width := binWidths[len(binWidths)-1]
	for !fits(width) {
		width *= 2
	}
	return width
}
