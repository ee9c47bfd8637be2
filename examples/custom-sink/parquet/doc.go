// Package parquet keeps events as Parquet files in a folder: a
// [footfall.Sink] for a durable tap that any engine can read.
//
//	0-3-000000000120.00000-000000000135.00004.parquet
//
// holds the events of partition 3 of epoch 0 from index 0 of record 120 to
// index 4 of record 135. A file is written under another name, synced, and only
// then given this one; it never changes afterwards, and Write returns when the
// folder is synced as well. So *.parquet is whole at any time.
//
// A tap gives events at least once: after a crash, those of the last Write come
// again and may be cut elsewhere. Positions ascend, so every file of the
// partition that reaches to the first of them or beyond is what the crash left
// of this very Write: it is removed before the new file appears. A reader
// therefore sees each event once; for a moment after a crash, the last batch
// not at all.
//
// Who is erased after that is in a file of the folder erasures, see [ErasedRow]:
// what readers are to leave out, and what a job that rewrites files drops.
//
// How large files become is the tap's choice: stream.Tap's MaxRows, MaxBytes
// and MaxAge. A sink that gathered more by itself would have to say that it has
// events before it has them.
package parquet
