package clickhouse

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// shop makes events such as a shop of half a million visitors a month sends:
// visits of some minutes, in the order of the log.
type shop struct {
	rng    *rand.Rand
	tenant tenant.ID
}

var (
	shopStart  = time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	categories = []string{"shoes", "shirts", "jackets", "bags", "outdoor", "kids", "sale", "home"}
	locales    = []string{"de-DE", "en-US", "en-US", "en-GB", "fr-FR", "nl-NL"}
	sources    = []string{"newsletter", "google", "instagram", "partner"}
	agents     = []string{
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:%d.0) Gecko/20100101 Firefox/127.0",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36",
	}
)

func newShop(tb testing.TB) *shop {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	return &shop{rand.New(rand.NewPCG(1, 2)), id}
}

func (s *shop) uuid() string {
	var raw [16]byte
	for i := range raw {
		raw[i] = byte(s.rng.Uint32())
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	text := hex.EncodeToString(raw[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// events returns about n events of one month, positions ascending.
func (s *shop) events(n int) []footfall.Event {
	visitors := make([]string, max(1, n/8))
	for i := range visitors {
		visitors[i] = s.uuid()
	}
	var all []footfall.Event
	for len(all) < n {
		all = s.visit(all, visitors[s.rng.IntN(len(visitors))])
	}
	slices.SortStableFunc(all, func(a, b footfall.Event) int { return int(a.Received - b.Received) })
	offset, index := int64(0), uint32(0)
	for i := range all {
		// The requests of a browser carry few events.
		if index++; i == 0 || s.rng.IntN(3) > 0 {
			offset, index = offset+1, 0
		}
		all[i].Position = footfall.Position{Offset: offset, Index: index}
	}
	return all
}

func (s *shop) visit(all []footfall.Event, visitor string) []footfall.Event {
	id := schema.VisitorID(s.tenant, visitor)
	rng := rand.New(rand.NewPCG(uint64(id[0])<<8|uint64(id[1]), uint64(id[2]))) // what stays the same from visit to visit
	agent := fmt.Sprintf(agents[rng.IntN(len(agents))], 100+rng.IntN(28))
	locale := locales[rng.IntN(len(locales))]
	user := ""
	if rng.IntN(5) == 0 {
		user = fmt.Sprintf("user-%d", rng.IntN(100_000))
	}
	campaign := ""
	if s.rng.IntN(4) == 0 {
		campaign = sources[s.rng.IntN(len(sources))]
	}
	server := rng.IntN(10) == 0
	now := shopStart.Add(time.Duration(s.rng.Int64N(int64(30 * 24 * time.Hour))))
	session := s.rng.Uint64()
	say := func(kind footfall.Type, name, path, properties string) {
		now = now.Add(time.Duration((3 + s.rng.ExpFloat64()*25) * float64(time.Second)))
		at := footfall.MillisOf(now)
		e := footfall.Event{
			Tenant: s.tenant, Type: kind, Name: name, MessageID: s.uuid(), Time: at, Original: at,
			Sent: at + footfall.Millis(s.rng.IntN(300)), AnonymousID: visitor, Visitor: id, Session: session, Properties: properties,
		}
		e.Received = e.Sent + footfall.Millis(20+s.rng.IntN(200))
		if user != "" {
			e.UserID, e.User = user, schema.UserID(s.tenant, user)
		}
		if server {
			e.Context = `{"library":{"name":"analytics-node","version":"2.3.0"}}`
			all = append(all, e)
			return
		}
		url := "https://shop.example" + path
		query, utm := "", ""
		if campaign != "" {
			query = "?utm_source=" + campaign + "&utm_medium=cpc&utm_campaign=spring"
			utm = `,"$utm_source":"` + campaign + `","$utm_medium":"cpc","$utm_campaign":"spring"`
		}
		e.Context = `{"library":{"name":"analytics.js","version":"2.1.0"},"page":{"path":"` + path + `","referrer":"https://shop.example/","search":"` + query +
			`","title":"Shop","url":"` + url + query + `"},"locale":"` + locale + `","timezone":"Europe/Berlin","userAgent":"` + agent + `"}`
		e.Derived = `{"$url":"` + url + query + `","$path":"` + path + `","$referrer":"https://shop.example/"` + utm + `,"$locale":"` + locale + `"}`
		all = append(all, e)
	}
	track := func(name, path, format string, args ...any) {
		say(footfall.Track, name, path, fmt.Sprintf(format, args...))
	}
	say(footfall.Page, "$page", "/", `{"path":"/","url":"https://shop.example/","title":"Shop","referrer":"https://shop.example/","name":"Home"}`)
	for range s.rng.IntN(4) {
		category := categories[s.rng.IntN(len(categories))]
		track("Product List Viewed", "/c/"+category, `{"list_id":%q,"category":%q,"filters":["size:%d"],"sort":"popular","page":%d,"results":%d}`, category, category, s.rng.IntN(12), 1+s.rng.IntN(4), s.rng.IntN(500))
		if s.rng.IntN(4) == 0 {
			track("Products Searched", "/search", `{"query":%q,"results":%d,"category":%q,"suggested":%t,"page":1}`, category+" "+sources[s.rng.IntN(4)], s.rng.IntN(300), category, s.rng.IntN(2) == 0)
		}
		for range s.rng.IntN(4) {
			product := s.rng.IntN(20_000)
			path := fmt.Sprintf("/p/%05d", product)
			details := fmt.Sprintf(`"product_id":"sku-%05d","category":%q,"price":%d.%02d,"currency":"EUR","position":%d,"brand":"brand-%d"`,
				product, category, 5+product%190, product%100, s.rng.IntN(48), product%300)
			track("Product Clicked", path, "{%s}", details)
			track("Product Viewed", path, "{%s}", details)
			if s.rng.IntN(5) == 0 {
				track("Product Added", path, `{%s,"quantity":%d,"cart_id":%q}`, details, 1+s.rng.IntN(3), s.uuid())
			}
		}
	}
	if s.rng.IntN(12) == 0 {
		total := s.rng.IntN(30_000)
		track("Checkout Started", "/checkout", `{"value":%d.%02d,"currency":"EUR","items":%d,"coupon":null,"step":1}`, total/100, total%100, 1+s.rng.IntN(5))
		track("Order Completed", "/checkout/done", `{"order_id":"o-%08d","revenue":%d.%02d,"shipping":4.9,"tax":%d.5,"currency":"EUR","items":[{"sku":"sku-%05d","quantity":1}],"method":"card"}`,
			s.rng.IntN(1e8), total/100, total%100, total/600, s.rng.IntN(20_000))
	}
	return all
}

// scattered returns events such as a load generator sends: every one of
// another visitor and session, which is the worst case for a column store.
func (s *shop) scattered(n int) []footfall.Event {
	all := make([]footfall.Event, n)
	now := shopStart
	for i := range all {
		product := s.rng.IntN(20_000)
		visitor := fmt.Sprint("visitor-", s.rng.IntN(500_000))
		now = now.Add(time.Second)
		at := footfall.MillisOf(now)
		all[i] = footfall.Event{
			Tenant: s.tenant, Position: footfall.Position{Offset: int64(i / 100), Index: uint32(i % 100)}, Type: footfall.Track,
			Name:      []string{"Product Viewed", "Product List Viewed", "Product Clicked", "Products Searched", "Product Added"}[min(4, int(s.rng.ExpFloat64()*1.5))],
			MessageID: s.uuid(), Time: at, Original: at, Sent: at, Received: at + 1, AnonymousID: visitor,
			Visitor: schema.VisitorID(s.tenant, visitor), Session: schema.Hash64(schema.VisitorID(s.tenant, visitor), fmt.Sprint(i)),
			Properties: fmt.Sprintf(`{"product_id":"sku-%05d","category":%q,"price":%d.%02d,"quantity":%d,"currency":%q,"list":"grid","position":%d}`,
				product, categories[product%len(categories)], 5+product%190, product%100, 1+s.rng.IntN(3), []string{"EUR", "USD", "GBP"}[s.rng.IntN(3)], s.rng.IntN(48)),
			Context: fmt.Sprintf(`{"library":{"name":"analytics-node","version":"2.3.0"},"page":{"path":"/p/%05d"},"locale":"en-GB"}`, product),
			Derived: fmt.Sprintf(`{"$path":"/p/%05d","$locale":"en-GB"}`, product),
		}
	}
	return all
}

// pack moves the texts of each hundred events into one piece of memory, as
// they come out of a record of the log.
func pack(events []footfall.Event) []footfall.Event {
	for part := range slices.Chunk(events, 100) {
		var b strings.Builder
		texts := func(each func(*string)) {
			for i := range part {
				e := &part[i]
				for _, text := range []*string{&e.Name, &e.MessageID, &e.AnonymousID, &e.UserID, &e.Properties, &e.Derived, &e.Context} {
					each(text)
				}
			}
		}
		texts(func(text *string) { b.WriteString(*text) })
		all := b.String()
		texts(func(text *string) { *text, all = all[:len(*text)], all[len(*text):] })
	}
	return events
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	events := newShop(t).events(5000)
	names, bytes := map[string]int{}, 0
	for i := range events {
		names[events[i].Name]++
		bytes += len(events[i].Properties) + len(events[i].Context) + len(events[i].Derived)
	}
	require.GreaterOrEqual(t, len(names), 8)
	t.Log(names, bytes/len(events))
	require.NotContains(t, strings.Join([]string{events[0].Properties, events[0].Context}, ""), "%!")
}
