-- retention
WITH who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(NOT member AND key = {p10:String} AND text = {p6:String}, 1, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p11:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT toUInt64(0) AS other, toUInt64(0) AS has_label, '' AS value_label, c, j, count() AS n
FROM (SELECT c, arrayJoin(arrayPushFront(back, toInt64(-1))) AS j
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p9:Int64}, arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p3:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p3:Int64}, 1000), {p7:Array(Int64)}), {p7:Array(Int64)}, {p8:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p3:Int64}, 1000), {p7:Array(Int64)}), {p7:Array(Int64)}, {p8:Array(Int64)}), x.1), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p3:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p3:Int64}, 1000), {p7:Array(Int64)}), {p7:Array(Int64)}, {p8:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, arrayMap(x -> tuple(x), arraySort(groupArrayIf(t, starts))) AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT t, starts, returns, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p1:String} AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AS starts, toUInt8(name = {p1:String}) AS returns, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name IN {p5:Array(String)} AND (starts OR returns) AND ((if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who))))
GROUP BY person HAVING countIf(starts) > 0)))))
GROUP BY c, j
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "Buy"
-- p10 = "plan"
-- p11 = "[plan]"
-- p2 = "1711944000000"
-- p3 = "1709269200000"
-- p4 = "1717214400000"
-- p5 = "[Buy]"
-- p6 = "kanarie'\"\\{p1:String}"
-- p7 = "[0 2674800 5266800]"
-- p8 = "[0 1 2]"
-- p9 = "2"
-- silo = ""
-- tenant = "shop"

