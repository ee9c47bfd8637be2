package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"

	"github.com/footfall-go/footfall/internal/schema"
)

// ReadSnapshot returns a snapshot, which the caller closes. It comes as it is
// read, a piece at a time, and ends with an error if it is not what was written.
// It fails with [ErrNoSnapshot] if there is none, or none that is whole.
func (s *Store) ReadSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64) (io.ReadCloser, error) {
	data, err := s.readSnapshot(ctx, epoch, partition, fold, offset)
	if err != nil {
		return nil, fmt.Errorf("read a snapshot: %w", err)
	}
	return data, nil
}

func (s *Store) readSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64) (io.ReadCloser, error) {
	of := fmt.Sprintf("%s AND _o = %d", snapshotKey(epoch, partition, fold), uint64(offset))
	c := s.shard(partition)
	result, err := c.read(ctx, "SELECT writer, max(chunks) FROM "+schema.Snapshots+" WHERE "+of+" GROUP BY writer HAVING "+whole+
		" ORDER BY writer LIMIT 1 FORMAT RowBinary", schema.Snapshots)
	if err != nil {
		return nil, err
	}
	if len(result) == 0 {
		return nil, fmt.Errorf("%w: of epoch %d, partition %d, fold %d at offset %d", ErrNoSnapshot, epoch, partition, fold, offset)
	}
	r := rowBinary{rest: result}
	writer, chunks := r.u64(), r.u32()
	if r.bad {
		return nil, errTorn
	}
	settings, err := c.known(ctx, maps.Clone(streamSettings))
	if err != nil {
		return nil, err
	}
	body, err := c.stream(ctx, fmt.Sprintf("SELECT chunk, data FROM %s WHERE %s AND writer = %d ORDER BY chunk LIMIT 1 BY chunk FORMAT RowBinary",
		schema.Snapshots, of, writer), settings)
	if err != nil {
		return nil, err
	}
	return &snapshotReader{body: body, buffered: bufio.NewReaderSize(body, 64<<10), chunks: chunks - 1, sum: sha256.New()}, nil
}

// snapshotReader unpacks rows of (chunk, data), the last of which is the seal.
type snapshotReader struct {
	body     io.ReadCloser
	buffered *bufio.Reader
	next     uint32 // chunk
	chunks   uint32 // before the seal
	left     uint64 // of the chunk that is being read
	size     uint64 // of the data so far
	sum      hash.Hash
	failure  error
}

// errSpoiled says that what was read is not what was written.
var errSpoiled = errors.New("read a snapshot: it is not what was written")

// Read implements [io.Reader].
func (r *snapshotReader) Read(p []byte) (n int, err error) {
	if r.failure == nil && len(p) > 0 {
		n, r.failure = r.read(p)
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.failure
}

func (r *snapshotReader) read(p []byte) (int, error) {
	if r.left == 0 {
		chunk, length, err := r.head()
		switch {
		case err != nil:
			return 0, torn(err)
		case chunk != r.next || length == 0 || length > chunkBytes:
			return 0, errSpoiled
		case chunk == r.chunks:
			return 0, r.unseal(length)
		}
		r.left, r.next = length, r.next+1
	}
	n, err := r.buffered.Read(p[:min(uint64(len(p)), r.left)])
	_, _ = r.sum.Write(p[:n]) // a hash takes everything
	r.left -= uint64(n)
	r.size += uint64(n)
	return n, torn(err)
}

func (r *snapshotReader) head() (chunk uint32, length uint64, err error) {
	var number [4]byte
	if _, err = io.ReadFull(r.buffered, number[:]); err != nil {
		return 0, 0, err
	}
	length, err = binary.ReadUvarint(r.buffered)
	return binary.LittleEndian.Uint32(number[:]), length, err
}

// unseal compares what was read with what the writer says he wrote, and returns
// [io.EOF] if that is the same.
func (r *snapshotReader) unseal(length uint64) error {
	if length != sealBytes {
		return errSpoiled
	}
	var found [sealBytes]byte
	if _, err := io.ReadFull(r.buffered, found[:]); err != nil {
		return torn(err)
	}
	if !bytes.Equal(found[:], seal(r.size, r.sum)) {
		return errSpoiled
	}
	return io.EOF
}

// torn keeps an answer that ends early from looking like the end of the data.
func torn(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read a snapshot: %w", err)
}

// Close implements [io.Closer].
func (r *snapshotReader) Close() error {
	if r.failure == nil {
		r.failure = errClosed
	}
	return r.body.Close()
}

var errClosed = errors.New("read a snapshot: it is closed")
