-- series_0
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND type IN ('track', 'page', 'screen'))
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1710046800000"
-- p2 = "[0 3600 7200 10800 14400 18000 21600 25200 28800 32400 36000 39600 43200 46800 50400 54000 57600 61200 64800 68400 72000 75600 79200]"
-- p3 = "1710129600000"
-- silo = ""
-- tenant = "shop"

