-- series_0
SELECT toUInt64(1) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, toInt64(0) AS bucket, toNullable(toFloat64(uniqExactIf((visitor, session), session != 0))) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT e.visitor AS visitor, e.session AS session, l.has AS has, l.label AS label FROM (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(1) AS has, toString(toString(num)) AS label FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC')))) AS l ON e.visitor = l.visitor AND e.session = l.session)
WHERE label != '$other' GROUP BY has, label ORDER BY toFloat64(uniqExactIf((visitor, session), session != 0)) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT e.visitor AS visitor, e.session AS session, l.has AS has, l.label AS label FROM (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(1) AS has, toString(toString(num)) AS label FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC')))) AS l ON e.visitor = l.visitor AND e.session = l.session))
GROUP BY grp
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "1708560000000"
-- p5 = "1712620800000"
-- silo = ""
-- tenant = "shop"

-- series_1
SELECT toUInt64(1) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, toInt64(0) AS bucket, toNullable(toFloat64(countMerge(s0))) AS value
FROM (SELECT *, if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp FROM (SELECT *, dense_rank() OVER (ORDER BY label = '$other' ASC, whole DESC NULLS LAST, has DESC, label ASC) AS rank FROM (SELECT *, toFloat64(countMerge(s0) OVER (PARTITION BY has, label)) AS whole FROM (SELECT has, label, countState() AS s0 FROM (SELECT e.visitor AS visitor, e.session AS session, l.has AS has, l.label AS label FROM (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(1) AS has, toString(toString(num)) AS label FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC')))) AS l ON e.visitor = l.visitor AND e.session = l.session)
GROUP BY has, label))))
GROUP BY grp
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "1708560000000"
-- p5 = "1712620800000"
-- silo = ""
-- tenant = "shop"

