package parquet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/footfall-go/footfall"
)

// erasures is the folder of those, beside the events: their columns differ.
const erasures = "erasures"

// ErasedRow is one id that somebody who was erased had. It concerns the events
// of the partition that stand before the position and whose user it is, or whose
// visitor it is and that have no user.
type ErasedRow struct {
	Epoch     int32  `parquet:"epoch"`
	Partition int32  `parquet:"partition"`
	Offset    int64  `parquet:"offset"`
	Index     int32  `parquet:"index"`
	Tenant    string `parquet:"tenant,dict"`
	Name      string `parquet:"name,dict"`
	Time      int64  `parquet:"time,timestamp(millisecond)"`
	ID        string `parquet:"id"` // hexadecimal, empty for all of the tenant
}

// Erase writes a file with the ids, which whoever reads the events leaves out
// and whoever rewrites the files drops: a Parquet file does not change. The same
// erasure makes the same file.
func (s *Sink) Erase(ctx context.Context, e *footfall.Erasure) error {
	dir := filepath.Join(s.cfg.Dir, erasures)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of erasures: %w", err)
	}
	ids := e.IDs
	if len(ids) == 0 {
		ids = []footfall.ID{{}}
	}
	rows := func(yield func(ErasedRow) bool) {
		for _, of := range ids {
			row := ErasedRow{
				Epoch: int32(e.Before.Epoch), Partition: int32(e.Before.Partition), Offset: e.Before.Offset, Index: int32(e.Before.Index),
				Tenant: e.Tenant.String(), Name: e.Name, Time: int64(e.Time), ID: id(of),
			}
			if !yield(row) {
				return
			}
		}
	}
	name := fmt.Sprintf("%d-%d-%012d.%05d", e.Before.Epoch, e.Before.Partition, e.Before.Offset, e.Before.Index) + suffix
	path := filepath.Join(dir, name)
	if err := writeFile(path+partial, s.cfg.GroupRows, rows); err != nil {
		return errors.Join(fmt.Errorf("write erasure %s: %w", name, err), remove(path+partial))
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(err, remove(path+partial))
	}
	if err := os.Rename(path+partial, path); err != nil {
		return fmt.Errorf("name the erasure: %w", err)
	}
	return errors.Join(syncDir(dir), syncDir(s.cfg.Dir))
}
