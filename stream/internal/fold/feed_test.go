package fold

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// feed makes records of 100 events of random visitors, the worst case for the
// caches, with message ids that never come twice.
type feed struct {
	rand    *rand.Rand
	now     footfall.Millis
	step    footfall.Millis
	late    int // events happened up to so many milliseconds before they arrive
	offset  int64
	message uint64
	// roundRobin lets the visitors come one after the other.
	roundRobin bool
	header     record.Header
	enc        record.Encoder
	rec        footfall.Record
	out        footfall.Batch
}

func newFeed(seed uint64) (*State, *feed) {
	id, _ := tenant.ParseID("shop")
	return New(0, 0, Limits{}), &feed{
		rand: rand.New(rand.NewPCG(seed, 7)), now: 1_700_000_000_000, step: 100, late: 3000,
		header: record.Header{
			Kind: record.Events, Tenant: id, Gap: 30 * 60_000, Cap: 24 * 3_600_000, Window: 2 * 3_600_000,
		},
	}
}

func (f *feed) next(visitors int) *footfall.Record {
	f.now += f.step
	f.header.Received = f.now
	f.enc.Reset(f.header)
	var visitor, message [16]byte
	ev := record.Event{Type: footfall.Page, Name: []byte("$page"), Properties: []byte(`{"path":"/","title":"Home"}`)}
	for range 100 {
		n := f.message % uint64(visitors)
		if !f.roundRobin {
			n = uint64(f.rand.IntN(visitors))
		}
		binary.BigEndian.PutUint64(visitor[:], n)
		binary.BigEndian.PutUint64(message[:], f.message)
		f.message++
		ev.Anonymous = hex.AppendEncode(ev.Anonymous[:0], visitor[:])
		ev.MessageID = hex.AppendEncode(ev.MessageID[:0], message[:])
		ev.Time = f.now - footfall.Millis(f.rand.IntN(f.late))
		f.enc.Add(&ev)
	}
	f.rec = f.enc.Record(0)
	f.rec.Offset, f.rec.Time = f.offset, f.now
	f.offset++
	return &f.rec
}
