-- retention
SELECT toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, cell.1 AS c, cell.2 AS j, sum(cell.3) AS n
FROM (SELECT if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp, arrayJoin(cells) AS cell
FROM (SELECT has, label, cells, row_number() OVER (ORDER BY label = '$other' ASC, size DESC, has DESC, label ASC) AS rank
FROM (SELECT has, label, sumIf(n, j = -1) AS size, groupArray((c, j, n)) AS cells
FROM (SELECT has, label, c, j, count() AS n
FROM (SELECT has, label, c, arrayJoin(arrayPushFront(back, toInt64(-1))) AS j
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayMap(n -> least(n, {p13:Int64}), arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p5:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p11:Int64}, 1000), {p10:Array(Int64)}), {p10:Array(Int64)}, {p12:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p11:Int64}, 1000), {p10:Array(Int64)}), {p10:Array(Int64)}, {p12:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p5:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p11:Int64}, 1000), {p10:Array(Int64)}), {p10:Array(Int64)}, {p12:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, arraySort(groupArrayIf((t, _epoch, _o, _i, has, label), starts)) AS begun, if(countIf(returns) = 0, [], [maxIf(t, returns)]) AS returned
FROM (SELECT e.t AS t, e.starts AS starts, e.returns AS returns, e._epoch AS _epoch, e._o AS _o, e._i AS _i, e.own AS own, e.person AS person, l.has AS has, l.label AS label FROM (SELECT e.t AS t, e.starts AS starts, e.returns AS returns, e._epoch AS _epoch, e._o AS _o, e._i AS _i, e.own AS own, e.person AS person, reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p8:String},'\0',if(e.own = '', m.text, e.own)))) AS gid FROM (SELECT t, starts, returns, _epoch, _o, _i, own, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p1:String} AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AS starts, toUInt8(name = {p3:String}) AS returns, _epoch, _o, _i, toString(multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), '')) AS own, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name IN {p7:Array(String)} AND (starts OR returns))) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p8:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person) AS e
LEFT ANY JOIN (SELECT id, toUInt8(((bitAnd(bits, 1) != 0) OR (bitAnd(bits, 2) != 0))) AS has, toString(multiIf((bitAnd(bits, 1) != 0), text, (bitAnd(bits, 2) != 0), toString(num), '')) AS label FROM (SELECT id, key, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p9:String} AND kind IN ('set', 'once') ORDER BY id, key, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key)) AS l ON e.gid = l.id)
GROUP BY person HAVING countIf(starts) > 0)))))
GROUP BY has, label, c, j)
GROUP BY has, label)))
GROUP BY grp, c, j
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "Buy"
-- p10 = "[0 604800 1209600 1814400 2419200 3024000 3628800 4233600 4838400 5443200 6048000 6652800]"
-- p11 = "1708905600000"
-- p12 = "[0 1 2 3 4 5 6 7 8 9 10 11]"
-- p13 = "7"
-- p2 = "1711929600000"
-- p3 = "Look"
-- p4 = "$groups.kanarie'\"\\{p1:String}"
-- p5 = "1709251200000"
-- p6 = "10413619200000"
-- p7 = "[Buy Look]"
-- p8 = "kanarie'\"\\{p1:String}"
-- p9 = "size"
-- silo = ""
-- tenant = "shop"

