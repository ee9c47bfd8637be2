package local

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall-go/footfall/stream"
)

// snapshots are the snapshots of the log. A snapshot is a table of its own,
// written beside the database and taken into it in one step: its bytes pass
// neither the write-ahead log nor a compaction.
type snapshots Log

// snapshot is one that the database holds; Log.snapshots has them by fold and
// offset.
type snapshot struct {
	fold   uint16
	offset int64
	size   int64
}

const (
	chunkBytes    = 256 << 10
	keptSnapshots = 3
	// spaceCheckChunks is how often writing looks at the free space: a
	// snapshot must not use up what the log needs.
	spaceCheckChunks = 64
)

// Load implements [stream.Snapshots].
func (s *snapshots) Load(ctx context.Context, fold uint16, limit int64) (int64, io.ReadCloser, error) {
	l := (*Log)(s)
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if held, ok := before(l.snapshots, fold, limit); ok {
		return held.offset, &snapshotReader{ctx: ctx, log: l, of: held}, nil
	}
	return 0, nil, nil
}

// Save implements [stream.Snapshots].
func (s *snapshots) Save(ctx context.Context, fold uint16, offset int64, data io.Reader) error {
	l := (*Log)(s)
	if err := l.refusing(true); err != nil {
		return err
	}
	e, err := l.use()
	if err != nil {
		return err
	}
	defer e.users.Done()
	path, size, err := l.writeSnapshot(ctx, e.tables, fold, offset, data)
	if err != nil {
		return fmt.Errorf("save snapshot at %d: %w", offset, err)
	}
	err = e.run(ctx, func() error {
		span := pebble.KeyRange{Start: snapshotKey(fold, offset, 0), End: snapshotKey(fold, offset+1, 0)}
		_, err := e.db.IngestAndExcise(context.WithoutCancel(ctx), []string{path}, nil, nil, span)
		return err
	})
	if err != nil {
		_ = os.Remove(path) // else the next Open does
		return fmt.Errorf("save snapshot at %d: %w", offset, err)
	}
	return l.dropSnapshots(ctx, e, l.noteSnapshot(snapshot{fold, offset, size}))
}

// noteSnapshot adds a snapshot to the list and takes out those that it makes
// superfluous.
func (l *Log) noteSnapshot(added snapshot) (dropped []snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := slices.DeleteFunc(slices.Clone(l.snapshots), func(o snapshot) bool {
		return o.fold == added.fold && o.offset == added.offset
	})
	held = append(held, added)
	slices.SortFunc(held, func(a, b snapshot) int {
		return cmp.Or(cmp.Compare(a.fold, b.fold), cmp.Compare(a.offset, b.offset))
	})
	needed := newest(held, added.fold)
	for _, cursor := range l.places.cursors {
		if o, ok := before(held, added.fold, cursor); ok {
			needed = append(needed, o)
		}
	}
	l.snapshots = slices.DeleteFunc(held, func(o snapshot) bool {
		if o.fold != added.fold || slices.Contains(needed, o) {
			return false
		}
		dropped = append(dropped, o)
		return true
	})
	return dropped
}

// newest returns the last snapshots of a fold that are kept for the processor.
func newest(held []snapshot, fold uint16) []snapshot {
	var of []snapshot
	for _, o := range held {
		if o.fold == fold {
			of = append(of, o)
		}
	}
	return of[max(len(of)-keptSnapshots, 0):]
}

// before returns the last snapshot of a fold at or before an offset.
func before(held []snapshot, fold uint16, limit int64) (snapshot, bool) {
	for _, o := range slices.Backward(held) {
		if o.fold == fold && o.offset <= limit {
			return o, true
		}
	}
	return snapshot{}, false
}

// dropSnapshots removes snapshots that are no longer in the list.
func (l *Log) dropSnapshots(ctx context.Context, e *engine, dropped []snapshot) error {
	for _, o := range dropped {
		err := e.run(ctx, func() error {
			return e.db.Excise(context.WithoutCancel(ctx), pebble.KeyRange{
				Start: snapshotKey(o.fold, o.offset, 0), End: snapshotKey(o.fold, o.offset+1, 0),
			})
		})
		if err != nil {
			return fmt.Errorf("drop snapshot at %d: %w", o.offset, err)
		}
	}
	return nil
}

// writeSnapshot writes the table of a snapshot and syncs it.
func (l *Log) writeSnapshot(
	ctx context.Context, tables sstable.WriterOptions, fold uint16, offset int64, data io.Reader,
) (path string, size int64, err error) {
	dir := filepath.Join(l.cfg.Dir, partialDir)
	if err := l.cfg.disk.MkdirAll(dir, 0o700); err != nil {
		return "", 0, diskError(err)
	}
	path = filepath.Join(dir, fmt.Sprintf("%d-%d-%d.sst", fold, offset, l.saves.Add(1)))
	file, err := l.cfg.disk.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return "", 0, diskError(err)
	}
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(file), tables)
	size, err = l.copyChunks(ctx, w, fold, offset, data)
	if closed := w.Close(); err == nil && closed != nil {
		err = diskError(closed)
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return path, size, err
}

func (l *Log) copyChunks(ctx context.Context, w *sstable.Writer, fold uint16, offset int64, data io.Reader) (int64, error) {
	var size int64
	chunk := make([]byte, chunkBytes)
	for number := uint32(0); ; number++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if number%spaceCheckChunks == 0 {
			if err := l.lowSpace(); err != nil {
				return 0, diskError(err)
			}
		}
		n, err := io.ReadFull(data, chunk)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return 0, err
		}
		if err := w.Set(snapshotKey(fold, offset, number), chunk[:n]); err != nil {
			return 0, diskError(err)
		}
		size += int64(n)
		if last {
			total := binary.BigEndian.AppendUint64(nil, uint64(size))
			if err := w.Set(snapshotKey(fold, offset, lastChunk), total); err != nil {
				return 0, diskError(err)
			}
			return size, nil
		}
	}
}

func diskError(err error) error { return fmt.Errorf("%w: %w", stream.ErrUnavailable, err) }

// listSnapshots finds the snapshots in the database by the key that ends each.
func listSnapshots(db *pebble.DB) ([]snapshot, error) {
	it, err := db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{familySnapshot}, UpperBound: []byte{familySnapshot + 1},
	})
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var held []snapshot
	for ok := it.First(); ok; ok = it.Next() {
		fold, offset, chunk, ok := parseSnapshotKey(it.Key())
		if !ok {
			return nil, closing(it, fmt.Errorf("%w: key %x", errCorrupt, it.Key()))
		}
		if chunk != lastChunk {
			if !it.SeekGE(snapshotKey(fold, offset, lastChunk)) {
				break
			}
			fold, offset, chunk, _ = parseSnapshotKey(it.Key())
		}
		if chunk == lastChunk && len(it.Value()) == 8 {
			held = append(held, snapshot{fold, offset, int64(binary.BigEndian.Uint64(it.Value()))})
		}
	}
	return held, closing(it, nil)
}

// snapshotReader reads a snapshot chunk by chunk, holding on to nothing in the
// database: a snapshot that is dropped meanwhile fails the read.
type snapshotReader struct {
	ctx    context.Context // of the Load that made it
	log    *Log
	of     snapshot
	number uint32
	read   int64
	rest   []byte
	buf    []byte
}

func (r *snapshotReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.read == r.of.size {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, fmt.Errorf("load snapshot at %d: %w", r.of.offset, err)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *snapshotReader) next() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	e, err := r.log.use()
	if err != nil {
		return err
	}
	defer e.users.Done()
	value, closer, err := e.db.Get(snapshotKey(r.of.fold, r.of.offset, r.number))
	if errors.Is(err, pebble.ErrNotFound) {
		return fmt.Errorf("chunk %d is gone: %w", r.number, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return err
	}
	r.buf = append(r.buf[:0], value...)
	r.rest = r.buf
	r.read += int64(len(value))
	r.number++
	return closer.Close()
}

func (r *snapshotReader) Close() error {
	r.read, r.rest, r.buf = r.of.size, nil, nil
	return nil
}
