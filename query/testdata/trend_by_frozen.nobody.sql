-- series_0
SELECT toUInt64(1) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, toInt64(0) AS bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, 1 AS m1 FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p1:String} AND version = {p2:Int64}))) WHERE m1), 'true', 'false')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String})
WHERE label != '$other' GROUP BY has, label ORDER BY toFloat64(count()) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, 1 AS m1 FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p1:String} AND version = {p2:Int64}))) WHERE m1), 'true', 'false')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}))
GROUP BY grp
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "frozen"
-- p2 = "7"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- series_1
SELECT toUInt64(1) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, toInt64(0) AS bucket, toNullable(sumKahan(num)) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT e.visitor AS visitor, e.session AS session, e.has AS has, e.label AS label, l.num AS num FROM (SELECT visitor, session, toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, 1 AS m1 FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p1:String} AND version = {p2:Int64}))) WHERE m1), 'true', 'false')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toNullable(toFloat64(num)) AS num FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p7:Int64}, 'UTC')))) AS l ON e.visitor = l.visitor AND e.session = l.session)
WHERE label != '$other' GROUP BY has, label ORDER BY ifNull(sumKahan(num), 0) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT e.visitor AS visitor, e.session AS session, e.has AS has, e.label AS label, l.num AS num FROM (SELECT visitor, session, toUInt8(1) AS has, toString(if(if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, 1 AS m1 FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p1:String} AND version = {p2:Int64}))) WHERE m1), 'true', 'false')) AS label FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toNullable(toFloat64(num)) AS num FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p7:Int64}, 'UTC')))) AS l ON e.visitor = l.visitor AND e.session = l.session))
GROUP BY grp
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "frozen"
-- p2 = "7"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- p6 = "1708560000000"
-- p7 = "1712620800000"
-- silo = ""
-- tenant = "shop"

