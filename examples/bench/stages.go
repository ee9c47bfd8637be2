package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// stage is one row of the table of stages: a benchmark of the library and the
// limit of this kind of machine that it is held against.
type stage struct {
	name   string
	pkg    string
	bench  string  // the benchmark's full name without the processor suffix
	target float64 // CPU-µs per event that the design allows
}

// measureStage runs one benchmark and returns its "ns/event" metric in µs.
func measureStage(ctx context.Context, s stage) (float64, error) {
	// One processor: what is reported is then processor time, the garbage
	// collector's included.
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", exact(s.bench), "-benchtime", "1s", "-count", "3", "-cpu", "1", s.pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("benchmark %s of %s: %w\n%s", s.bench, s.pkg, err, out)
	}
	best := 0.0
	for line := range strings.Lines(string(out)) {
		if m := perEventMetric.FindStringSubmatch(line); m != nil {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return 0, fmt.Errorf("benchmark %s: %w", s.bench, err)
			}
			if best == 0 || v < best {
				best = v
			}
		}
	}
	if best == 0 {
		return 0, fmt.Errorf("benchmark %s of %s reports no ns/event:\n%s", s.bench, s.pkg, bytes.TrimSpace(out))
	}
	return best / 1000, nil
}

var perEventMetric = regexp.MustCompile(`([0-9.e+]+) ns/event`)

// exact returns the -bench pattern that runs one benchmark and no other.
func exact(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// stageList names the benchmarks that the table of stages is made of.
var stageList = []stage{}
