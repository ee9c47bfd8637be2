//go:build unix

package chdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// checkUnlocked reports who has the data directory open. The engine holds a
// lock on a file named status, where it also writes its process id.
func checkUnlocked(dir string) error {
	file, err := os.OpenFile(filepath.Join(dir, "status"), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at its lock: %w", err)
	}
	defer func() { _ = file.Close() }()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		status := make([]byte, 64)
		n, _ := file.Read(status)
		holder, _, _ := strings.Cut(string(status[:n]), "\n")
		return fmt.Errorf("%w: another process has the directory open (%s)", ErrInUse, holder)
	}
	if err != nil {
		return fmt.Errorf("look at its lock: %w", err)
	}
	return nil
}
