package fold

import (
	"encoding/binary"
	"math"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

func (r *restorer) head() error {
	if v := r.in.uint16(); v != Version {
		return bad("it is of fold version %d, not %d", v, Version)
	}
	if e, p := r.in.uint16(), r.in.uint16(); e != r.epoch || p != r.partition {
		return bad("it is of partition %d/%d, not %d/%d", e, p, r.epoch, r.partition)
	}
	r.State.next = int64(r.in.uint64())
	r.clock = footfall.Millis(r.in.uint64())
	w := &r.State.ids
	w.early = r.in.uint64()
	w.now, w.floor = r.in.uint32(), r.in.uint32()
	if w.floor > w.now || w.now-w.floor > maxWindow {
		return bad("ids from minute %d to %d", w.floor, w.now)
	}
	return nil
}

func (r *restorer) account() error {
	id, err := tenant.ParseID(r.in.string())
	if err != nil {
		return bad("tenant: %v", err)
	}
	if _, ok := r.owners.byTenant[id]; ok {
		return bad("tenant %s twice", id)
	}
	r.owners.byTenant[id] = uint32(len(r.owners.accounts))
	r.counts[countAccounts]++
	r.owners.accounts = append(r.owners.accounts, Totals{id, r.in.uint64(), r.in.uint64(), r.in.uint64(), r.in.uint64(), int64(r.in.uint64())})
	r.owners.changes = append(r.owners.changes, change{int64(r.in.uint64()), r.in.uint64()})
	return nil
}

func (r *restorer) owner() error {
	o := owner{account: r.in.uint32(), dead: r.in.uint8() != 0, silo: r.in.string()}
	if int(o.account) >= len(r.owners.accounts) {
		return bad("owner of account %d", o.account)
	}
	o.tenant = r.owners.accounts[o.account].Tenant
	if !o.dead {
		key := ownerKey{o.tenant, o.silo}
		if _, ok := r.owners.index[key]; ok {
			return bad("tenant %s twice in silo %q", o.tenant, o.silo)
		}
		r.owners.index[key] = uint32(len(r.owners.list))
	}
	r.owners.list = append(r.owners.list, o)
	r.counts[countOwners]++
	return nil
}

func (r *restorer) row() error {
	minute, owner := r.in.uint32(), r.in.uint32()
	if int(owner) >= len(r.owners.list) {
		return bad("ledger row of owner %d", owner)
	}
	l := &r.ledger
	if n := len(l.minutes); n > 0 && l.minutes[n-1].minute > minute {
		return bad("ledger out of order")
	}
	l.open(minute)
	m := &l.minutes[len(l.minutes)-1]
	account := r.owners.list[owner].account
	if _, ok := m.index[account]; ok {
		return bad("ledger row twice")
	}
	m.index[account] = len(m.rows)
	r.counts[countRows]++
	m.rows = append(m.rows, ledgerRow{
		owner: owner, account: account,
		stored: r.in.uint64(), duplicate: r.in.uint64(), quarantined: r.in.uint64(), last: int64(r.in.uint64()),
	})
	return nil
}

func (r *restorer) visitor() error {
	v := visitor{
		key:  [2]uint64{r.in.uint64(), r.in.uint64()},
		user: r.in.uint64(), touched: int64(r.in.uint64()), expires: r.in.uint32(), owner: r.in.uint32(),
		flags: inUse,
	}
	sessions := int(r.in.uint8())
	if sessions > keptSessions || int(v.owner) >= len(r.owners.list) {
		return bad("visitor with %d sessions of owner %d", sessions, v.owner)
	}
	t := &r.visitors
	hash := t.hash(v.key)
	if _, ok := t.find(hash, v.key); ok {
		return bad("visitor %s twice", idOf(v.key))
	}
	if t.live == math.MaxUint32-1 {
		return bad("too many visitors")
	}
	slot := t.insert(hash, v.key)
	if sessions > 0 {
		v.flags |= inSession
		v.session = r.in.session()
	}
	tail := uint32(0)
	for range max(sessions, 1) - 1 {
		at := t.newOlder()
		o := t.olderEdit(at)
		*o = older{expires: r.in.uint32()}
		o.session = r.in.session()
		if tail == 0 {
			v.more = at + 1
		} else {
			t.olderEdit(tail - 1).next = at + 1
		}
		tail = at + 1
		v.extras++
	}
	*t.edit(slot) = v
	r.counts[countVisitors]++
	return nil
}

func (r *restorer) id() error {
	w := &r.State.ids
	lo, hi, stamp := r.in.uint64(), r.in.uint32(), r.in.uint16()
	if r.in.short {
		return nil
	}
	age, class := w.age(stamp), stamp>>stampBits
	if class == 0 || class >= classes || age > w.now || expired(stamp, w.now-age, w.now, w.floor) {
		return bad("id with stamp %x at minute %d", stamp, w.now)
	}
	if !w.restore(newIDKey(lo, uint64(hi)), stamp) {
		return bad("id twice")
	}
	r.counts[countIDs]++
	return nil
}

// cursor takes values off the front of bytes. After the first that is not there
// short is set and every value is zero.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if len(c.b) < n {
		c.b, c.short = nil, true
		return make([]byte, n)
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) uint8() uint8   { return c.take(1)[0] }
func (c *cursor) uint16() uint16 { return binary.LittleEndian.Uint16(c.take(2)) }
func (c *cursor) uint32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) uint64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

func (c *cursor) string() string {
	n, size := binary.Uvarint(c.b)
	if size <= 0 || n > uint64(len(c.b)-size) {
		c.b, c.short = nil, true
		return ""
	}
	c.b = c.b[size:]
	return string(c.take(int(n)))
}

func (c *cursor) session() session {
	return session{
		id: c.uint64(), opened: int64(c.uint64()),
		before: c.uint32(), after: c.uint32(), events: c.uint32(), views: c.uint32(),
	}
}
