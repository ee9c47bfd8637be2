package chdb

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Config says where the engine keeps its data and how much of the machine it
// may take.
type Config struct {
	// Dir is the data directory. It is made when it is not there. Required.
	Dir string
	// Library is the path of libchdb. Defaults to what CHDB_LIB_PATH names, else
	// to the fetched copy.
	Library string
	// MaxMemory bounds what the engine allocates, in bytes, the whole of its
	// queries, inserts, merges and caches. A statement that would exceed it
	// fails. Defaults to half of the memory of the machine or its control group.
	MaxMemory int64
	// MaxThreads bounds how many threads one statement computes with, and how
	// many merges run. Defaults to GOMAXPROCS.
	MaxThreads int
	// Connections bounds how many statements run at the same time; more wait
	// their turn. Defaults to 32.
	Connections int
	// ConfigFile is a configuration file of ClickHouse, for what has no field
	// here, such as disks in a cloud. Defaults to none; in particular, no file
	// that happens to lie in the working directory is read.
	ConfigFile string
	// Volumes are folders beyond Dir that tables may move their older parts to;
	// they make the storage policy [Policy]. What once lay on a volume needs it
	// at every start. Defaults to none.
	Volumes []Volume
	// Backups is the folder that BACKUP … TO File and RESTORE may use. Defaults
	// to none: the engine refuses both.
	Backups string
	// DrainTimeout is how long Close lets running statements finish before it
	// kills them. Defaults to 30 s.
	DrainTimeout time.Duration
	// LogFile takes the engine's own log, warnings and worse. Defaults to no log.
	LogFile string
}

func (c Config) withDefaults() (Config, error) {
	c.MaxThreads = cmp.Or(c.MaxThreads, runtime.GOMAXPROCS(0))
	c.Connections = cmp.Or(c.Connections, 32)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 30*time.Second)
	var wrong error
	if c.Dir == "" {
		wrong = errors.Join(wrong, errors.New("chdb: Config.Dir is required"))
	}
	for _, number := range []struct {
		name  string
		value int64
	}{{"MaxMemory", c.MaxMemory}, {"MaxThreads", int64(c.MaxThreads)}, {"Connections", int64(c.Connections)}, {"DrainTimeout", int64(c.DrainTimeout)}} {
		if number.value < 0 {
			wrong = errors.Join(wrong, fmt.Errorf("chdb: Config.%s is negative", number.name))
		}
	}
	if c.ConfigFile != "" {
		// The engine passes over a file that is not there in silence.
		if _, err := os.Stat(c.ConfigFile); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("chdb: Config.ConfigFile: %w", err))
		}
	}
	return c, errors.Join(wrong, c.checkVolumes())
}

// makeDir makes the data directory and returns its one true name, by which
// the engine recognizes it.
func (c Config) makeDir() (string, error) {
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return "", fmt.Errorf("find the data directory: %w", err)
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("find the data directory: %w", err)
	}
	return dir, nil
}

// serverArguments configure the engine as it starts. The defaults it has are
// those of a server that owns a large machine: here the caches are small,
// threads that are done go away, and nothing wakes up often.
func (c Config) serverArguments() []string {
	threads := strconv.Itoa(c.MaxThreads)
	arguments := []string{
		"--config-file=" + c.ConfigFile,
		"--background_pool_size=" + strconv.Itoa(max(2, c.MaxThreads)),
		"--background_common_pool_size=1",
		"--background_schedule_pool_size=2",
		"--background_schedule_pool_initial_size=2",
		"--concurrent_threads_soft_limit_num=" + strconv.Itoa(4*c.MaxThreads),
		"--max_thread_pool_free_size=8",
		"--max_io_thread_pool_size=16",
		"--max_format_parsing_thread_pool_size=" + threads,
		"--max_active_parts_loading_thread_pool_size=" + threads,
		"--max_outdated_parts_loading_thread_pool_size=1",
		"--max_unexpected_parts_loading_thread_pool_size=1",
		"--max_parts_cleaning_thread_pool_size=2",
		"--mark_cache_size=134217728",
		"--index_mark_cache_size=33554432",
		"--primary_index_cache_size=134217728",
		"--query_condition_cache_size=16777216",
		"--compiled_expression_cache_size=33554432",
		"--mmap_cache_size=128",
		// Its own allocations are what the engine can answer for; the control
		// group counts the Go heap and the page cache as well.
		"--memory_worker_use_cgroup=0",
		"--memory_worker_period_ms=1000",
	}
	if c.MaxMemory == 0 {
		arguments = append(arguments, "--max_server_memory_usage_to_ram_ratio=0.5")
	} else {
		// The ratio caps the absolute number, so it must not be the smaller one.
		arguments = append(arguments, "--max_server_memory_usage_to_ram_ratio=1",
			"--max_server_memory_usage="+strconv.FormatInt(c.MaxMemory, 10))
	}
	if c.Backups != "" {
		arguments = append(arguments, "--backups.allowed_path="+c.Backups)
	}
	if c.LogFile != "" {
		arguments = append(arguments, "--logger.log="+c.LogFile, "--log-level=warning")
	}
	return arguments
}

// sessionArguments hold for every session until a request says otherwise.
func (c Config) sessionArguments() []string {
	return []string{
		"--max_threads=" + strconv.Itoa(c.MaxThreads),
		// An insert is answered when it is stored.
		"--async_insert=0",
		// As on a server: text is no expression, and nobody looks into memory.
		"--implicit_select=0",
		"--allow_introspection_functions=0",
	}
}
