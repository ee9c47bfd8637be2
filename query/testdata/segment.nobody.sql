-- count
SELECT uniqExact(person) AS n
FROM (SELECT person FROM (SELECT person, has(ns, 1) AS m1, has(ns, 2) AS m2 FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 2 AS n FROM (SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens
FROM (SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did
FROM (SELECT t, _epoch, _o, _i, a, b, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, _epoch, _o, _i, toUInt8(name = {p4:String} AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC')) AS a, toUInt8(name = {p7:String}) AS b, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name IN {p9:Array(String)} AND (a OR b))) GROUP BY person HAVING countIf(a) > 0))
WHERE arrayExists((t, a, next) -> a AND next - t > {p5:Int64} AND t + {p5:Int64} <= {p11:Int64}, times, firsts, arrayPopFront(arrayReverseFill((t, b) -> b, arrayPushBack(times, {p10:Int64}), arrayPushBack(thens, 1)))))
UNION ALL SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(m1, 1, 0)])) AS n FROM (SELECT person, sum(n1) >= {p1:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p12:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name = {p2:String} AND (texts[{p3:String}] = {p4:String}) GROUP BY actor)) GROUP BY person)) GROUP BY person)) WHERE (m1 AND m2))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "3"
-- p10 = "4000000000000000"
-- p11 = "1713139200000"
-- p12 = "1710633600000"
-- p2 = "$page"
-- p3 = "$path"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "86400000"
-- p6 = "1713139200001"
-- p7 = "Bought"
-- p8 = "-2208902400000"
-- p9 = "[kanarie'\"\\{p1:String} Bought]"
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
-- p4 = "1713139200001"
-- silo = ""
-- tenant = "shop"

-- members
SELECT DISTINCT lower(hex(reinterpretAsFixedString(person))) AS person_id
FROM (SELECT person FROM (SELECT person, has(ns, 1) AS m1, has(ns, 2) AS m2 FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 2 AS n FROM (SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens
FROM (SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did
FROM (SELECT t, _epoch, _o, _i, a, b, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, _epoch, _o, _i, toUInt8(name = {p4:String} AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC')) AS a, toUInt8(name = {p7:String}) AS b, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name IN {p9:Array(String)} AND (a OR b))) GROUP BY person HAVING countIf(a) > 0))
WHERE arrayExists((t, a, next) -> a AND next - t > {p5:Int64} AND t + {p5:Int64} <= {p11:Int64}, times, firsts, arrayPopFront(arrayReverseFill((t, b) -> b, arrayPushBack(times, {p10:Int64}), arrayPushBack(thens, 1)))))
UNION ALL SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(m1, 1, 0)])) AS n FROM (SELECT person, sum(n1) >= {p1:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p12:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name = {p2:String} AND (texts[{p3:String}] = {p4:String}) GROUP BY actor)) GROUP BY person)) GROUP BY person)) WHERE (m1 AND m2))
LIMIT 10
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 10, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "3"
-- p10 = "4000000000000000"
-- p11 = "1713139200000"
-- p12 = "1710633600000"
-- p2 = "$page"
-- p3 = "$path"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "86400000"
-- p6 = "1713139200001"
-- p7 = "Bought"
-- p8 = "-2208902400000"
-- p9 = "[kanarie'\"\\{p1:String} Bought]"
-- silo = ""
-- tenant = "shop"

