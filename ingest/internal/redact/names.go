package redact

import (
	"encoding/binary"
	"math/bits"
)

// names remembers what names mean: a sender's events have the same ones again
// and again, and to find out takes much longer than to look up.
type names struct {
	rules *Rules
	next  uint8
	known [64][4]knownName
}

type knownName struct {
	class  class
	length uint8
	name   [29]byte
}

func (k *knownName) is(name []byte) bool {
	return int(k.length) == len(name) && string(k.name[:len(name)]) == string(name)
}

// class is that of the rules.
func (n *names) class(rules *Rules, name []byte) class {
	if n.rules != rules {
		*n = names{rules: rules}
	}
	if len(name) == 0 || len(name) > len(knownName{}.name) {
		return rules.class(name)
	}
	set := &n.known[slot(name)]
	for i := range set {
		if k := &set[i]; k.is(name) {
			return k.class
		}
	}
	n.next++
	k := &set[n.next&3]
	k.length, k.class = uint8(len(name)), rules.class(name)
	copy(k.name[:], name)
	return k.class
}

// slot mixes the length and the first and last bytes. A sender who makes names
// collide makes its own events slower, and not by much.
func slot(name []byte) uint8 {
	n := len(name)
	mixed := uint64(n)
	switch {
	case n >= 8:
		mixed += binary.LittleEndian.Uint64(name) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(name[n-8:]), 21)
	case n >= 4:
		mixed += uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:]))<<32
	default:
		mixed += uint64(name[0])<<8 | uint64(name[n/2])<<16 | uint64(name[n-1])<<24
	}
	return uint8(mixed * 0x9e3779b97f4a7c15 >> 58)
}
