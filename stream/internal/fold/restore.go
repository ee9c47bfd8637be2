package fold

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrSnapshot says that bytes are no snapshot of this fold version and
// partition, or were changed.
var ErrSnapshot = errors.New("fold: unusable snapshot")

// Restore reads what [State.Snapshot] gave. The error wraps [ErrSnapshot] or is
// the reader's.
func Restore(epoch, partition uint16, l Limits, r io.Reader) (*State, error) {
	s := New(epoch, partition, l)
	in := restorer{State: s, r: bufio.NewReaderSize(r, blockSize)}
	if err := in.run(); err != nil {
		return nil, fmt.Errorf("restore state: %w", err)
	}
	return s, nil
}

// restorer reads the blocks of a snapshot into a state.
type restorer struct {
	*State
	r      *bufio.Reader
	block  []byte
	in     cursor
	counts counts
}

func (r *restorer) run() error {
	var start [len(magic)]byte
	if err := r.read(start[:]); err != nil {
		return err
	}
	if string(start[:]) != magic {
		return bad("it does not start with %q", magic)
	}
	for first := true; ; first = false {
		kind, err := r.next()
		if err != nil {
			return err
		}
		if (kind == blockHead) != first {
			return bad("block %q out of place", kind)
		}
		if size, fixed := sizes[kind]; fixed && len(r.in.b) != size {
			return bad("block %q of %d bytes", kind, len(r.in.b))
		}
		for len(r.in.b) > 0 {
			if err := r.entry(kind); err != nil {
				return err
			}
		}
		if r.in.short {
			return bad("block %q ends within an entry", kind)
		}
		if kind == blockEnd {
			if _, err := r.r.ReadByte(); !errors.Is(err, io.EOF) {
				return bad("bytes after the end")
			}
			return nil
		}
	}
}

// sizes are those of the blocks that are one entry.
var sizes = map[byte]int{blockHead: 38, blockEnd: 8 * len(counts{})}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrSnapshot}, args...)...)
}

// read fills b; a snapshot that ends early is no I/O error.
func (r *restorer) read(b []byte) error {
	_, err := io.ReadFull(r.r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return bad("it ends early")
	}
	return err
}

// next reads a block and checks its sum.
func (r *restorer) next() (kind byte, err error) {
	var head [5]byte
	if err := r.read(head[:]); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > maxBlock {
		return 0, bad("block of %d bytes", n)
	}
	if cap(r.block) < int(n)+4 {
		r.block = make([]byte, n+4)
	}
	r.block = r.block[:n+4]
	if err := r.read(r.block); err != nil {
		return 0, err
	}
	sum := crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, r.block[:n])
	if sum != binary.LittleEndian.Uint32(r.block[n:]) {
		return 0, bad("checksum of block %q", head[0])
	}
	r.in = cursor{b: r.block[:n]}
	return head[0], nil
}

// entry reads one entry of a block.
func (r *restorer) entry(kind byte) error {
	switch kind {
	case blockHead:
		return r.head()
	case blockAccounts:
		return r.account()
	case blockOwners:
		return r.owner()
	case blockLedger:
		return r.row()
	case blockErased:
		p := r.in.uint64()
		e := erasedUser{offset: int64(r.in.uint64()), until: r.in.uint32()}
		r.erased[p] = e
		r.lastErased = max(r.lastErased, e.offset)
		r.counts[countErased]++
	case blockVisitors:
		return r.visitor()
	case blockIDs:
		return r.id()
	case blockWitness:
		return r.witnessed()
	case blockEnd:
		var want counts
		for i := range want {
			want[i] = r.in.uint64()
		}
		if r.counts != want {
			return bad("its entries are %v, expected %v", r.counts, want)
		}
	default:
		return bad("block of kind %q", kind)
	}
	return nil
}
