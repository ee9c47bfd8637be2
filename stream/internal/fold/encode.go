package fold

import "encoding/binary"

// Each add method appends one entry to the block, or several small ones, and
// reports whether there may be more of its kind.

func (n *snapshot) addHead() bool {
	n.block = append(n.block, n.head...)
	return false
}

func (n *snapshot) addEnd() bool {
	n.block = appendUint64s(n.block, n.counts[:]...)
	return false
}

func (n *snapshot) addAccounts() bool {
	if n.at == len(n.accounts) {
		return false
	}
	n.counts[countAccounts]++
	a, c := &n.accounts[n.at], &n.changes[n.at]
	n.at++
	n.block = appendString(n.block, a.Tenant.String())
	n.block = appendUint64s(n.block, a.Stored, a.Duplicate, a.Quarantined, a.Dropped, uint64(a.Since), uint64(c.next), c.job)
	return true
}

func (n *snapshot) addOwners() bool {
	if n.at == len(n.owners) {
		return false
	}
	n.counts[countOwners]++
	o := &n.owners[n.at]
	n.at++
	n.block = appendUint32s(n.block, o.account)
	n.block = append(n.block, boolByte(o.dead))
	n.block = appendString(n.block, o.silo)
	return true
}

func (n *snapshot) addLedger() bool {
	if n.page == len(n.minutes) {
		return false
	}
	m := &n.minutes[n.page]
	if n.at < len(m.rows) {
		n.counts[countRows]++
		r := &m.rows[n.at]
		n.block = appendUint32s(n.block, m.minute, r.owner)
		n.block = appendUint64s(n.block, r.stored, r.duplicate, r.quarantined, uint64(r.last))
		n.at++
		return true
	}
	n.page++
	n.at = 0
	return true
}

func (n *snapshot) addErased() bool {
	if n.at == len(n.erased) {
		return false
	}
	n.counts[countErased]++
	e := &n.erased[n.at]
	n.at++
	n.block = appendUint64s(n.block, e.prefix, uint64(e.user.offset))
	n.block = appendUint32s(n.block, e.user.until)
	return true
}

// addVisitors adds the visitors of a page that are not forgotten.
func (n *snapshot) addVisitors() bool {
	w := &n.visitors
	if n.page == len(w.pages) {
		return false
	}
	for i := range w.pages[n.page] {
		v := &w.pages[n.page][i]
		if v.flags&inUse == 0 || v.expires < w.minute || n.owners[v.owner].dead {
			continue
		}
		n.counts[countVisitors]++
		n.block = appendUint64s(n.block, v.key[0], v.key[1], v.user, uint64(v.touched))
		n.block = appendUint32s(n.block, v.expires, v.owner)
		count := len(n.block)
		n.block = append(n.block, v.flags&inSession/inSession)
		if v.flags&inSession == 0 {
			continue
		}
		n.block = appendSession(n.block, &v.session)
		for at := v.more; at != 0; {
			o := &w.olders[(at-1)/oldersPerPage][(at-1)%oldersPerPage]
			n.block[count]++
			n.block = appendUint32s(n.block, o.expires)
			n.block = appendSession(n.block, &o.session)
			at = o.next
		}
	}
	w.pages[n.page] = nil // so that memory comes back as the reader goes on
	n.page++
	return true
}

// addIDs adds the ids of a segment that are within their window.
func (n *snapshot) addIDs() bool {
	w := &n.ids
	if n.page == len(w.segs) {
		return false
	}
	seg := &w.segs[n.page]
	end := min(n.at+blockSize/idSize, seg.places())
	for ; n.at < end; n.at++ {
		if seg.data[n.at] == 0 {
			continue
		}
		if k, stamp := seg.get(n.at); !expired(stamp, seg.minute(stamp), w.now, w.floor) {
			n.counts[countIDs]++
			n.block = binary.LittleEndian.AppendUint64(n.block, k.lo)
			n.block = binary.LittleEndian.AppendUint32(n.block, k.hi)
			n.block = binary.LittleEndian.AppendUint16(n.block, stamp)
		}
	}
	if n.at == seg.places() {
		seg.data = nil
		n.page++
		n.at = 0
	}
	return true
}

func appendSession(b []byte, n *session) []byte {
	b = appendUint64s(b, n.id, uint64(n.opened))
	return appendUint32s(b, n.before, n.after, n.events, n.views)
}

func appendUint64s(b []byte, values ...uint64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func appendUint32s(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func appendString(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func boolByte(on bool) byte {
	if on {
		return 1
	}
	return 0
}
