-- retention
SELECT toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, cell.1 AS c, cell.2 AS j, sum(cell.3) AS n
FROM (SELECT if(rank <= 3 AND label != '$other', (0, has, label), (1, 0, '')) AS grp, arrayJoin(cells) AS cell
FROM (SELECT has, label, cells, row_number() OVER (ORDER BY label = '$other' ASC, size DESC, has DESC, label ASC) AS rank
FROM (SELECT has, label, sumIf(n, j = -1) AS size, groupArray((c, j, n)) AS cells
FROM (SELECT has, label, c, j, count() AS n
FROM (SELECT has, label, c, arrayJoin(arrayPushFront(back, toInt64(-1))) AS j
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p7:Int64}, arrayCompact(arrayMap(x -> intDiv(x - t0, {p8:Int64}), arrayFilter(x -> x >= t0, returned)))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, returned
FROM (SELECT person, arrayFilter(x -> x.1 >= {p1:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p1:Int64}, 1000), {p5:Array(Int64)}), {p5:Array(Int64)}, {p6:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p1:Int64}, 1000), {p5:Array(Int64)}), {p5:Array(Int64)}, {p6:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, returned
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT t, starts, returns, _epoch, _o, _i, has, label, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(type IN ('track', 'page', 'screen') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AS starts, toUInt8(type IN ('track', 'page', 'screen')) AS returns, _epoch, _o, _i, toUInt8((mapContains(texts, {p3:String}) OR mapContains(numbers, {p3:String}))) AS has, toString(multiIf(mapContains(texts, {p3:String}), texts[{p3:String}], mapContains(numbers, {p3:String}), toString(numbers[{p3:String}]), '')) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p1:Int64})))))
GROUP BY has, label, c, j)
GROUP BY has, label)))
GROUP BY grp, c, j
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "kanarie'\"\\{p1:String}"
-- p4 = "1712620800000"
-- p5 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000 2678400 2764800 2851200 2937600 3024000 3110400 3196800]"
-- p6 = "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37]"
-- p7 = "7"
-- p8 = "86400000"
-- silo = ""
-- tenant = "shop"

