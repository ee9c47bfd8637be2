package fold

import (
	"encoding/binary"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
)

// The times here are CPU time, collection and kernel included, so that a busy
// machine does not change them: of the process for rates, of the thread for
// the longest single call.

// atSizes runs a benchmark at a million visitors, and at ten million, which
// takes 3 GB and minutes, where FOOTFALL_BENCH_LARGE=1 asks for it.
func atSizes(b *testing.B, run func(b *testing.B, visitors int)) {
	for name, visitors := range map[string]int{"1M": 1_000_000, "10M": 10_000_000} {
		b.Run(name, func(b *testing.B) {
			if visitors > 1_000_000 && os.Getenv("FOOTFALL_BENCH_LARGE") == "" {
				b.Skip("FOOTFALL_BENCH_LARGE is not set")
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			run(b, visitors)
		})
	}
}

// filled returns a state that has seen each of the visitors.
func filled(b *testing.B, visitors int) (*State, *feed) {
	b.Helper()
	s, f := newFeed(1)
	f.step = 0 // so that no id leaves its window
	f.roundRobin = true
	for n := range (visitors + 99) / 100 {
		f.out.Events = f.out.Events[:0]
		require.NoError(b, s.Apply(f.next(visitors), &f.out))
		if n%1000 == 0 {
			flush(s)
		}
	}
	f.roundRobin = false
	flush(s)
	require.Equal(b, visitors, s.Visitors())
	return s, f
}

func flush(s *State) int {
	var u footfall.Upserts
	s.Flush(&u)
	return u.Len()
}

// BenchmarkApply folds records of 100 events of random visitors, the worst case
// for the caches: "whole" with decoding and "state" without.
func BenchmarkApply(b *testing.B) {
	const chunk = 500
	b.Run("whole", func(b *testing.B) {
		atSizes(b, func(b *testing.B, visitors int) {
			runtime.GC()
			before := heap()
			s, f := filled(b, visitors)
			people, ids := s.Bytes()
			visitorBytes, idBytes := float64(people)/float64(s.Visitors()), float64(ids)/float64(s.MessageIDs())
			f.out.Events, s.keys = nil, nil
			runtime.GC()
			held := float64(heap()-before) / float64(people+ids)
			var busy time.Duration
			pauses := gcPauses()
			n := 0
			for b.Loop() {
				records := make([]footfall.Record, chunk)
				for i := range records {
					records[i] = *f.next(visitors)
				}
				began := cpu(ofProcess)
				for i := range records {
					f.out.Events = f.out.Events[:0]
					require.NoError(b, s.Apply(&records[i], &f.out))
					n += len(f.out.Events)
				}
				busy += cpu(ofProcess) - began
				flush(s)
			}
			b.ReportMetric(float64(n)/busy.Seconds(), "events/s")
			b.ReportMetric(visitorBytes, "B/visitor")
			b.ReportMetric(idBytes, "B/id")
			b.ReportMetric(held, "heap/counted")
			b.ReportMetric(gcMax(pauses).Seconds()*1e3, "gc-pause-max-ms")
			runtime.KeepAlive(s)
		})
	})
	b.Run("state", func(b *testing.B) {
		atSizes(b, func(b *testing.B, visitors int) {
			s, f := filled(b, visitors)
			var busy time.Duration
			n := 0
			var events []footfall.Event
			for b.Loop() {
				rec := f.next(visitors)
				h, err := record.ParseHeader(rec)
				require.NoError(b, err)
				events, err = record.AppendEvents(events[:0], rec, &h)
				require.NoError(b, err)
				began := cpu(ofThread)
				m := s.begin(rec, &h)
				s.ids.advance(m.minute)
				s.ids.evict(s.limits)
				s.events(&m, events, 0)
				s.tidy(2*len(events) + 8)
				busy += cpu(ofThread) - began
				if n += len(events); n%100_000 == 0 {
					flush(s)
				}
			}
			b.ReportMetric(float64(n)/busy.Seconds(), "updates/s")
		})
	})
}

// BenchmarkMaps does a part of the same work, ids for ever and one session per
// visitor, in Go maps with a pointer per visitor: what the fold is to be
// compared with, in the same run.
func BenchmarkMaps(b *testing.B) {
	atSizes(b, func(b *testing.B, visitors int) {
		_, f := newFeed(1)
		f.roundRobin = true
		seen := map[[12]byte]uint16{}
		people := map[footfall.ID]*session{}
		var events []footfall.Event
		update := func() {
			for i := range events {
				ev := &events[i]
				lo, hi := schema.Hash128(ev.Visitor, ev.MessageID)
				var key [12]byte
				binary.LittleEndian.PutUint64(key[:], lo)
				binary.LittleEndian.PutUint32(key[8:], uint32(hi))
				if _, ok := seen[key]; ok {
					continue
				}
				seen[key] = 1
				n := people[ev.Visitor]
				if n == nil {
					n = &session{id: sessionID(ev), opened: int64(ev.Time)}
					people[ev.Visitor] = n
				}
				n.after = max(n.after, uint32(int64(ev.Time)-n.opened))
				n.events++
			}
		}
		decode := func(visitors int) {
			rec := f.next(visitors)
			h, err := record.ParseHeader(rec)
			require.NoError(b, err)
			events, err = record.AppendEvents(events[:0], rec, &h)
			require.NoError(b, err)
		}
		for len(people) < visitors {
			decode(visitors)
			update()
		}
		f.roundRobin = false
		var busy time.Duration
		n := 0
		for b.Loop() {
			decode(visitors)
			began := cpu(ofThread)
			update()
			busy += cpu(ofThread) - began
			n += len(events)
		}
		b.ReportMetric(float64(n)/busy.Seconds(), "updates/s")
	})
}

// BenchmarkSnapshot reads snapshots while the fold goes on, and tells what
// Snapshot and the longest Apply during it take, beside the longest without.
func BenchmarkSnapshot(b *testing.B) {
	atSizes(b, func(b *testing.B, visitors int) {
		s, f := filled(b, visitors)
		apply := func() time.Duration {
			rec := f.next(visitors)
			f.out.Events = f.out.Events[:0]
			began := cpu(ofThread)
			require.NoError(b, s.Apply(rec, &f.out))
			return cpu(ofThread) - began
		}
		var take, calm, calmSum, slowest, sum time.Duration
		const calmRecords = 2000
		for range calmRecords {
			d := apply()
			calm, calmSum = max(calm, d), calmSum+d
		}
		var size int64
		records := 0
		for b.Loop() {
			flush(s)
			began := cpu(ofThread)
			in := s.Snapshot()
			take = max(take, cpu(ofThread)-began)
			done := make(chan int64)
			go func() {
				n, err := io.Copy(io.Discard, in)
				if err != nil {
					n = -1
				}
				_ = in.Close()
				done <- n
			}()
			for reading := true; reading; {
				select {
				case size = <-done:
					reading = false
				default:
					d := apply()
					slowest, sum = max(slowest, d), sum+d
					records++
				}
			}
		}
		b.ReportMetric(take.Seconds()*1e3, "take-max-ms")
		b.ReportMetric(slowest.Seconds()*1e3, "apply-max-ms")
		b.ReportMetric(calm.Seconds()*1e3, "calm-apply-max-ms")
		b.ReportMetric(float64(records*100)/sum.Seconds(), "events/s")
		b.ReportMetric(calmRecords*100/calmSum.Seconds(), "calm-events/s")
		b.ReportMetric(float64(size)/float64(s.Visitors()), "B/visitor")
	})
}

// BenchmarkRestore reads a snapshot of a million visitors and their ids.
func BenchmarkRestore(b *testing.B) {
	s, _ := filled(b, 1_000_000)
	began := cpu(ofProcess)
	n := 0
	for b.Loop() {
		in := s.Snapshot()
		_, err := Restore(0, 0, Limits{}, in)
		require.NoError(b, err)
		require.NoError(b, in.Close())
		n++
	}
	b.ReportMetric((cpu(ofProcess)-began).Seconds()/float64(n), "cpu-s/op")
}

// The kernel's CPU clocks, which count every nanosecond; getrusage counts ticks.
const (
	ofProcess = 2
	ofThread  = 3
)

func cpu(clock uintptr) time.Duration {
	var t syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0
	}
	return time.Duration(t.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

const pauses = "/sched/pauses/total/gc:seconds"

func gcPauses() []uint64 {
	sample := []metrics.Sample{{Name: pauses}}
	metrics.Read(sample)
	return append([]uint64(nil), sample[0].Value.Float64Histogram().Counts...)
}

// gcMax returns an upper bound of the longest pause since a reading, one full
// collection included.
func gcMax(before []uint64) time.Duration {
	runtime.GC()
	sample := []metrics.Sample{{Name: pauses}}
	metrics.Read(sample)
	h := sample[0].Value.Float64Histogram()
	for i, count := range slices.Backward(h.Counts) {
		if count > before[i] {
			limit := h.Buckets[i+1]
			if math.IsInf(limit, 1) {
				limit = h.Buckets[i]
			}
			return time.Duration(limit * float64(time.Second))
		}
	}
	return 0
}
