-- page
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p13:Int64}, arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p4:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p4:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p12:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p4:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p12:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p4:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p4:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p12:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT e.t AS t, e.starts AS starts, e.returns AS returns, e._epoch AS _epoch, e._o AS _o, e._i AS _i, e.person AS person, l.has AS has, l.label AS label FROM (SELECT t, starts, returns, _epoch, _o, _i, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p5:String} AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC')) AS starts, toUInt8(name = {p7:String} AND time >= fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AS returns, _epoch, _o, _i, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN {p10:Array(String)} AND (starts OR returns))) AS e
LEFT ANY JOIN (SELECT person, toUInt8(((bitAnd(bits, 1) != 0) OR (bitAnd(bits, 2) != 0))) AS has, toString(multiIf((bitAnd(bits, 1) != 0), text, (bitAnd(bits, 2) != 0), toString(num), '')) AS label FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p3:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS l ON e.person = l.person)
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p4:Int64}))))
WHERE c = {p1:Int64} AND has(back, {p2:Int64}) AND has = 1 AND label = {p3:String})))
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "[Buy Look]"
-- p11 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000 2678400 2764800 2851200 2937600 3024000 3110400 3196800]"
-- p12 = "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37]"
-- p13 = "7"
-- p2 = "3"
-- p3 = "kanarie'\"\\{p1:String}"
-- p4 = "1709251200000"
-- p5 = "Buy"
-- p6 = "1711929600000"
-- p7 = "Look"
-- p8 = "-2208902400000"
-- p9 = "1712534400000"
-- silo = ""
-- tenant = "shop"

-- page_after
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p13:Int64}, arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p4:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p4:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p12:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p4:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p12:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p4:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p4:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p12:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT e.t AS t, e.starts AS starts, e.returns AS returns, e._epoch AS _epoch, e._o AS _o, e._i AS _i, e.person AS person, l.has AS has, l.label AS label FROM (SELECT t, starts, returns, _epoch, _o, _i, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p5:String} AND time < fromUnixTimestamp64Milli({p6:Int64}, 'UTC')) AS starts, toUInt8(name = {p7:String} AND time >= fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AS returns, _epoch, _o, _i, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN {p10:Array(String)} AND (starts OR returns))) AS e
LEFT ANY JOIN (SELECT person, toUInt8(((bitAnd(bits, 1) != 0) OR (bitAnd(bits, 2) != 0))) AS has, toString(multiIf((bitAnd(bits, 1) != 0), text, (bitAnd(bits, 2) != 0), toString(num), '')) AS label FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p3:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS l ON e.person = l.person)
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p4:Int64}))))
WHERE c = {p1:Int64} AND has(back, {p2:Int64}) AND has = 1 AND label = {p3:String}))) WHERE person > {p14:UInt128}
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "[Buy Look]"
-- p11 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000 2678400 2764800 2851200 2937600 3024000 3110400 3196800]"
-- p12 = "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37]"
-- p13 = "7"
-- p14 = "615861eb34ec5ceb1e087ef6952cebc8"
-- p2 = "3"
-- p3 = "kanarie'\"\\{p1:String}"
-- p4 = "1709251200000"
-- p5 = "Buy"
-- p6 = "1711929600000"
-- p7 = "Look"
-- p8 = "-2208902400000"
-- p9 = "1712534400000"
-- silo = ""
-- tenant = "shop"

