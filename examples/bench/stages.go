package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// stage is one row of the table of stages: a benchmark of the library and the
// limit of this kind of machine that it is held against.
type stage struct {
	name   string
	pkg    string
	bench  string  // the benchmark's name without the processor suffix
	metric string  // what it reports, in unit
	unit   float64 // of the metric, in µs
	target float64 // CPU-µs per event that the design allows, 0 if it says nothing
}

const (
	nanosecond = 1e-3
	repository = "github.com/footfall-go/footfall"
)

// stageList names the benchmarks that the table of stages is made of.
var stageList = []stage{
	{"HTTP, batches of 100, plain: a handler that reads and discards", "/ingest", "BenchmarkHTTP/batch/plain/discard", "cpu-ns/event", nanosecond, 0},
	{"HTTP, batches of 100, plain: the door", "/ingest", "BenchmarkHTTP/batch/plain/door", "cpu-ns/event", nanosecond, 0},
	{"HTTP, batches of 100, gzip: a handler that reads and discards", "/ingest", "BenchmarkHTTP/batch/gzip/discard", "cpu-ns/event", nanosecond, 0},
	{"HTTP, batches of 100, gzip: the door", "/ingest", "BenchmarkHTTP/batch/gzip/door", "cpu-ns/event", nanosecond, 0},
	{"HTTP, batches of 100, zstd: a handler that reads and discards", "/ingest", "BenchmarkHTTP/batch/zstd/discard", "cpu-ns/event", nanosecond, 0},
	{"HTTP, batches of 100, zstd: the door", "/ingest", "BenchmarkHTTP/batch/zstd/door", "cpu-ns/event", nanosecond, 0},
	{"HTTP, single events, plain: a handler that reads and discards", "/ingest", "BenchmarkHTTP/single/plain/discard", "cpu-ns/event", nanosecond, 0},
	{"HTTP, single events, plain: the door", "/ingest", "BenchmarkHTTP/single/plain/door", "cpu-ns/event", nanosecond, 0},
	{"HTTP, single events, gzip: a handler that reads and discards", "/ingest", "BenchmarkHTTP/single/gzip/discard", "cpu-ns/event", nanosecond, 0},
	{"HTTP, single events, gzip: the door", "/ingest", "BenchmarkHTTP/single/gzip/door", "cpu-ns/event", nanosecond, 0},
	{"HTTP, single events, zstd: a handler that reads and discards", "/ingest", "BenchmarkHTTP/single/zstd/discard", "cpu-ns/event", nanosecond, 0},
	{"HTTP, single events, zstd: the door", "/ingest", "BenchmarkHTTP/single/zstd/door", "cpu-ns/event", nanosecond, 0},
	{"the whole door without a network", "/ingest", "BenchmarkHandler/batch", "cpu-ns/event", nanosecond, 0.90},
	{"of it: decode, strict", "/ingest/internal/envelope", "BenchmarkDecodeOurs", "ns/event", nanosecond, 0.70},
	{"of it: browser events, not enriched", "/ingest", "BenchmarkEnrich/false", "cpu-ns/event", nanosecond, 0},
	{"of it: browser events, user agent and place found", "/ingest", "BenchmarkEnrich/true", "cpu-ns/event", nanosecond, 0},
	{"of it: without redaction", "/ingest", "BenchmarkRedaction/off", "cpu-ns/event", nanosecond, 0},
	{"beside it: jx", "/ingest/internal/envelope", "BenchmarkDecodeJX", "ns/event", nanosecond, 0},
	{"beside it: encoding/json", "/ingest/internal/envelope", "BenchmarkDecodeEncodingJSON", "ns/event", nanosecond, 0},
	{"log: compress, write, sync (64 appenders)", "/stream/local", "BenchmarkAppend/appenders=64/events=100", "cpu-µs/event", 1, 0.30},
	{"decode a record", "/internal/record", "BenchmarkAppendEvents", "ns/event", nanosecond, 0},
	{"decode, fold, deliver to a free store", "/stream", "BenchmarkRunner", "cpu-ns/event", nanosecond, 0.30},
	{"Native block, events of visits", "/store/clickhouse", "BenchmarkBlock/visits", "cpu-ns/row", nanosecond, 0.30},
	{"ClickHouse: insert", "/store/clickhouse", "BenchmarkEngine/visits", "insert-ns/row", nanosecond, 0.95},
	{"ClickHouse: merge", "/store/clickhouse", "BenchmarkEngine/visits", "merge-ns/row", nanosecond, 2.05},
}

// measureStage runs one benchmark and returns its figure in µs per event.
func measureStage(ctx context.Context, s stage) (float64, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", exact(s.bench), "-benchtime", "1s", "-count", "3", repository+s.pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("benchmark %s of %s: %w\n%s", s.bench, s.pkg, err, out)
	}
	figure := regexp.MustCompile(`\s([0-9.e+]+) ` + regexp.QuoteMeta(s.metric) + `\s`)
	var values []float64
	for line := range strings.Lines(string(out)) {
		// The name ends before the processor suffix: sub-benchmarks of it are
		// other stages.
		if m := figure.FindStringSubmatch(line); m != nil && strings.HasPrefix(line, s.bench) && !strings.HasPrefix(line, s.bench+"/") {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return 0, fmt.Errorf("benchmark %s: %w", s.bench, err)
			}
			values = append(values, v*s.unit)
		}
	}
	if len(values) == 0 {
		return 0, fmt.Errorf("benchmark %s of %s reports no %s:\n%s", s.bench, s.pkg, s.metric, bytes.TrimSpace(out))
	}
	slices.Sort(values)
	return values[len(values)/2], nil
}

// exact returns the -bench pattern that runs one benchmark and no other.
func exact(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
