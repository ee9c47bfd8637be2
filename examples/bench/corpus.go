package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"
)

// The shop behind the load: its events with how often each comes in a
// thousand, and the properties a tracking plan of such a shop has.
var shopEvents = []struct {
	name   string
	weight int
}{
	{"Product Viewed", 380},
	{"Product List Viewed", 240},
	{"Product Clicked", 130},
	{"Products Searched", 90},
	{"Product Added", 70},
	{"Cart Viewed", 40},
	{"Checkout Started", 20},
	{"Payment Info Entered", 15},
	{"Order Completed", 10},
	{"Coupon Applied", 5},
}

var (
	categories = []string{"shoes", "shirts", "jackets", "bags", "outdoor", "kids", "sale", "home"}
	currencies = []string{"EUR", "USD", "GBP"}
)

const (
	uuidText = "00000000-0000-4000-8000-000000000000"
	timeText = "2006-01-02T15:04:05.000Z"
)

// body is a request whose ids and times are written anew before every send,
// so that making load costs little beside taking it.
type body struct {
	bytes    []byte
	messages []int // where the message ids stand
	visitors []int
	times    []int // where the timestamps stand, sentAt last
}

// newBody returns a request of n events, about 415 bytes each: the size that
// the limits in the documentation were measured at.
func newBody(rng *rand.Rand, n int, single bool) *body {
	b := &body{}
	var buf bytes.Buffer
	mark := func(at *[]int, text string) {
		*at = append(*at, buf.Len())
		buf.WriteString(text)
	}
	if !single {
		buf.WriteString(`{"batch":[`)
	}
	for i := range n {
		if i > 0 {
			buf.WriteByte(',')
		}
		product := rng.IntN(20_000)
		fmt.Fprintf(&buf, `{"type":"track","event":%q,"messageId":"`, pickEvent(rng))
		mark(&b.messages, uuidText)
		buf.WriteString(`","anonymousId":"`)
		mark(&b.visitors, uuidText)
		buf.WriteString(`","timestamp":"`)
		mark(&b.times, timeText)
		fmt.Fprintf(&buf, `","properties":{"product_id":"sku-%05d","category":%q,"price":%d.%02d,"quantity":%d,"currency":%q},`+
			`"context":{"library":{"name":"analytics-node","version":"2.3"},"page":{"path":"/p/%05d"},"locale":"en-GB"}}`,
			product, categories[product%len(categories)], 5+product%190, product%100, 1+rng.IntN(3), currencies[rng.IntN(3)], product)
	}
	if !single {
		buf.WriteString(`],"sentAt":"`)
		mark(&b.times, timeText)
		buf.WriteString(`"}`)
	}
	b.bytes = buf.Bytes()
	return b
}

func pickEvent(rng *rand.Rand) string {
	n := rng.IntN(1000)
	for _, e := range shopEvents {
		if n -= e.weight; n < 0 {
			return e.name
		}
	}
	return shopEvents[0].name
}

// visits is the crowd that the events of one connection come from: each of
// its visitors does about nine things, as in the shop data that sessions are
// tested on, and is then replaced by a new one.
type visits struct {
	rng *rand.Rand
	ids [][2]uint64
	hot bool // every other event is of one and the same visitor
	// fresh says that everybody does one thing only.
	fresh bool
}

// perVisit is the mean number of events of a visit.
const perVisit = 9

// crowd is how many are on a site at once, to one connection of a load.
const crowd = 2000

func newVisits(rng *rand.Rand, atOnce int) *visits {
	v := &visits{rng: rng, ids: make([][2]uint64, atOnce)}
	for i := range v.ids {
		v.ids[i] = [2]uint64{rng.Uint64(), rng.Uint64()}
	}
	return v
}

// next returns the two halves of the id of whoever acts next.
func (v *visits) next() (hi, lo uint64) {
	if v.hot && v.rng.IntN(2) == 0 {
		return 1, 1
	}
	if v.fresh {
		return v.rng.Uint64(), v.rng.Uint64()
	}
	id := &v.ids[v.rng.IntN(len(v.ids))]
	if v.rng.IntN(perVisit) == 0 {
		*id = [2]uint64{v.rng.Uint64(), v.rng.Uint64()}
	}
	return id[0], id[1]
}

// stamp writes fresh message ids, visitors and times.
func (b *body) stamp(v *visits, now time.Time) []byte {
	for _, at := range b.messages {
		putUUID(b.bytes[at:], v.rng.Uint64(), v.rng.Uint64())
	}
	for _, at := range b.visitors {
		hi, lo := v.next()
		putUUID(b.bytes[at:], hi, lo)
	}
	text := now.UTC().AppendFormat(make([]byte, 0, 40), timeText)
	for _, at := range b.times {
		copy(b.bytes[at:], text)
	}
	return b.bytes
}

// putUUID writes 122 random bits in the form of a version 4 UUID.
func putUUID(dst []byte, hi, lo uint64) {
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	hex.Encode(dst[0:8], raw[0:4])
	hex.Encode(dst[9:13], raw[4:6])
	hex.Encode(dst[14:18], raw[6:8])
	hex.Encode(dst[19:23], raw[8:10])
	hex.Encode(dst[24:36], raw[10:16])
}
