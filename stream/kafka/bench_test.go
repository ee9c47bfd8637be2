package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// Of a request: how many events, and about how many bytes each takes in the
// log.
const (
	benchEvents = 20
	benchBytes  = 300
)

// benchValue compresses about as well as events do.
func benchValue(r *rand.Rand, events int) []byte {
	size := events * benchBytes
	var b []byte
	for len(b) < size {
		b = fmt.Appendf(b, `{"event":"product viewed","anonymousId":"%016x","properties":{"sku":"%d","price":%d.99,"category":"shoes"},"context":{"page":{"url":"https://shop.example/p/%d"}}}`,
			r.Uint64(), r.IntN(100_000), r.IntN(500), r.IntN(100_000))
	}
	return b[:size]
}

func benchValues(n, events int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([][]byte, n)
	for i := range values {
		values[i] = benchValue(r, events)
	}
	return values
}

const benchPartitions = 8

func benchLog(b *testing.B) *Log {
	b.Helper()
	cfg := configOf(b, broker(b).Addrs())
	cfg.Partitions = benchPartitions
	return open(b, cfg)
}

func perSecond(b *testing.B, events int64) {
	b.Helper()
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(events*benchBytes)/b.Elapsed().Seconds()/1e6, "MB/s")
}

// BenchmarkAppend compares requests that are each durable when Append returns,
// a thousand at a time, with the same records through sarama's own producer, which
// answers nobody.
func BenchmarkAppend(b *testing.B) {
	values := benchValues(256, benchEvents)
	b.Run("Log", func(b *testing.B) {
		l := benchLog(b)
		b.ReportAllocs()
		b.SetParallelism(512)
		var n atomic.Int64
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				records := []footfall.Record{{
					Partition: uint16(i % benchPartitions), Events: benchEvents, Tenant: "shop", Header: []byte("header"),
					Value: values[i%int64(len(values))],
				}}
				if err := l.Append(context.Background(), records); err != nil {
					b.Error(err)
					return
				}
			}
		})
		perSecond(b, n.Load()*benchEvents)
	})
	b.Run("Sarama", func(b *testing.B) {
		l := benchLog(b)
		cfg := l.cfg.clientConfig()
		cfg.Producer.Idempotent, cfg.Net.MaxOpenRequests = true, 1
		cfg.Producer.RequiredAcks = sarama.WaitForAll
		cfg.Producer.Compression = sarama.CompressionZSTD
		cfg.Producer.Partitioner = sarama.NewManualPartitioner
		cfg.Producer.Flush.Bytes, cfg.Producer.Flush.Frequency = 900_000, 2*time.Millisecond
		cfg.Producer.Return.Successes = true
		cfg.ChannelBufferSize = 4096
		p, err := sarama.NewAsyncProducer(l.cfg.Brokers, cfg)
		require.NoError(b, err)
		defer func() { _ = p.Close() }()
		b.ReportAllocs()
		done := make(chan struct{})
		b.ResetTimer()
		go func() {
			defer close(done)
			for range b.N {
				<-p.Successes()
			}
		}()
		for i := range b.N {
			p.Input() <- &sarama.ProducerMessage{
				Topic: l.cfg.Topic, Partition: int32(i % benchPartitions), Value: sarama.ByteEncoder(values[i%len(values)]),
				Headers: []sarama.RecordHeader{{Key: []byte(tenantHeader), Value: []byte("shop")}, {Key: []byte(ownHeader), Value: []byte("header")}},
			}
		}
		<-done
		perSecond(b, int64(b.N)*benchEvents)
	})
}

// BenchmarkRead compares reading a topic with sarama's own consumer.
func BenchmarkRead(b *testing.B) {
	const records = 20_000
	l := benchLog(b)
	values := benchValues(256, benchEvents)
	for at := 0; at < records; at += 400 {
		var some []footfall.Record
		for i := at; i < at+400; i++ {
			some = append(some, footfall.Record{
				Partition: uint16(i % benchPartitions), Events: benchEvents, Tenant: "shop", Header: []byte("header"), Value: values[i%len(values)],
			})
		}
		require.NoError(b, l.Append(b.Context(), some))
	}
	b.Run("Log", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var working sync.WaitGroup
			for n := range uint16(benchPartitions) {
				working.Go(func() {
					p := l.newPartition(n, "", -1)
					defer p.lose()
					for at := int64(0); at < records/benchPartitions; {
						some, err := p.Read(b.Context(), at, 1<<20)
						if err != nil {
							b.Error(err)
							return
						}
						at = some[len(some)-1].Offset + 1
					}
				})
			}
			working.Wait()
		}
		perSecond(b, int64(b.N)*records*benchEvents)
	})
	b.Run("Sarama", func(b *testing.B) {
		cfg := l.cfg.clientConfig()
		cfg.ChannelBufferSize, cfg.Consumer.Fetch.Default = 4096, fetchBytes
		cfg.Consumer.MaxProcessingTime = time.Second
		b.ReportAllocs()
		for b.Loop() {
			consumer, err := sarama.NewConsumer(l.cfg.Brokers, cfg)
			require.NoError(b, err)
			var working sync.WaitGroup
			for n := range int32(benchPartitions) {
				pc, err := consumer.ConsumePartition(l.cfg.Topic, n, sarama.OffsetOldest)
				require.NoError(b, err)
				working.Go(func() {
					for range records / benchPartitions {
						<-pc.Messages()
					}
					_ = pc.Close()
				})
			}
			working.Wait()
			_ = consumer.Close()
		}
		perSecond(b, int64(b.N)*records*benchEvents)
	})
}

// BenchmarkHotVisitor measures how long records of all partitions but one take
// from the call of Append to a reader, at a steady rate: while all partitions
// have the same traffic, and while half of it is one visitor's. It reports the
// medians of all rounds: a machine that does something else shows in some.
func BenchmarkHotVisitor(b *testing.B) {
	const (
		every = 4 * time.Millisecond // two requests
		lasts = 2 * time.Second
	)
	values := benchValues(64, benchEvents)
	run := func(b *testing.B, hot bool) time.Duration {
		b.Helper()
		l := benchLog(b)
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		var mu sync.Mutex
		var lags []time.Duration
		var working sync.WaitGroup
		for n := range uint16(benchPartitions) {
			working.Go(func() {
				p := l.newPartition(n, "", -1)
				defer p.lose()
				for at := int64(0); ; {
					some, err := p.Read(ctx, at, 1<<20)
					if err != nil {
						return
					}
					now := time.Now()
					for _, r := range some {
						if at = r.Offset + 1; n == 0 {
							continue
						}
						started, err := strconv.ParseInt(string(r.Header), 10, 64)
						if err != nil {
							b.Error(err)
						}
						mu.Lock()
						lags = append(lags, now.Sub(time.UnixMicro(started)))
						mu.Unlock()
					}
				}
			})
		}
		var appends sync.WaitGroup
		send := func(partition uint16, value []byte) {
			appends.Go(func() {
				_ = l.Append(ctx, []footfall.Record{{
					Partition: partition, Events: benchEvents, Tenant: "shop", Header: fmt.Append(nil, time.Now().UnixMicro()), Value: value,
				}})
			})
		}
		want := int(lasts / every)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for i := range int(lasts / every) {
			<-ticker.C
			send(uint16(1+i%(benchPartitions-1)), values[i%len(values)])
			other := 0
			if !hot {
				other = i % benchPartitions
			}
			send(uint16(other), values[(i+7)%len(values)])
			if other > 0 {
				want++
			}
		}
		appends.Wait()
		require.Eventually(b, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(lags) == want
		}, time.Minute, 10*time.Millisecond)
		cancel()
		working.Wait()
		slices.Sort(lags)
		return lags[len(lags)*99/100]
	}
	var evens, hots []time.Duration
	for b.Loop() {
		evens, hots = append(evens, run(b, false)), append(hots, run(b, true))
	}
	slices.Sort(evens)
	slices.Sort(hots)
	even, hot := evens[len(evens)/2], hots[len(hots)/2]
	b.ReportMetric(float64(even.Microseconds())/1e3, "p99-even-ms")
	b.ReportMetric(float64(hot.Microseconds())/1e3, "p99-hot-ms")
	b.ReportMetric(float64(hot)/float64(even), "ratio")
}
