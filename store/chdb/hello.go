package chdb

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// helloQuery is what clickhouse-go asks when it opens an HTTP connection.
const helloQuery = "SELECT displayName(), version(), revision(), timezone()"

// customSerialization is the protocol version from which on each column of a
// block says whether it is serialized in an unusual way.
const customSerialization = 54454

// hello answers helloQuery for a client of the given protocol version, by
// hand: the driver decodes this one answer at the version it asked with, and
// every later one at the revision it is told here. The engine writes blocks
// in the oldest way, so it is told revision 0.
func (i identity) hello(protocol string) []byte {
	version, err := strconv.Atoi(protocol)
	if err != nil {
		version = 0
	}
	var block []byte
	if version > 0 {
		// The block's info: field 1, is_overflows; field 2, bucket_num; end.
		block = append(block, 1, 0, 2)
		block = binary.LittleEndian.AppendUint32(block, 0xFFFFFFFF)
		block = append(block, 0)
	}
	block = append(block, 4, 1) // Columns and rows.
	column := func(name, kind string) {
		block = appendText(appendText(block, name), kind)
		if version >= customSerialization {
			block = append(block, 0)
		}
	}
	column("displayName()", "String")
	block = appendText(block, i.name)
	column("version()", "String")
	block = appendText(block, i.version)
	column("revision()", "UInt32")
	block = binary.LittleEndian.AppendUint32(block, 0)
	column("timezone()", "String")
	return appendText(block, i.zone)
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// isHello reports whether a driver asks who is there.
func (q *request) isHello() bool {
	return q.protocol != "" && q.format == "Native" && strings.TrimSpace(q.sql) == helloQuery
}
