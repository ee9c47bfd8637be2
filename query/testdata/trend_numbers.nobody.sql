-- series_0
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(sumKahan(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_1
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(sumKahan(num) / count(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_2
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(min(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_3
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(max(num)) AS value
FROM (SELECT CAST(NULL AS Nullable(Float64)) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_4
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(quantileExactInclusive(0.5)(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_5
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(quantileExactInclusive(0.9)(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_6
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(quantileExactInclusive(0.95)(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_7
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(quantileExactInclusive(0.99)(num)) AS value
FROM (SELECT if(mapContains(numbers, {p1:String}), numbers[{p1:String}], NULL) AS num FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "price"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- silo = ""
-- tenant = "shop"

