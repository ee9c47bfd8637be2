package storetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// testTraits says many things of few ids, in any order and several times, and
// expects of each key what the comment of footfall.Trait promises.
func testTraits(t *testing.T, s *subject) {
	id := shop(t)
	random := rand.New(rand.NewPCG(7, 0))
	var all []footfall.Trait
	for n := range 400 {
		all = append(all, footfall.Trait{
			Tenant: id, ID: schema.UserID(id, fmt.Sprint(random.IntN(3))), Kind: footfall.TraitKind(1 + random.IntN(3)),
			Key: fmt.Sprint("key-", random.IntN(2)), Value: fmt.Sprint(random.IntN(3)),
			Time: start + footfall.Millis(random.IntN(3)), MessageID: fmt.Sprint("m", random.IntN(30)),
			Position: footfall.Position{Epoch: 1, Partition: uint16(random.IntN(2)), Offset: int64(n)},
		})
	}
	want := map[string]footfall.Trait{}
	for _, trait := range all {
		key := fmt.Sprint(trait.ID, trait.Kind, trait.Key)
		old, ok := want[key]
		if newer := trait.Time > old.Time; trait.Kind == footfall.TraitOnce {
			newer = trait.Time < old.Time
			ok = ok && !newer
		} else {
			ok = ok && !newer
		}
		// Positions grow, so that of equals the later one wins.
		if !ok || trait.Time == old.Time && (trait.MessageID > old.MessageID || trait.MessageID == old.MessageID && copyBeats(&trait, &old)) {
			want[key] = trait
		}
	}
	list := make([]footfall.Trait, 0, len(want))
	for _, trait := range want {
		list = append(list, trait)
	}
	for round := range 3 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for from := 0; from < len(all); from += 100 {
			s.upsert(t, &footfall.Upserts{Traits: all[from : from+100]})
		}
		if round == 1 {
			require.NoError(t, s.Settle(t.Context()))
		}
		requireSame(t, list, s.Traits)
	}
}

func copyBeats(a, b *footfall.Trait) bool {
	return a.Value > b.Value || a.Value == b.Value && a.Position.Compare(b.Position) > 0
}

// testOddTraits has values of all sorts come back as they were sent.
func testOddTraits(t *testing.T, s *subject) {
	id := shop(t)
	var u footfall.Upserts
	for i, value := range []string{
		`null`, `true`, `""`, `"a \"b\" \u00e9"`, `42`, `-1.50`, `12345678901234567890`, `1e400`, `[]`, `[1, "a"]`, `{}`, `{"a": {"b": [null]}}`,
		`"` + strings.Repeat("x", 30_000) + `"`, "no JSON", "", `"open`,
	} {
		u.Traits = append(u.Traits, footfall.Trait{
			Tenant: id, ID: schema.VisitorID(id, "v"), Kind: footfall.TraitSet, Key: "k\x00'\\ü" + fmt.Sprint(i), Value: value,
			Time: start, MessageID: "m", Position: position(1, 3, int64(i)),
		})
	}
	for i, at := range []footfall.Millis{math.MinInt64, -1, 0, math.MaxInt64} {
		u.Traits = append(u.Traits, footfall.Trait{
			Tenant: id, Silo: "shop", ID: schema.GroupID(id, "company", "acme"), Kind: footfall.TraitOnce, Key: fmt.Sprint(i), Value: "1",
			Time: at, Position: position(1, 3, int64(i)),
		})
	}
	s.upsert(t, &u)
	requireSame(t, u.Traits, s.Traits)
}

// testErasureTraits erases what was said before a position of one partition,
// and only that.
func testErasureTraits(t *testing.T, s *subject) {
	id := shop(t)
	user, visitor, other, company := schema.UserID(id, "u"), schema.VisitorID(id, "v"), schema.UserID(id, "other"), schema.GroupID(id, "company", "acme")
	trait := func(of footfall.ID, key string, at int64, p footfall.Position) footfall.Trait {
		return footfall.Trait{
			Tenant: id, ID: of, Kind: footfall.TraitSet, Key: key, Value: fmt.Sprint(at), Time: start + footfall.Millis(at), MessageID: "m", Position: p,
		}
	}
	gone := []footfall.Trait{
		trait(user, "plan", 5, position(1, 3, 10)),
		trait(visitor, "plan", 5, position(1, 3, 23)),
		trait(user, "old", 5, position(0, 9, 99)),
	}
	kept := []footfall.Trait{
		trait(other, "plan", 5, position(1, 3, 10)),
		trait(company, "plan", 5, position(1, 3, 10)),
		trait(user, "elsewhere", 5, position(1, 4, 10)),
		trait(user, "later", 5, position(1, 3, 24)),
	}
	s.upsert(t, &footfall.Upserts{Traits: append(slices.Clip(gone), kept...)})
	erasure := footfall.Erasure{Tenant: id, Name: "request-1", IDs: []footfall.ID{user, visitor}, Before: position(1, 3, 24), Time: start}
	// What comes later may have happened earlier.
	late := trait(user, "plan", 1, position(1, 3, 30))
	for range 2 { // and a second time, as after a crash
		s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}, Traits: []footfall.Trait{late}})
		requireSame(t, append(slices.Clip(kept), late), s.Traits)
	}
	bystander := late
	bystander.Tenant = parse(t, "bystander")
	s.upsert(t, &footfall.Upserts{Traits: []footfall.Trait{bystander}})
	all := footfall.Erasure{Tenant: id, Name: "all", Before: position(1, 3, 100), Time: start}
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{all}})
	requireSame(t, []footfall.Trait{bystander, kept[2]}, s.Traits)
}
