package clickhouse

import (
	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// moment is the type of every time but the ledger's minutes.
const moment = "DateTime64(3, 'UTC')"

var sessionRows = rowsOf[footfall.Session]{
	table: schema.Sessions,
	columns: []column{
		low("tenant"), low("silo"), plain("visitor", "UInt128"), plain("session", "UInt64"),
		plain("opened", moment), plain("start", moment), plain("last", moment),
		plain("events", "UInt32"), plain("views", "UInt32"), plain("key_event", "UInt8"), plain("version", "UInt64"),
	},
	partition: func(r *footfall.Session) partition { return partition{r.Silo, monthOf(r.Opened)} },
	add: func(c []column, r *footfall.Session) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].id(r.Visitor)
		c[3].u64(r.Session)
		c[4].time(r.Opened)
		c[5].time(r.Start)
		c[6].time(r.Last)
		c[7].u32(r.Events)
		c[8].u32(r.Views)
		c[9].flag(r.KeyEvent)
		c[10].u64(r.Version)
		return checkTimes(r.Opened, r.Start, r.Last)
	},
}

var linkRows = rowsOf[footfall.Link]{
	table: schema.Identities,
	columns: []column{
		low("tenant"), low("silo"), plain("kind", "Enum8('link' = 1, 'unlink' = 2, 'alias' = 3)"),
		plain("visitor", "UInt128"), plain("user", "UInt128"), plain("time", moment),
		plain("_epoch", "UInt16"), plain("_p", "UInt16"), plain("_o", "UInt64"), plain("_i", "UInt32"),
	},
	partition: func(r *footfall.Link) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.Link) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].u8(uint8(r.Kind))
		c[3].id(r.From)
		c[4].id(r.User)
		c[5].time(r.Time)
		position(c[6:], r.Position)
		return checkTimes(r.Time)
	},
}

var idRows = rowsOf[footfall.IDText]{
	table: schema.IDs,
	columns: []column{
		low("tenant"), low("silo"), plain("id", "UInt128"), plain("kind", "Enum8('visitor' = 1, 'user' = 2)"), plain("text", "String"),
	},
	partition: func(r *footfall.IDText) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.IDText) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].id(r.ID)
		c[3].u8(uint8(r.Kind))
		c[4].text(r.Text)
		return nil
	},
}

var rejectedRows = rowsOf[footfall.Rejected]{
	table: schema.Rejected,
	columns: []column{
		low("tenant"), low("silo"), plain("time", moment), plain("reason", "String"), plain("payload", "String"),
		plain("_epoch", "UInt16"), plain("_p", "UInt16"), plain("_o", "UInt64"), plain("_i", "UInt32"), plain("version", "UInt64"),
	},
	partition: func(r *footfall.Rejected) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.Rejected) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].time(r.Time)
		c[3].text(r.Reason)
		c[4].text(r.Payload)
		position(c[5:], r.Position)
		c[9].u64(r.Version)
		return checkTimes(r.Time)
	},
}

var ledgerRows = rowsOf[footfall.LedgerRow]{
	table: schema.Ledger,
	columns: []column{
		low("tenant"), low("silo"), plain("minute", "DateTime('UTC')"), plain("_epoch", "UInt16"), plain("_p", "UInt16"),
		plain("stored", "UInt64"), plain("duplicate", "UInt64"), plain("quarantined", "UInt64"), plain("version", "UInt64"),
	},
	partition: func(r *footfall.LedgerRow) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.LedgerRow) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].u32(uint32(int64(r.Minute) / 1000))
		c[3].u16(r.Epoch)
		c[4].u16(r.Partition)
		c[5].u64(r.Stored)
		c[6].u64(r.Duplicate)
		c[7].u64(r.Quarantined)
		c[8].u64(r.Version)
		return checkTimes(r.Minute)
	},
}

var erasureRows = rowsOf[footfall.Erasure]{
	table: schema.Erasures,
	columns: []column{
		low("tenant"), low("silo"), plain("name", "String"), plain("ids", "Array(UInt128)"), plain("time", moment),
		plain("_epoch", "UInt16"), plain("_p", "UInt16"), plain("_o", "UInt64"), plain("_i", "UInt32"),
	},
	partition: func(r *footfall.Erasure) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.Erasure) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].text(r.Name)
		for _, id := range r.IDs {
			c[3].id(id)
		}
		c[3].end(len(c[3].data) / len(footfall.ID{}))
		c[4].time(r.Time)
		position(c[5:], r.Before)
		return checkTimes(r.Time)
	},
}

// position appends to the four columns that hold one.
func position(c []column, p footfall.Position) {
	c[0].u16(p.Epoch)
	c[1].u16(p.Partition)
	c[2].u64(uint64(p.Offset))
	c[3].u32(p.Index)
}

func checkTimes(times ...footfall.Millis) error {
	for _, at := range times {
		if err := checkTime(at); err != nil {
			return err
		}
	}
	return nil
}
