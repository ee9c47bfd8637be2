-- series_0
SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, bucket, toNullable(toFloat64(uniqExact(person))) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT e.visitor AS visitor, e.session AS session, e.n AS n, e.person AS person, l.has AS has, l.label AS label FROM (SELECT visitor, session, n, actor AS person FROM (SELECT visitor, session, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String} GROUP BY visitor, session, actor)) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view.1 AS has, view.2 AS text FROM (SELECT visitor, session, argMin((if(type = 'page', mapContains(texts, {p5:String}), mapContains(texts, {p6:String})), if(type = 'page', texts[{p5:String}], texts[{p6:String}])), (time, _epoch, _o, _i)) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND type IN ('page', 'screen') AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
GROUP BY has, label ORDER BY toFloat64(uniqExact(person)) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT e.bucket AS bucket, e.visitor AS visitor, e.session AS session, e.n AS n, e.person AS person, l.has AS has, l.label AS label FROM (SELECT bucket, visitor, session, n, actor AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, visitor, session, if(user = 0, visitor, user) AS actor, 1 AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String})) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view.1 AS has, view.2 AS text FROM (SELECT visitor, session, argMin((if(type = 'page', mapContains(texts, {p5:String}), mapContains(texts, {p6:String})), if(type = 'page', texts[{p5:String}], texts[{p6:String}])), (time, _epoch, _o, _i)) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND type IN ('page', 'screen') AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session))
GROUP BY grp, bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- p5 = "$path"
-- p6 = "name"
-- p7 = "1708560000000"
-- p8 = "1712620800000"
-- silo = ""
-- tenant = "shop"

