-- count
SELECT uniqExact(person) AS n
FROM (SELECT person FROM (SELECT person, has(ns, 1) AS m1, has(ns, 2) AS m2, has(ns, 3) AS m3, has(ns, 4) AS m4, has(ns, 5) AS m5, has(ns, 6) AS m6, has(ns, 7) AS m7, has(ns, 8) AS m8 FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 2 AS n FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p3:String} AND version = {p4:Int64}))
UNION ALL SELECT person, 6 AS n FROM (SELECT person FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p2:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member) WHERE text = {p2:String})
UNION ALL SELECT person, 7 AS n FROM (SELECT person FROM (SELECT person, ifNull(min(acted), min(said)) AS first FROM (SELECT acted, said, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, minIfOrNull(time, type IN ('track', 'page', 'screen')) AS acted, min(time) AS said FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') GROUP BY actor)) GROUP BY person) WHERE first >= fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND first < fromUnixTimestamp64Milli({p10:Int64}, 'UTC'))
UNION ALL SELECT person, 8 AS n FROM (SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens
FROM (SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did
FROM (SELECT t, _epoch, _o, _i, a, b, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, _epoch, _o, _i, toUInt8(type IN ('track', 'page', 'screen') AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p15:Float64})) AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AS a, toUInt8(name = {p2:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p15:Float64}))) AS b, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') AND (a OR b))) GROUP BY person HAVING countIf(a) > 0))
WHERE arrayExists((t, b, last) -> b AND t - last <= {p12:Int64}, times, thens, arrayPopBack(arrayFill((t, a) -> a, arrayPushFront(times, {p18:Int64}), arrayPushFront(firsts, 1)))))
UNION ALL SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(m1, 1, 0), if(m3, 3, 0), if(m4, 4, 0), if(m5, 5, 0)])) AS n FROM (SELECT person, sum(n1) >= {p1:Int64} AS m1, sum(n2) >= {p1:Int64} AS m3, sum(n2) BETWEEN {p6:Int64} AND {p7:Int64} AS m4, sum(n3) > {p7:Int64} AS m5 FROM (SELECT n1, n2, n3, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, countIf(name = {p2:String}) AS n1, countIf(name = {p5:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AS n2, countIf(name = {p8:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AS n3 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND (name = {p2:String} OR name = {p5:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC') OR name = {p8:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p19:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p15:Float64})) GROUP BY actor)) GROUP BY person)) GROUP BY person)) WHERE ((m1 OR NOT m2) AND NOT m3 AND m4 AND NOT m5 AND NOT m6 AND m7 AND NOT m8))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "1714521600001"
-- p11 = "1714003200000"
-- p12 = "604800000"
-- p13 = "1708560000000"
-- p14 = "1715212800001"
-- p15 = "1"
-- p16 = "1711929600000"
-- p17 = "1709251200000"
-- p18 = "-4000000000000000"
-- p19 = "-2209593600000"
-- p2 = "kanarie'\"\\{p1:String}"
-- p3 = "frozen"
-- p4 = "7"
-- p5 = "Buy"
-- p6 = "2"
-- p7 = "3"
-- p8 = "Look"
-- p9 = "-2208902400000"
-- silo = ""
-- tenant = "shop"

-- gone
SELECT uniqExact(person) AS n
FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p1:String} AND version = {p2:Int64}))
WHERE person NOT IN (SELECT actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') GROUP BY actor))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 10, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "frozen"
-- p2 = "7"
-- p3 = "-2208902400000"
-- p4 = "1714521600001"
-- silo = ""
-- tenant = "shop"

-- members
SELECT DISTINCT lower(hex(reinterpretAsFixedString(person))) AS person_id
FROM (SELECT person FROM (SELECT person, has(ns, 1) AS m1, has(ns, 2) AS m2, has(ns, 3) AS m3, has(ns, 4) AS m4, has(ns, 5) AS m5, has(ns, 6) AS m6, has(ns, 7) AS m7, has(ns, 8) AS m8 FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 2 AS n FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p3:String} AND version = {p4:Int64}))
UNION ALL SELECT person, 6 AS n FROM (SELECT person FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p2:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member) WHERE text = {p2:String})
UNION ALL SELECT person, 7 AS n FROM (SELECT person FROM (SELECT person, ifNull(min(acted), min(said)) AS first FROM (SELECT acted, said, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, minIfOrNull(time, type IN ('track', 'page', 'screen')) AS acted, min(time) AS said FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') GROUP BY actor)) GROUP BY person) WHERE first >= fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND first < fromUnixTimestamp64Milli({p10:Int64}, 'UTC'))
UNION ALL SELECT person, 8 AS n FROM (SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens
FROM (SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did
FROM (SELECT t, _epoch, _o, _i, a, b, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, _epoch, _o, _i, toUInt8(type IN ('track', 'page', 'screen') AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p15:Float64})) AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AS a, toUInt8(name = {p2:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p15:Float64}))) AS b, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') AND (a OR b))) GROUP BY person HAVING countIf(a) > 0))
WHERE arrayExists((t, b, last) -> b AND t - last <= {p12:Int64}, times, thens, arrayPopBack(arrayFill((t, a) -> a, arrayPushFront(times, {p18:Int64}), arrayPushFront(firsts, 1)))))
UNION ALL SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(m1, 1, 0), if(m3, 3, 0), if(m4, 4, 0), if(m5, 5, 0)])) AS n FROM (SELECT person, sum(n1) >= {p1:Int64} AS m1, sum(n2) >= {p1:Int64} AS m3, sum(n2) BETWEEN {p6:Int64} AND {p7:Int64} AS m4, sum(n3) > {p7:Int64} AS m5 FROM (SELECT n1, n2, n3, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, countIf(name = {p2:String}) AS n1, countIf(name = {p5:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AS n2, countIf(name = {p8:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AS n3 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND (name = {p2:String} OR name = {p5:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC') OR name = {p8:String} AND time >= fromUnixTimestamp64Milli({p17:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p16:Int64}, 'UTC')) AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p19:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p15:Float64})) GROUP BY actor)) GROUP BY person)) GROUP BY person)) WHERE ((m1 OR NOT m2) AND NOT m3 AND m4 AND NOT m5 AND NOT m6 AND m7 AND NOT m8))
LIMIT 10
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 10, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "1714521600001"
-- p11 = "1714003200000"
-- p12 = "604800000"
-- p13 = "1708560000000"
-- p14 = "1715212800001"
-- p15 = "1"
-- p16 = "1711929600000"
-- p17 = "1709251200000"
-- p18 = "-4000000000000000"
-- p19 = "-2209593600000"
-- p2 = "kanarie'\"\\{p1:String}"
-- p3 = "frozen"
-- p4 = "7"
-- p5 = "Buy"
-- p6 = "2"
-- p7 = "3"
-- p8 = "Look"
-- p9 = "-2208902400000"
-- silo = ""
-- tenant = "shop"

