-- retention
SELECT toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, cell.1 AS c, cell.2 AS j, sum(cell.3) AS n
FROM (SELECT if(rank <= 10 AND label != '$other', (0, has, label), (1, 0, '')) AS grp, arrayJoin(cells) AS cell
FROM (SELECT has, label, cells, row_number() OVER (ORDER BY label = '$other' ASC, size DESC, has DESC, label ASC) AS rank
FROM (SELECT has, label, sumIf(n, j = -1) AS size, groupArray((c, j, n)) AS cells
FROM (SELECT has, label, c, j, count() AS n
FROM (SELECT has, label, c, arrayJoin(arrayPushFront(back, toInt64(-1))) AS j
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayMap(n -> least(n, {p15:Int64}), arrayCompact(arrayMap(x -> intDiv(x - t0, {p16:Int64}), arrayFilter(x -> x >= t0, returned)))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, returned
FROM (SELECT person, arrayFilter(x -> x.1 >= {p1:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p1:Int64}, 1000), {p13:Array(Int64)}), {p13:Array(Int64)}, {p14:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p1:Int64}, 1000), {p13:Array(Int64)}), {p13:Array(Int64)}, {p14:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, returned
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, if(countIf(returns) = 0, [], [maxIf(t, returns)]) AS returned
FROM (SELECT e.t AS t, e.starts AS starts, e.returns AS returns, e._epoch AS _epoch, e._o AS _o, e._i AS _i, e.visitor AS visitor, e.session AS session, e.person AS person, l.has AS has, l.label AS label FROM (SELECT t, starts, returns, _epoch, _o, _i, visitor, session, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p2:String} AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AS starts, toUInt8(name = {p4:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC')) AS returns, _epoch, _o, _i, visitor, session, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND name IN {p7:Array(String)} AND (starts OR returns))) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p8:String}), concat('=', texts[{p8:String}]), ''), if(mapContains(texts, {p9:String}), concat('=', texts[{p9:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p10:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p12:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p1:Int64})))))
GROUP BY has, label, c, j)
GROUP BY has, label)))
GROUP BY grp, c, j
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p10 = "-4000000000000000"
-- p11 = "-2209593600000"
-- p12 = "10414310400000"
-- p13 = "[0 2678400 5270400 7948800 10540800 13219200 15897600 18489600]"
-- p14 = "[0 1 2 3 4 5 6 7]"
-- p15 = "7"
-- p16 = "2592000000"
-- p2 = "Buy"
-- p3 = "1711929600000"
-- p4 = "Look"
-- p5 = "-2208902400000"
-- p6 = "10413619200000"
-- p7 = "[Buy Look]"
-- p8 = "$path"
-- p9 = "name"
-- silo = ""
-- tenant = "shop"

