package fold

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
)

// BenchmarkTraits folds records of 100 identify messages with some traits each,
// with what the next flush makes of them. The message with none is what an
// identify costs by itself.
func BenchmarkTraits(b *testing.B) {
	for _, traits := range []int{0, 10, 100} {
		b.Run(fmt.Sprint(traits), func(b *testing.B) {
			b.ReportAllocs()
			s, f := newFeed(1)
			var text strings.Builder
			for i := range traits {
				fmt.Fprintf(&text, `,"trait %d":"value %d"`, i, i)
			}
			properties := []byte("{" + strings.TrimPrefix(text.String(), ",") + "}")
			var u footfall.Upserts
			for b.Loop() {
				f.header.Received = f.now
				f.enc.Reset(f.header)
				for range 100 {
					f.message++
					f.enc.Add(&record.Event{
						Type: footfall.Identify, Name: []byte("$identify"), MessageID: fmt.Append(nil, "m", f.message),
						User: fmt.Append(nil, "u", f.message%1000), Time: f.now, Properties: properties,
					})
				}
				rec := f.enc.Record(0)
				rec.Offset, rec.Time = f.offset, f.now
				f.offset++
				f.out.Events = f.out.Events[:0]
				require.NoError(b, s.Apply(&rec, &f.out))
				u.Reset()
				s.Flush(&u)
				require.Len(b, u.Traits, 100*traits)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/message")
		})
	}
}
