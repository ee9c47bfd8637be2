package fold

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
)

func read(tb testing.TB, s *State) []byte {
	tb.Helper()
	in := s.Snapshot()
	data, err := io.ReadAll(in)
	require.NoError(tb, err)
	require.NoError(tb, in.Close())
	require.NoError(tb, in.Close())
	return data
}

// TestSnapshotIsOfTheCall reads snapshots while the fold goes on as fast as it
// can, twice at a time, and compares what is restored with a fold that stopped
// there. Run it with -race.
func TestSnapshotIsOfTheCall(t *testing.T) {
	t.Parallel()
	const visitors = 3000
	s, f := newFeed(1)
	quiet, g := newFeed(1)
	f.late, g.late = 5*3_600_000, 5*3_600_000 // old sessions go on, too
	apply := func(s *State, f *feed, n int) {
		for range n {
			f.out.Events = nil
			// Two records a minute, and ids that leave their window.
			f.step = footfall.Millis(f.offset%2) * 180_000
			require.NoError(t, s.Apply(f.next(visitors), &f.out))
			if f.rand.IntN(10) == 0 {
				var u footfall.Upserts
				s.Flush(&u)
			}
		}
	}
	type result struct {
		data []byte
		err  error
	}
	for range 4 {
		var u footfall.Upserts
		s.Flush(&u)
		quiet.Flush(&u)
		// One is read meanwhile, the other not before all pages have changed.
		results, late := make(chan result, 2), make(chan struct{})
		for i := range 2 {
			in := s.Snapshot()
			go func() {
				if i == 1 {
					<-late
				}
				data, err := io.ReadAll(iotest.HalfReader(in))
				results <- result{data, errors.Join(err, in.Close())}
			}()
		}
		apply(s, f, 60)
		close(late)
		for range 2 {
			r := <-results
			require.NoError(t, r.err)
			got, err := Restore(0, 0, Limits{}, bytes.NewReader(r.data))
			require.NoError(t, err)
			require.Equal(t, dump(quiet), dump(got))
		}
		require.Zero(t, s.sharing.Load())
		apply(quiet, g, 60)
		require.Equal(t, dump(quiet), dump(s))
	}
}

// dump returns what a state says, whatever lies where.
func dump(s *State) any {
	type person struct {
		visitor
		Olders []older
	}
	people := map[footfall.ID]person{}
	for slot := range s.visitors.top {
		v := *s.visitors.at(slot)
		if v.flags&inUse == 0 || s.forgotten(&v, minuteOf(int64(s.clock))) {
			continue
		}
		p := person{visitor: v}
		for at := v.more; at != 0; at = s.visitors.olderAt(at - 1).next {
			o := *s.visitors.olderAt(at - 1)
			o.next = 0
			p.Olders = append(p.Olders, o)
		}
		p.more = 0
		p.flags &^= isDirty
		people[idOf(v.key)] = p
	}
	ids := map[idKey]uint16{}
	for i := range s.ids.segs {
		seg := &s.ids.segs[i]
		for j := range seg.places() {
			if seg.data[j] != 0 && s.ids.stays(seg, j) {
				k, stamp := seg.get(j)
				ids[k] = stamp
			}
		}
	}
	var rows []ledgerRow
	for _, m := range s.ledger.minutes {
		for _, r := range m.rows {
			r.dirty = false
			rows = append(rows, r)
		}
	}
	return []any{
		people, ids, rows, s.Totals(), s.owners.list, s.erased, s.lastErased, s.next, s.clock,
		s.ids.now, s.ids.floor, s.ids.early, s.ids.live, len(ids),
	}
}

func generated(tb testing.TB, records int) *State {
	tb.Helper()
	s := New(0, 0, Limits{})
	for _, rec := range foldtest.Generate(3, records) {
		require.NoError(tb, s.Apply(&rec, &footfall.Batch{}))
	}
	var u footfall.Upserts
	s.Flush(&u)
	return s
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	data := read(t, generated(t, 120))
	s, err := Restore(0, 0, Limits{}, iotest.OneByteReader(bytes.NewReader(data)))
	require.NoError(t, err)
	require.Equal(t, dump(generated(t, 120)), dump(s))

	refused := func(data []byte, epoch, partition uint16) {
		_, err := Restore(epoch, partition, Limits{}, bytes.NewReader(data))
		require.ErrorIs(t, err, ErrSnapshot)
	}
	refused(data, 1, 0)
	refused(data, 0, 1)
	refused(append(slices.Clone(data), 0), 0, 0)
	other := slices.Clone(data)
	other[len(magic)+5]++ // the version
	reseal(other)
	refused(other, 0, 0)
	for i := 0; i < len(data); i += 1 + len(data)/200 {
		refused(data[:i], 0, 0)
		other = slices.Clone(data)
		other[i] ^= 0x10
		refused(other, 0, 0)
	}
	// A whole block may go missing, or come twice.
	blocks := split(data)
	require.Greater(t, len(blocks), 6)
	for i := range blocks {
		if len(blocks[i]) > 9 { // not an empty list
			refused(slices.Concat([]byte(magic), slices.Concat(blocks[:i]...), slices.Concat(blocks[i+1:]...)), 0, 0)
			refused(slices.Concat([]byte(magic), slices.Concat(blocks[:i+1]...), slices.Concat(blocks[i:]...)), 0, 0)
		}
	}

	broken := errors.New("broken")
	_, err = Restore(0, 0, Limits{}, io.MultiReader(bytes.NewReader(data[:100]), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, ErrSnapshot)
}

// split returns the blocks after the magic, as far as they are whole.
func split(data []byte) (blocks [][]byte) {
	for at := len(magic); at+9 <= len(data); {
		n := int(binary.LittleEndian.Uint32(data[at+1:]))
		if n > len(data)-at-9 {
			break
		}
		blocks = append(blocks, data[at:at+n+9])
		at += n + 9
	}
	return blocks
}

// reseal makes the checksums right again.
func reseal(data []byte) {
	if len(data) < len(magic) {
		return
	}
	for _, b := range split(data) {
		n := len(b) - 4
		binary.LittleEndian.PutUint32(b[n:], crc32.Checksum(b[:n], castagnoli))
	}
}

// FuzzRestore shows that no bytes, checksums right or wrong, make Restore panic,
// and that a state it accepts can go on.
func FuzzRestore(f *testing.F) {
	data := read(f, generated(f, 25))
	f.Add(data, false)
	f.Add(data, true)
	f.Add(read(f, New(0, 0, Limits{})), true)
	records := foldtest.Generate(4, 30)
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if sealed {
			data = slices.Clone(data)
			reseal(data)
		}
		s, err := Restore(0, 0, Limits{MaxIDs: 1 << 12}, bytes.NewReader(data))
		if err != nil {
			require.ErrorIs(t, err, ErrSnapshot)
			return
		}
		for _, rec := range records {
			rec.Offset += max(s.Next(), 0)
			if rec.Offset >= 0 && s.Next() >= 0 {
				_ = s.Apply(&rec, &footfall.Batch{})
			}
		}
		var u footfall.Upserts
		s.Flush(&u)
		_, err = Restore(0, 0, Limits{MaxIDs: 1 << 12}, bytes.NewReader(read(t, s)))
		require.NoError(t, err)
	})
}
