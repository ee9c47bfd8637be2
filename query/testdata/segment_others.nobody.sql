-- count
SELECT uniqExact(person) AS n
FROM (SELECT person FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 1 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) >= {p1:Int64})
UNION ALL SELECT person, 2 AS n FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p8:String} AND version = {p9:Int64}))
UNION ALL SELECT person, 3 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND name = {p12:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) >= {p1:Int64})
UNION ALL SELECT person, 4 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND name = {p12:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) >= {p15:Int64} AND sum(n) <= {p16:Int64})
UNION ALL SELECT person, 5 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND name = {p17:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) > {p16:Int64})
UNION ALL SELECT person, 6 AS n FROM (SELECT person FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p4:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member) WHERE text = {p4:String})
UNION ALL SELECT person, 7 AS n FROM (SELECT person FROM (SELECT person, ifNull(min(acted), min(said)) AS first FROM (SELECT acted, said, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, minIfOrNull(time, type IN ('track', 'page', 'screen')) AS acted, min(time) AS said FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') GROUP BY actor)) GROUP BY person) WHERE first >= fromUnixTimestamp64Milli({p18:Int64}, 'UTC') AND first < fromUnixTimestamp64Milli({p3:Int64}, 'UTC'))
UNION ALL SELECT person, 8 AS n FROM (SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens
FROM (SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did
FROM (SELECT t, _epoch, _o, _i, a, b, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, _epoch, _o, _i, toUInt8(type IN ('track', 'page', 'screen') AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC'))) WHERE num > {p7:Float64})) AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC')) AS a, toUInt8(name = {p4:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC'))) WHERE num > {p7:Float64}))) AS b, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND (a OR b))) GROUP BY person HAVING countIf(a) > 0))
WHERE arrayExists((t, b, last) -> b AND t - last <= {p19:Int64}, times, thens, arrayPopBack(arrayFill((t, a) -> a, arrayPushFront(times, {p20:Int64}), arrayPushFront(firsts, 1)))))) GROUP BY person) WHERE ((has(ns, 1) OR NOT has(ns, 2)) AND NOT has(ns, 3) AND has(ns, 4) AND NOT has(ns, 5) AND NOT has(ns, 6) AND has(ns, 7) AND NOT has(ns, 8)))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "1709251200000"
-- p11 = "1711929600000"
-- p12 = "Buy"
-- p13 = "1708560000000"
-- p14 = "1712620800000"
-- p15 = "2"
-- p16 = "3"
-- p17 = "Look"
-- p18 = "1714003200000"
-- p19 = "604800000"
-- p2 = "-2208902400000"
-- p20 = "-4000000000000000"
-- p3 = "1714521600001"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "-2209593600000"
-- p6 = "1715212800001"
-- p7 = "1"
-- p8 = "frozen"
-- p9 = "7"
-- silo = ""
-- tenant = "shop"

-- members
SELECT DISTINCT lower(hex(reinterpretAsFixedString(person))) AS person_id
FROM (SELECT person FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 1 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) >= {p1:Int64})
UNION ALL SELECT person, 2 AS n FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p8:String} AND version = {p9:Int64}))
UNION ALL SELECT person, 3 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND name = {p12:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) >= {p1:Int64})
UNION ALL SELECT person, 4 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND name = {p12:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) >= {p15:Int64} AND sum(n) <= {p16:Int64})
UNION ALL SELECT person, 5 AS n FROM (SELECT person FROM (SELECT n, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND name = {p17:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p14:Int64}, 'UTC'))) WHERE num > {p7:Float64})) GROUP BY actor)) GROUP BY person HAVING sum(n) > {p16:Int64})
UNION ALL SELECT person, 6 AS n FROM (SELECT person FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p4:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member) WHERE text = {p4:String})
UNION ALL SELECT person, 7 AS n FROM (SELECT person FROM (SELECT person, ifNull(min(acted), min(said)) AS first FROM (SELECT acted, said, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, minIfOrNull(time, type IN ('track', 'page', 'screen')) AS acted, min(time) AS said FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') GROUP BY actor)) GROUP BY person) WHERE first >= fromUnixTimestamp64Milli({p18:Int64}, 'UTC') AND first < fromUnixTimestamp64Milli({p3:Int64}, 'UTC'))
UNION ALL SELECT person, 8 AS n FROM (SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens
FROM (SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did
FROM (SELECT t, _epoch, _o, _i, a, b, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, _epoch, _o, _i, toUInt8(type IN ('track', 'page', 'screen') AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC'))) WHERE num > {p7:Float64})) AND time < fromUnixTimestamp64Milli({p11:Int64}, 'UTC')) AS a, toUInt8(name = {p4:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p13:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC'))) WHERE num > {p7:Float64}))) AS b, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND (a OR b))) GROUP BY person HAVING countIf(a) > 0))
WHERE arrayExists((t, b, last) -> b AND t - last <= {p19:Int64}, times, thens, arrayPopBack(arrayFill((t, a) -> a, arrayPushFront(times, {p20:Int64}), arrayPushFront(firsts, 1)))))) GROUP BY person) WHERE ((has(ns, 1) OR NOT has(ns, 2)) AND NOT has(ns, 3) AND has(ns, 4) AND NOT has(ns, 5) AND NOT has(ns, 6) AND has(ns, 7) AND NOT has(ns, 8)))
LIMIT 10
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 10, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "1709251200000"
-- p11 = "1711929600000"
-- p12 = "Buy"
-- p13 = "1708560000000"
-- p14 = "1712620800000"
-- p15 = "2"
-- p16 = "3"
-- p17 = "Look"
-- p18 = "1714003200000"
-- p19 = "604800000"
-- p2 = "-2208902400000"
-- p20 = "-4000000000000000"
-- p3 = "1714521600001"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "-2209593600000"
-- p6 = "1715212800001"
-- p7 = "1"
-- p8 = "frozen"
-- p9 = "7"
-- silo = ""
-- tenant = "shop"

