package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// flat is how much more memory the last third of a soak may need than the first.
const flat = 1.2

// What is remembered for a while by design, and what one of it takes at most. A
// short soak does not last until as much goes as comes: message ids stay for 2 h,
// visitors for the gap of their sessions, and the engine knows parts that were
// merged for 8 minutes (old_parts_lifetime).
const (
	bytesPerID      = 25 // this and the next as fold.State.Bytes counts them
	bytesPerVisitor = 96
	bytesPerPart    = 20_000 // 18 kB by the slope of the resident size over 13,000 parts
)

// sample is what a process has in memory at one moment.
type sample struct {
	bytes  int64 // of the heap as of the last garbage collection, or of the engine
	window int64 // of those, what is remembered by design
}

// watched is a process with what was seen of it.
type watched struct {
	name    string
	s       *server
	look    func(context.Context, *server) (sample, error)
	samples []sample
}

// watch takes samples of all processes until ctx ends, and asks for the status
// meanwhile, as somebody does all the time.
func (f *fleet) watch(ctx context.Context) ([]*watched, error) {
	all := []*watched{{name: "ingest", s: f.door, look: heap}, {name: "query", s: f.answers, look: heap}, {name: "engine", s: f.engine, look: anonymous}}
	for i, p := range f.processors {
		all = append(all, &watched{name: fmt.Sprint("processor ", i+1), s: p, look: heap})
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return all, nil
		case <-tick.C:
		}
		_, err := f.status(ctx)
		for _, w := range all {
			var now sample
			if err == nil {
				now, err = w.look(ctx, w.s)
			}
			if err == nil {
				w.samples = append(w.samples, now)
			}
		}
		if err != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("look at the processes: %w", err)
		}
	}
}

// growth returns what a process needed at least in the first third and in the
// last one, how much of the difference is what is remembered by design, and how
// many times more the rest is. The least tells a leak from what comes and goes,
// such as snapshots and merges.
func (w *watched) growth() (first, last, remembered int64, times float64) {
	least := func(some []sample) sample {
		return slices.MinFunc(some, func(a, b sample) int { return cmp.Compare(a.bytes-a.window, b.bytes-b.window) })
	}
	third := len(w.samples) / 3
	a, b := least(w.samples[:third]), least(w.samples[len(w.samples)-third:])
	remembered = b.window - a.window
	return a.bytes, b.bytes, remembered, float64(b.bytes-remembered) / float64(a.bytes)
}

// heap looks at a process of ours.
func heap(ctx context.Context, s *server) (sample, error) {
	m, err := s.metrics(ctx)
	// The next collection begins when the heap is twice what the last one left.
	return sample{
		bytes:  int64(m["go_memstats_next_gc_bytes"]) / 2,
		window: bytesPerID*int64(m["footfall_stream_ids"]) + bytesPerVisitor*int64(m["footfall_stream_visitors"]),
	}, err
}

// anonymous looks at the engine, whose memory is not Go's. What it has of files is
// its own code, of which there is more the longer it runs.
func anonymous(ctx context.Context, s *server) (sample, error) {
	text, err := s.get(ctx, "/?query=SELECT+value+FROM+system.metrics+WHERE+metric='PartsOutdated'")
	if err != nil {
		return sample{}, err
	}
	parts, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return sample{}, fmt.Errorf("count outdated parts: %w", err)
	}
	return sample{bytes: s.memory("RssAnon"), window: bytesPerPart * parts}, nil
}

// memory returns a size of a process as the kernel calls it, 0 of one that is
// gone.
func (s *server) memory(what string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(what+":"))
	var kb int64
	_, _ = fmt.Sscan(string(rest), &kb) // there is none of a process that is ending
	return kb << 10
}

// metrics returns the metrics of a process, summed up over their labels.
func (s *server) metrics(ctx context.Context) (map[string]float64, error) {
	text, err := s.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		name, _, _ := strings.Cut(line, "{")
		name, _, _ = strings.Cut(name, " ")
		if v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64); err == nil {
			all[name] += v
		}
	}
	return all, nil
}

// get returns what anybody may read.
func (s *server) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, text)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	return text, nil
}
