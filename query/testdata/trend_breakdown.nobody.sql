-- series_0
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(toFloat64(countMerge(s0))) AS value
FROM (SELECT *, if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp FROM (SELECT *, dense_rank() OVER (ORDER BY label = '$other' ASC, whole DESC NULLS LAST, has DESC, label ASC) AS rank FROM (SELECT *, toFloat64(countMerge(s0) OVER (PARTITION BY has, label)) AS whole FROM (SELECT has, label, bucket, countState() AS s0 FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toUInt8((mapContains(texts, {p3:String}) OR mapContains(numbers, {p3:String}))) AS has, toString(multiIf(mapContains(texts, {p3:String}), texts[{p3:String}], mapContains(numbers, {p3:String}), toString(numbers[{p3:String}]), '')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String})
GROUP BY has, label, bucket))))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "plan"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_1
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(toFloat64(uniqExact(person))) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT has, label, n, actor AS person FROM (SELECT toUInt8((mapContains(texts, {p3:String}) OR mapContains(numbers, {p3:String}))) AS has, toString(multiIf(mapContains(texts, {p3:String}), texts[{p3:String}], mapContains(numbers, {p3:String}), toString(numbers[{p3:String}]), '')) AS label, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String} GROUP BY has, label, actor))
WHERE label != '$other' GROUP BY has, label ORDER BY toFloat64(uniqExact(person)) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT bucket, has, label, n, actor AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toUInt8((mapContains(texts, {p3:String}) OR mapContains(numbers, {p3:String}))) AS has, toString(multiIf(mapContains(texts, {p3:String}), texts[{p3:String}], mapContains(numbers, {p3:String}), toString(numbers[{p3:String}]), '')) AS label, if(user = 0, visitor, user) AS actor, 1 AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String})))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "plan"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_2
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(sumKahanMerge(s0)) AS value
FROM (SELECT *, if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp FROM (SELECT *, dense_rank() OVER (ORDER BY label = '$other' ASC, whole DESC NULLS LAST, has DESC, label ASC) AS rank FROM (SELECT *, ifNull(sumKahanMerge(s0) OVER (PARTITION BY has, label), 0) AS whole FROM (SELECT has, label, bucket, sumKahanState(num) AS s0 FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, if(mapContains(numbers, {p3:String}), numbers[{p3:String}], NULL) AS num, toUInt8((mapContains(texts, {p4:String}) OR mapContains(numbers, {p4:String}))) AS has, toString(multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), '')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND name = {p6:String})
GROUP BY has, label, bucket))))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "price"
-- p4 = "plan"
-- p5 = "1711929600000"
-- p6 = "Buy"
-- silo = ""
-- tenant = "shop"

