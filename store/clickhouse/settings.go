package clickhouse

import (
	"maps"
	"strconv"

	"github.com/footfall-go/footfall/internal/schema"
)

// Every setting that decides what an INSERT does stands here, and each is sent
// with every INSERT. Their defaults differ between versions, profiles and the
// embedded engine, and several of them have lost rows in silence.

// insertSettings hold for every INSERT.
var insertSettings = map[string]string{
	// One request is one block, and the answer comes when it is stored.
	"async_insert":                  "0",
	"wait_for_async_insert":         "1",
	"max_insert_threads":            "1",
	"max_insert_block_size":         "1000000000",
	"max_insert_block_size_bytes":   "0",
	"min_insert_block_size_rows":    "0",
	"min_insert_block_size_bytes":   "0",
	"input_format_parallel_parsing": "0",
	// The processor cuts a batch before its 65th partition.
	"max_partitions_per_insert_block":          "100",
	"throw_on_max_partitions_per_insert_block": "1",
	// A column that the table does not have, or has of another type, is an
	// error; those that are computed are left out on purpose.
	"input_format_skip_unknown_fields":           "0",
	"input_format_native_allow_types_conversion": "0",
	"input_format_defaults_for_omitted_fields":   "1",
	"date_time_overflow_behavior":                "ignore",
	// Read-back goes by an index; a part without it is read as a whole.
	"materialize_skip_indexes_on_insert": "1",
	// The other indexes come with the first merge: a fresh part is small, and
	// each index is two more files to sync.
	"exclude_materialize_skip_indexes_on_insert": "by_visitor,by_user,by_id",
	// Views do not see copies either way: nothing of ours counts in them.
	"deduplicate_blocks_in_dependent_materialized_views": "0",
	"parallel_view_processing":                           "0",
	"fsync_metadata":                                     "1",
}

// eventSettings are those of an INSERT into events: its token makes a
// repetition harmless. Rows of equal key are left to the merges, for a row
// that went away within its own INSERT would look lost.
func eventSettings(token string) map[string]string {
	s := maps.Clone(insertSettings)
	s["insert_deduplicate"] = "1"
	s["deduplicate_insert"] = "enable"
	s["insert_deduplication_token"] = token
	s["optimize_on_insert"] = "0"
	return s
}

// upsertSettings are those of an INSERT into any other table. Without a token
// the server would compare contents, and drop a row that comes again after a
// newer one or after an erasure; so it is told not to, in both ways there are.
func upsertSettings() map[string]string {
	s := maps.Clone(insertSettings)
	s["insert_deduplicate"] = "0"
	s["deduplicate_insert"] = "disable"
	s["optimize_on_insert"] = "1"
	return s
}

// readSettings hold for reading back. What is asked for is what the parts
// hold, not what some cache remembers.
var readSettings = map[string]string{
	"apply_deleted_mask":            "1",
	"use_skip_indexes":              "1",
	"use_query_cache":               "0",
	"use_query_condition_cache":     "0",
	"select_sequential_consistency": "1",
	// So that an error half-way has a status of its own.
	"wait_end_of_query": "1",
}

// streamSettings are those of a SELECT whose rows are large and read as they
// come, so that the server holds few of them, too.
var streamSettings = map[string]string{
	"max_threads":                   "1",
	"max_block_size":                "8",
	"preferred_block_size_bytes":    "1048576",
	"use_query_cache":               "0",
	"use_query_condition_cache":     "0",
	"select_sequential_consistency": "1",
}

// optional settings are sent to servers that know them. Those who do not have
// no other way of doing it than the one that is asked for.
var optional = []string{
	"deduplicate_insert", "max_insert_block_size_bytes", "use_query_condition_cache",
	"exclude_materialize_skip_indexes_on_insert",
}

// tableSettings are those of every table. A row that was acknowledged must
// survive a power failure, in the part it was written to and in every part it
// is merged into.
func tableSettings(t *schema.Table) map[string]string {
	window := strconv.Itoa(t.Dedup)
	s := map[string]string{
		"non_replicated_deduplication_window": window,
		"replicated_deduplication_window":     window,
		"fsync_after_insert":                  "1",
		"fsync_part_directory":                "1",
		"min_rows_to_fsync_after_merge":       "1",
		"old_parts_lifetime":                  "480",
		// A part as it is inserted has few files, because each is synced. What is
		// merged from many is kept by column, and merged column by column: that
		// takes between half and four fifths of the time.
		"min_level_for_wide_part":                       "1",
		"min_bytes_for_wide_part":                       "16777216",
		"vertical_merge_algorithm_min_rows_to_activate": "16384",
		// A merge costs more than the insert did. Merging twice as many parts at a
		// time spares a third of them, and adds a few parts to read.
		"merge_selector_base": "10",
		// A question reads a partition that is one part without looking for copies
		// of a row, which takes a fifth of the time. A month that got nothing for a
		// day is made one, however large its parts.
		"min_age_to_force_merge_seconds":           "86400",
		"min_age_to_force_merge_on_partition_only": "1",
		// Statistics of columns that no query of ours uses cost a tenth of both.
		"auto_statistics_types": "''",
	}
	if t.Dedup > 0 {
		s["replicated_deduplication_window_seconds"] = "604800"
	}
	if t.Short {
		s["max_bytes_to_merge_at_max_space_in_pool"] = "1"
		s["max_bytes_to_merge_at_min_space_in_pool"] = "1"
	}
	return s
}

// optionalTable are the settings of tables that older servers do not have.
var optionalTable = []string{"min_level_for_wide_part", "merge_selector_base", "auto_statistics_types"}

func withSetting(settings map[string]string, name, value string) map[string]string {
	s := maps.Clone(settings)
	s[name] = value
	return s
}
