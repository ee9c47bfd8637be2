package shop

import (
	"container/heap"
	"fmt"
	"math"
	"time"
)

// person is somebody who has been here before: a device, and from the first
// order on an account.
type person struct {
	device  device
	user    string
	name    string
	country string
	plan    string
}

type device struct {
	id, agent, locale string
	width, height     int
}

type product struct {
	sku, name, category string
	price               float64
}

var products = []product{
	{"T-01", "Canvas tote", "bags", 24.9},
	{"T-02", "Day pack", "bags", 79},
	{"T-03", "Weekender", "bags", 129},
	{"M-01", "Enamel mug", "kitchen", 14.5},
	{"M-02", "Pour-over kit", "kitchen", 42},
	{"M-03", "Bread knife", "kitchen", 36},
	{"M-04", "Linen apron", "kitchen", 39.9},
	{"L-01", "Desk lamp", "lighting", 89},
	{"L-02", "Lantern", "lighting", 49.5},
	{"L-03", "String lights", "lighting", 22},
	{"B-01", "Dot notebook", "paper", 12},
	{"B-02", "Brass pen", "paper", 34},
	{"B-03", "Wall calendar", "paper", 18.9},
}

var devices = []device{
	{agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", locale: "en-US", width: 1728, height: 1117},
	{agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", locale: "en-GB", width: 390, height: 844},
	{agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", locale: "de-DE", width: 1920, height: 1080},
	{agent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", locale: "fr-FR", width: 412, height: 915},
}

var (
	sources   = []string{"", "", "", "newsletter", "google", "google", "instagram", "partner"}
	countries = []string{"DE", "DE", "FR", "GB", "US", "US", "NL", "PL"}
	names     = []string{"Ada", "Noor", "Mateo", "Ines", "Jonas", "Lea", "Sami", "Greta", "Yuki", "Omar"}
)

func pick[T any](s *Shop, from []T) T { return from[s.rand.IntN(len(from))] }

func (s *Shop) newDevice() device {
	d := pick(s, devices)
	d.id = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", s.rand.Uint32(), s.rand.IntN(1<<16), s.rand.IntN(1<<12), s.rand.IntN(1<<12), s.rand.Uint64N(1<<48))
	return d
}

// somebody returns a new visitor, or one who comes back: rather one of late
// than one of long ago.
func (s *Shop) somebody() *person {
	if len(s.people) > 0 && s.rand.Float64() < 0.45 {
		back := int(math.Min(s.rand.ExpFloat64()*float64(len(s.people))/4, float64(len(s.people)-1)))
		return s.people[len(s.people)-1-back]
	}
	p := &person{device: s.newDevice(), country: pick(s, countries)}
	s.people = append(s.people, p)
	return p
}

// visit puts all that one visitor does from now on into the queue.
func (s *Shop) visit(now time.Time) {
	p := s.somebody()
	device, user := p.device, ""
	switch {
	case p.user != "" && s.rand.Float64() < 0.15:
		device = s.newDevice() // a second device: nobody until the sign-in
	case p.user != "" && s.rand.Float64() < 0.6:
		user = p.user // still signed in
	}
	campaign := pick(s, sources)
	say := func(m Message) {
		m.Timestamp, m.AnonymousID, m.UserID = now.Truncate(time.Millisecond), device.id, user
		m.Context = map[string]any{
			"userAgent": device.agent, "locale": device.locale, "library": map[string]any{"name": "footfall-demo"},
			"screen": map[string]any{"width": device.width, "height": device.height}, "location": map[string]any{"country": p.country},
		}
		if campaign != "" {
			m.Context["campaign"] = map[string]any{"source": campaign}
		}
		heap.Push(&s.pending, m)
		now = now.Add(time.Duration(3+s.rand.ExpFloat64()*25) * time.Second)
	}
	page := func(name, path string) {
		say(Message{Type: "page", Name: name, Properties: map[string]any{"path": path, "url": "https://shop.example" + path, "title": name}})
	}
	track := func(event string, properties map[string]any) {
		say(Message{Type: "track", Event: event, Properties: properties})
	}
	if s.rand.Float64() < 0.7 {
		page("Home", "/")
	}
	if s.rand.Float64() < 0.3 {
		return // looked at one page, or at none that counts
	}
	var cart []product
	for range 1 + s.rand.IntN(4) {
		item := pick(s, products)
		page(item.name, "/p/"+item.sku)
		details := map[string]any{"sku": item.sku, "name": item.name, "category": item.category, "price": item.price}
		track("Product Viewed", details)
		if s.rand.Float64() < 0.3 {
			cart = append(cart, item)
			track("Product Added", details)
		}
	}
	if len(cart) == 0 || s.rand.Float64() < 0.35 {
		return
	}
	page("Checkout", "/checkout")
	total := 0.0
	for _, item := range cart {
		total += item.price
	}
	total = math.Round(total*100) / 100
	track("Checkout Started", map[string]any{"value": total, "items": len(cart)})
	if s.rand.Float64() < 0.25 {
		return
	}
	if p.user == "" {
		p.user = fmt.Sprintf("u%05d", len(s.people))
		p.name, p.plan = pick(s, names), pick(s, []string{"basic", "basic", "plus"})
	}
	user = p.user
	say(Message{Type: "identify", Traits: map[string]any{"name": p.name, "plan": p.plan, "country": p.country}})
	s.orders++
	track("Order Completed", map[string]any{
		"order_id": fmt.Sprintf("o%06d", s.orders), "revenue": total, "currency": "EUR", "items": len(cart), "coupon": s.rand.Float64() < 0.1,
	})
}
