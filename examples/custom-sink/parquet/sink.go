package parquet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/footfall-go/footfall"
)

// Config is what a [Sink] is made of.
type Config struct {
	// Dir is the folder of the files, which is made if need be. Only one Sink
	// may use it. Required.
	Dir string
	// GroupRows is how many rows of a file can be read without the others.
	// Defaults to 100,000.
	GroupRows int64
}

// Sink writes a file for each Write. It is safe for concurrent use, as long as
// the events of one partition come in order.
type Sink struct {
	cfg Config

	mu    sync.Mutex
	files map[partition][]span // what the folder holds, ascending
}

var _ footfall.Eraser = (*Sink)(nil)

type partition struct{ epoch, number uint16 }

// Open makes the folder if need be, removes what a crash left unfinished, and
// returns a Sink.
func Open(cfg Config) (*Sink, error) {
	cfg.GroupRows = cmp.Or(cfg.GroupRows, 100_000)
	if cfg.Dir == "" {
		return nil, errors.New("parquet: Config.Dir is required")
	}
	if cfg.GroupRows < 0 {
		return nil, errors.New("parquet: Config.GroupRows is negative")
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	s := &Sink{cfg: cfg, files: map[partition][]span{}}
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder: %w", err)
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), partial) {
			if err := os.Remove(filepath.Join(cfg.Dir, entry.Name())); err != nil {
				return nil, fmt.Errorf("remove an unfinished file: %w", err)
			}
		}
		if sp, ok := parseName(entry.Name()); ok {
			s.files[sp.partition] = append(s.files[sp.partition], sp)
		}
	}
	for _, files := range s.files {
		slices.SortFunc(files, func(a, b span) int { return a.first.Compare(b.first) })
	}
	return s, nil
}

// Write makes the events of one partition a file, in place of those that hold
// any of them already.
func (s *Sink) Write(ctx context.Context, events []footfall.Event) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	sp := spanOf(events)
	path := filepath.Join(s.cfg.Dir, sp.name())
	rows := func(yield func(Row) bool) {
		for i := range events {
			if !yield(rowOf(&events[i])) {
				return
			}
		}
	}
	if err := writeFile(path+partial, s.cfg.GroupRows, rows); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", sp.name(), err), remove(path+partial))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return errors.Join(err, remove(path+partial)) // somebody else may have begun
	}
	if err := s.supersede(sp); err != nil {
		return err
	}
	if err := os.Rename(path+partial, path); err != nil {
		return fmt.Errorf("name the file: %w", err)
	}
	if err := syncDir(s.cfg.Dir); err != nil {
		return err
	}
	s.files[sp.partition] = append(s.files[sp.partition], sp)
	return nil
}

// supersede removes the files that an interrupted Write of the same events left.
func (s *Sink) supersede(by span) error {
	files := s.files[by.partition]
	removed := false
	for n := len(files); n > 0 && files[n-1].last.Compare(by.first) >= 0; n-- {
		if err := remove(filepath.Join(s.cfg.Dir, files[n-1].name())); err != nil {
			return fmt.Errorf("remove what comes again: %w", err)
		}
		s.files[by.partition], removed = files[:n-1], true
	}
	if removed {
		return syncDir(s.cfg.Dir) // else a power cut could keep both
	}
	return nil
}

// writeFile writes a file and syncs it.
func writeFile[T any](path string, group int64, rows iter.Seq[T]) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := parquet.NewGenericWriter[T](file, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(group),
		parquet.CreatedBy("footfall", "custom-sink", ""))
	some := make([]T, 0, 256) // the library copies them; the events' memory is not ours
	for row := range rows {
		if some = append(some, row); len(some) < cap(some) {
			continue
		}
		if _, err := w.Write(some); err != nil {
			return err
		}
		some = some[:0]
	}
	if _, err := w.Write(some); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return file.Sync()
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	return nil
}

// remove removes a file, if there is one.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
