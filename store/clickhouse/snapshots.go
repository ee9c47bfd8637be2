package clickhouse

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// What a snapshot is cut into: rows of chunkBytes, of which one INSERT has
// chunksAtOnce. So a snapshot of any size takes a few megabytes of memory here
// and there, and a part of a few rows is not synced for each.
const (
	chunkBytes   = 1 << 20
	chunksAtOnce = 8
)

// ErrNoSnapshot says that a snapshot is not in the store, or not whole.
var ErrNoSnapshot = errors.New("clickhouse: there is no such snapshot")

// snapshotKey says which snapshots of a partition are meant.
func snapshotKey(epoch, partition, fold uint16) string {
	return fmt.Sprintf("_epoch = %d AND _p = %d AND fold = %d", epoch, partition, fold)
}

// whole is the condition that all rows of an attempt are there. Rows that were
// written twice count once.
const whole = "max(chunks) > 0 AND uniqExact(chunk) = max(chunks)"

// Snapshots returns the offsets of the whole snapshots of a partition's fold,
// in ascending order.
func (s *Store) Snapshots(ctx context.Context, epoch, partition, fold uint16) ([]int64, error) {
	result, err := s.shard(partition).read(ctx, "SELECT DISTINCT _o FROM (SELECT _o FROM "+schema.Snapshots+" WHERE "+snapshotKey(epoch, partition, fold)+
		" GROUP BY _o, writer HAVING "+whole+") ORDER BY _o FORMAT RowBinary", schema.Snapshots)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var offsets []int64
	r := rowBinary{rest: result}
	for r.more() {
		offsets = append(offsets, int64(r.u64()))
	}
	if r.bad {
		return nil, fmt.Errorf("list snapshots: %w", errTorn)
	}
	return offsets, nil
}

// WriteSnapshot keeps a snapshot, whole or not at all: it is seen once its last
// row is there. Several may write the same one at a time, and each writes its
// own: what is in it is the same, and not always byte by byte.
func (s *Store) WriteSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64, data io.Reader) error {
	w := &snapshotWriter{
		client: s.shard(partition), key: [...]uint16{epoch, partition, fold}, offset: offset, writer: rand.Uint64(),
		block: newBlock(schema.Snapshots, plain("_epoch", "UInt16"), plain("_p", "UInt16"), plain("fold", "UInt16"), plain("_o", "UInt64"),
			plain("writer", "UInt64"), plain("chunk", "UInt32"), plain("chunks", "UInt32"), plain("data", "String")),
	}
	if err := w.write(ctx, data); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return nil
}

type snapshotWriter struct {
	client *client
	key    [3]uint16
	offset int64
	writer uint64
	block  *block
	chunks uint32
}

func (w *snapshotWriter) write(ctx context.Context, data io.Reader) error {
	sum, size, chunk := sha256.New(), uint64(0), make([]byte, chunkBytes)
	for {
		n, err := io.ReadFull(data, chunk)
		if n > 0 {
			_, _ = sum.Write(chunk[:n]) // a hash takes everything
			size += uint64(n)
			w.add(chunk[:n], 0)
		}
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return fmt.Errorf("read it: %w", err)
		}
		if end || w.block.rows == chunksAtOnce {
			if err := w.send(ctx); err != nil {
				return err
			}
		}
		if end {
			break
		}
	}
	w.add(seal(size, sum), w.chunks+1)
	return w.send(ctx)
}

// sealBytes is the size of a snapshot's last row.
const sealBytes = 8 + sha256.Size

// seal says what was written: a reader compares.
func seal(size uint64, sum hash.Hash) []byte {
	return sum.Sum(binary.LittleEndian.AppendUint64(nil, size))
}

func (w *snapshotWriter) add(data []byte, chunks uint32) {
	c := w.block.columns
	for i, v := range w.key {
		c[i].u16(v)
	}
	c[3].u64(uint64(w.offset))
	c[4].u64(w.writer)
	c[5].u32(w.chunks)
	c[6].u32(chunks)
	c[7].data = binary.AppendUvarint(c[7].data, uint64(len(data)))
	c[7].data = append(c[7].data, data...)
	w.block.rows++
	w.chunks++
}

func (w *snapshotWriter) send(ctx context.Context) error {
	if w.block.rows == 0 {
		return nil
	}
	settings, err := w.client.known(ctx, w.client.durable(upsertSettings()))
	if err != nil {
		return err
	}
	free, err := w.client.insert(ctx, w.block, settings)
	if err != nil {
		return err
	}
	if !free {
		w.block = newBlock(w.block.table, w.block.columns...)
	}
	w.block.reset()
	return nil
}

// DropSnapshots removes snapshots, and what is left of those that were begun and
// not finished before the last of them. It may be repeated.
func (s *Store) DropSnapshots(ctx context.Context, epoch, partition, fold uint16, offsets []int64) error {
	if len(offsets) == 0 {
		return nil
	}
	if err := s.dropSnapshots(ctx, epoch, partition, fold, offsets); err != nil {
		return fmt.Errorf("drop snapshots: %w", err)
	}
	return nil
}

func (s *Store) dropSnapshots(ctx context.Context, epoch, partition, fold uint16, offsets []int64) error {
	list := make([]string, len(offsets))
	for i, offset := range offsets {
		list[i] = strconv.FormatUint(uint64(offset), 10)
	}
	c := s.shard(partition)
	result, err := c.read(ctx, "SELECT _o FROM (SELECT _o, writer, "+whole+" AS is_whole FROM "+schema.Snapshots+" WHERE "+snapshotKey(epoch, partition, fold)+
		" GROUP BY _o, writer) GROUP BY _o HAVING _o IN ("+strings.Join(list, ", ")+") OR max(is_whole) = 0 AND _o < "+
		strconv.FormatUint(uint64(slices.Max(offsets)), 10)+" FORMAT RowBinary", schema.Snapshots)
	if err != nil {
		return err
	}
	var drops []string
	r := rowBinary{rest: result}
	for r.more() {
		drops = append(drops, fmt.Sprintf("DROP PARTITION (%d, %d, %d, %d)", epoch, partition, fold, r.u64()))
	}
	if r.bad {
		return errTorn
	}
	if len(drops) == 0 {
		return nil
	}
	return c.exec(ctx, "ALTER TABLE "+schema.Snapshots+" "+strings.Join(drops, ", "), updateSettings)
}
