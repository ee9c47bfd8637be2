-- series_0
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

