package fold

import "unsafe"

// Sizes of what is counted below; a page fills its allocation class.
const (
	pageBytes   = 8192
	pointer     = int(unsafe.Sizeof(uintptr(0)))
	indexHeader = int(unsafe.Sizeof(index{}))
	idHeader    = int(unsafe.Sizeof(idSegment{}))
)

// Bytes returns how much memory the visitors and the message ids take. With one
// session each, a visitor takes at most 96 bytes and an id at most 25, once
// there are enough of them that what every state needs does not count.
func (s *State) Bytes() (visitors, ids int) {
	t := &s.visitors
	visitors = indexHeader + pageBytes*(len(t.pages)+len(t.olderPages)) +
		pointer*(cap(t.pages)+cap(t.olderPages)) + 4*(cap(t.epochs)+cap(t.olderEpochs))
	for i := range t.index.segs {
		visitors += 8 * cap(t.index.segs[i])
	}
	ids = idHeader*cap(s.ids.segs) + cap(s.ids.spare)
	for i := range s.ids.segs {
		ids += cap(s.ids.segs[i].data)
	}
	return visitors, ids
}
