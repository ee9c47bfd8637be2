-- retention
SELECT toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, cell.1 AS c, cell.2 AS j, sum(cell.3) AS n
FROM (SELECT if(rank <= 3 AND label != '$other', (0, has, label), (1, 0, '')) AS grp, arrayJoin(cells) AS cell
FROM (SELECT has, label, cells, row_number() OVER (ORDER BY label = '$other' ASC, size DESC, has DESC, label ASC) AS rank
FROM (SELECT has, label, sumIf(n, j = -1) AS size, groupArray((c, j, n)) AS cells
FROM (SELECT has, label, c, j, count() AS n
FROM (SELECT has, label, c, arrayJoin(arrayPushFront(back, toInt64(-1))) AS j
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p9:Int64}, arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p1:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p7:Int64}, 1000), {p6:Array(Int64)}), {p6:Array(Int64)}, {p8:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p7:Int64}, 1000), {p6:Array(Int64)}), {p6:Array(Int64)}, {p8:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p1:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p7:Int64}, 1000), {p6:Array(Int64)}), {p6:Array(Int64)}, {p8:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT t, starts, returns, _epoch, _o, _i, has, label, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(type IN ('track', 'page', 'screen') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AS starts, toUInt8(name = {p3:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC')) AS returns, _epoch, _o, _i, toUInt8(1) AS has, toString(name) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p1:Int64})))))
GROUP BY has, label, c, j)
GROUP BY has, label)))
GROUP BY grp, c, j
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "Look"
-- p4 = "-2208902400000"
-- p5 = "1716163200000"
-- p6 = "[0 604800 1209600 1814400 2419200 3024000 3628800 4233600 4838400 5443200 6048000 6652800]"
-- p7 = "1708905600000"
-- p8 = "[0 1 2 3 4 5 6 7 8 9 10 11]"
-- p9 = "7"
-- silo = ""
-- tenant = "shop"

