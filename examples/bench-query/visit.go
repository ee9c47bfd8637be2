package main

import (
	"encoding/binary"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

var (
	browsers  = []string{"Chrome", "Chrome", "Chrome", "Safari", "Safari", "Firefox", "Edge"}
	sources   = []string{"google.com", "google.com", "newsletter", "", "", "instagram.com"}
	countries = []string{"DE", "US", "FR", "GB", "NL", "AT", "CH", "PL", "IT", "ES"}
	plans     = []string{"free", "free", "free", "plus", "business"}
)

// visit is one in the making.
type visit struct {
	*shop
	at                        footfall.Millis
	anonymous, userID         string
	visitor, account          footfall.ID
	session                   uint64
	browser                   string
	events                    []footfall.Event
	carted, product, category int
}

func (v *visit) login(user int) {
	v.userID = userText(user)
	v.account = schema.UserID(v.tenant, v.userID)
}

// shopping goes from product to product, four on average.
func (v *visit) shopping() {
	for n := 1; ; n++ {
		v.product = v.rng.IntN(1+v.rng.IntN(20_000)) + 1 // some sell better than others
		v.category = v.product % categories
		if v.rng.IntN(5) == 0 {
			v.track("Products Searched", fmt.Sprintf(`{"query":"%s %d","results":%d}`, "shoes for winter", v.product%997, v.rng.IntN(200)))
		}
		v.page(v.product)
		v.track("Product Viewed", v.item())
		if v.rng.IntN(4) == 0 {
			v.track("Product Added", v.item())
			v.carted++
		}
		if v.rng.IntN(4) == 0 {
			break
		}
	}
	if v.carted > 0 && v.rng.IntN(10) < 4 {
		v.track("Checkout Started", fmt.Sprintf(`{"products":%d,"currency":"EUR"}`, v.carted))
		if v.rng.IntN(10) < 6 {
			v.track("Order Completed", fmt.Sprintf(`{"order_id":"o-%d","total":%d.%02d,"products":%d,"currency":"EUR","coupon":%q}`,
				v.facts.Events, 10+v.rng.IntN(300), v.rng.IntN(100), v.carted, []string{"", "SUMMER"}[v.rng.IntN(2)]))
		}
	}
}

func (v *visit) item() string {
	return fmt.Sprintf(`{"product_id":"sku-%05d","category":"category %02d","price":%d.%02d,"quantity":%d,"currency":"EUR"}`,
		v.product, v.category, 5+v.product%190, v.product%100, 1+v.product%3)
}

func (v *visit) track(name, properties string) { v.add(footfall.Track, name, properties, "") }

func (v *visit) page(product int) {
	path := "/"
	if product > 0 {
		path = fmt.Sprintf("/p/%05d", product)
	}
	v.add(footfall.Page, "$page", `{"title":"The shop"}`, fmt.Sprintf(`,"$path":%q,"$url":"https://shop.example%s","$referrer_domain":%q`,
		path, path, sources[v.rng.IntN(len(sources))]))
}

// identify says who the visitor is; a session has nothing to do with it.
func (v *visit) identify(user int, up *footfall.Upserts) {
	v.add(footfall.Identify, "$identify", "{}", "")
	e := &v.events[len(v.events)-1]
	e.Session = 0
	for key, value := range map[string]string{"plan": plans[user%len(plans)], "country": countries[user%len(countries)]} {
		up.Traits = append(up.Traits, footfall.Trait{
			Tenant: v.tenant, Silo: v.silo, ID: v.account, Kind: footfall.TraitSet, Key: key, Value: fmt.Sprintf("%q", value),
			Time: e.Time, MessageID: e.MessageID,
		})
	}
	up.IDs = append(up.IDs, footfall.IDText{Tenant: v.tenant, Silo: v.silo, ID: v.account, Kind: footfall.KindUser, Text: v.userID})
}

func (v *visit) add(kind footfall.Type, name, properties, derived string) {
	// No two events of a visit have one time, so that windowFunnel agrees.
	v.at += footfall.Millis(300 + v.rng.IntN(60_000))
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], v.rng.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], v.rng.Uint64())
	id := fmt.Sprintf("%x-%x-4%x-8%x-%x", raw[0:4], raw[4:6], raw[6:8], raw[8:10], raw[10:16])
	if v.session == 0 {
		v.session = schema.Hash64(v.visitor, id)
	}
	v.events = append(v.events, footfall.Event{
		Tenant: v.tenant, Silo: v.silo, Type: kind, Name: name, MessageID: id,
		Time: v.at, Original: v.at, Sent: v.at + 20, Received: v.at + 60,
		AnonymousID: v.anonymous, UserID: v.userID, Visitor: v.visitor, User: v.account, Session: v.session,
		Properties: properties, Context: `{"library":{"name":"analytics.js","version":"2.3"},"locale":"en-GB"}`,
		Derived: `{"$browser":"` + v.browser + `","$os":"macOS","$device":"desktop","$locale":"en-GB"` + derived + `}`,
	})
}
