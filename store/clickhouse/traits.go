package clickhouse

import (
	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// traitRows leaves equal keys to the merges: comparing tuples row by row costs
// an INSERT four times what it costs to sort them, and readers compare anyway.
var traitRows = rowsOf[footfall.Trait]{
	table: schema.Traits,
	columns: []column{
		low("tenant"), low("silo"), plain("id", "UInt128"), low("key"), plain("kind", "Enum8('set' = 1, 'once' = 2, 'member' = 3)"),
		plain("_epoch", "UInt16"), plain("_p", "UInt16"),
		plain("best", schema.Best), element(), element(), element(), element(), element(), element(), element(),
	},
	partition: func(r *footfall.Trait) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.Trait) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].id(r.ID)
		c[3].low(r.Key)
		c[4].u8(uint8(r.Kind))
		c[5].u16(r.Position.Epoch)
		c[6].u16(r.Position.Partition)
		rank := r.Time
		if r.Kind == footfall.TraitOnce {
			rank = ^rank
		}
		has, text, number := plainValue(r.Value)
		c[7].u64(uint64(rank))
		c[8].text(r.MessageID)
		c[9].text(r.Value)
		c[10].u8(has)
		c[11].text(text)
		c[12].float(number)
		c[13].u64(uint64(r.Position.Offset))
		c[14].u32(r.Position.Index)
		return nil
	},
	raw: true,
}

// plainValue returns what a JSON value is to a comparison, by the rule that
// makes texts and numbers of the properties of events, except that an object
// stays one text.
func plainValue(value string) (has uint8, text string, number float64) {
	s := scanner{text: value}
	s.space()
	if c := s.peek(); c == '{' || c == '[' {
		raw, empty, ok := s.container()
		if !ok || empty || !s.finished() {
			return 0, "", 0
		}
		return schema.HasText, raw, 0
	}
	m, ok := s.value(1)
	if !ok || !s.finished() {
		return 0, "", 0
	}
	if m.leaf.text != nil {
		has, text = schema.HasText, *m.leaf.text
	}
	if m.leaf.number {
		has, number = has|schema.HasNumber, m.leaf.value
	}
	return has, text, number
}
