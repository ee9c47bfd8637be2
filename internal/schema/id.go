package schema

import (
	"encoding/binary"
	"math/bits"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// VisitorID returns the ID of an anonymousId.
func VisitorID(t tenant.ID, anonymousID string) footfall.ID {
	return hashID(t.String(), 'v', anonymousID)
}

// UserID returns the ID of a userId.
func UserID(t tenant.ID, userID string) footfall.ID {
	return hashID(t.String(), 'u', userID)
}

// GroupID returns the ID of a group of some type, which is a text without zero
// bytes.
func GroupID(t tenant.ID, groupType, groupID string) footfall.ID {
	return hashID(t.String(), 'g', groupType+"\x00"+groupID)
}

// GroupIDExpr returns the SQL expression that computes the same as [GroupID]
// from SQL expressions.
func GroupIDExpr(tenantExpr, typeExpr, textExpr string) string {
	return IDExpr(tenantExpr, 'g', typeExpr+",'\\0',"+textExpr)
}

// IDExpr returns the SQL expression that computes the same UInt128 as
// [VisitorID] (kind 'v') and [UserID] (kind 'u') from SQL expressions for the
// tenant and the text.
func IDExpr(tenantExpr string, kind byte, textExpr string) string {
	return "reinterpretAsUInt128(sipHash128Reference(concat(" + tenantExpr + ",'\\0" + string(kind) + "\\0'," + textExpr + ")))"
}

// hashID is SipHash-2-4 with 128 bits of output and a zero key over the bytes
// tenant, 0, kind, 0, text: what ClickHouse calls sipHash128Reference. The
// tenant's alphabet has no zero byte, so no two triples have equal bytes.
func hashID(tenantID string, kind byte, text string) footfall.ID {
	var buf [192]byte
	b := append(buf[:0], tenantID...)
	b = append(b, 0, kind, 0)
	b = append(b, text...)
	lo, hi := sip128(b)
	var id footfall.ID
	binary.LittleEndian.PutUint64(id[:8], lo)
	binary.LittleEndian.PutUint64(id[8:], hi)
	return id
}

// Hash64 mixes an ID and a text to 64 bits, never zero: the number of a session is
// the Hash64 of its visitor and the message id of the event that opened it, whose
// tag, if it has one, takes the lower half.
func Hash64(id footfall.ID, text string) uint64 {
	lo, hi := Hash128(id, text)
	if h := lo ^ hi; h != 0 {
		return h
	}
	return 1
}

// Hash128 mixes an ID and a text to 128 bits.
func Hash128(id footfall.ID, text string) (lo, hi uint64) {
	var buf [160]byte
	b := append(buf[:0], id[:]...)
	b = append(b, text...)
	return sip128(b)
}

// sip128 is SipHash-2-4-128 with a zero key (Aumasson and Bernstein, 2012;
// reference implementation of 2013 for the 128-bit variant).
func sip128(b []byte) (lo, hi uint64) {
	v0, v1 := uint64(0x736f6d6570736575), uint64(0x646f72616e646f6d)^0xee
	v2, v3 := uint64(0x6c7967656e657261), uint64(0x7465646279746573)
	last := uint64(len(b)) << 56
	for ; len(b) >= 8; b = b[8:] {
		m := binary.LittleEndian.Uint64(b)
		v3 ^= m
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= m
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xee
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	lo = v0 ^ v1 ^ v2 ^ v3
	v1 ^= 0xdd
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return lo, v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (a, b, c, d uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
