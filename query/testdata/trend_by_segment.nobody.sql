-- series_0
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(toFloat64(countMerge(s0))) AS value
FROM (SELECT *, if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp FROM (SELECT *, dense_rank() OVER (ORDER BY label = '$other' ASC, whole DESC NULLS LAST, has DESC, label ASC) AS rank FROM (SELECT *, toFloat64(countMerge(s0) OVER (PARTITION BY has, label)) AS whole FROM (SELECT label, bucket, toUInt8(1) AS has, countState() AS s0 FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, sum(n1) >= {p3:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name = {p4:String} GROUP BY actor)) GROUP BY person) WHERE m1), 'true', 'false')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND type IN ('track', 'page', 'screen'))
GROUP BY label, bucket))))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "1"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "-2208902400000"
-- p6 = "1714521600001"
-- p7 = "1709251200000"
-- p8 = "1711929600000"
-- silo = ""
-- tenant = "shop"

-- series_1
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(sumKahanMerge(s0) / countMerge(s1)) AS value
FROM (SELECT *, if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp FROM (SELECT *, dense_rank() OVER (ORDER BY label = '$other' ASC, whole DESC NULLS LAST, has DESC, label ASC) AS rank FROM (SELECT *, sumKahanMerge(s0) OVER (PARTITION BY has, label) / countMerge(s1) OVER (PARTITION BY has, label) AS whole FROM (SELECT label, bucket, toUInt8(1) AS has, sumKahanState(num) AS s0, countState(num) AS s1 FROM (SELECT e.bucket AS bucket, e.has AS has, e.label AS label, e.person AS person, l.num AS num FROM (SELECT bucket, has, label, actor AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, sum(n1) >= {p3:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name = {p4:String} GROUP BY actor)) GROUP BY person) WHERE m1), 'true', 'false')) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name = {p9:String})) AS e
LEFT ANY JOIN (SELECT person, if((bitAnd(bits, 2) != 0), num, NULL) AS num FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p4:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS l ON e.person = l.person)
GROUP BY label, bucket))))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "1"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "-2208902400000"
-- p6 = "1714521600001"
-- p7 = "1709251200000"
-- p8 = "1711929600000"
-- p9 = "Buy"
-- silo = ""
-- tenant = "shop"

-- series_2
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(toFloat64(uniqExact(person))) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT has, label, n, actor AS person FROM (SELECT toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, sum(n1) >= {p3:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name = {p4:String} GROUP BY actor)) GROUP BY person) WHERE m1), 'true', 'false')) AS label, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') GROUP BY has, label, actor))
WHERE label != '$other' GROUP BY has, label ORDER BY toFloat64(uniqExact(person)) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT bucket, has, label, n, actor AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, sum(n1) >= {p3:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name = {p4:String} GROUP BY actor)) GROUP BY person) WHERE m1), 'true', 'false')) AS label, if(user = 0, visitor, user) AS actor, 1 AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND type IN ('track', 'page', 'screen'))))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708905600000"
-- p2 = "[0 604800 1209600 1814400 2419200]"
-- p3 = "1"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "-2208902400000"
-- p6 = "1714521600001"
-- p7 = "1709251200000"
-- p8 = "1711929600000"
-- silo = ""
-- tenant = "shop"

