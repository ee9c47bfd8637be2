-- series_0
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(toFloat64(uniqCombined64(17)(person))) AS value
FROM (SELECT bucket, n, actor AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, if(user = 0, visitor, user) AS actor, 1 AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}))
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_1
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(toFloat64(uniqCombined64If(17)((visitor, session), session != 0))) AS value
FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String})
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_2
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(sum(n) / uniqCombined64(17)(person)) AS value
FROM (SELECT bucket, n, actor AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, if(user = 0, visitor, user) AS actor, 1 AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}))
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_3
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(quantileGK(1000, 0.9)(num)) AS value
FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, if(mapContains(numbers, {p3:String}), numbers[{p3:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND name = {p6:String})
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "price"
-- p4 = "1709251200000"
-- p5 = "1711929600000"
-- p6 = "Buy"
-- silo = ""
-- tenant = "shop"

