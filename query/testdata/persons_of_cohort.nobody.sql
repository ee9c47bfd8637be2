-- page
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p11:Int64}, arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p2:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p2:Int64}, 1000), {p9:Array(Int64)}), {p9:Array(Int64)}, {p10:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p2:Int64}, 1000), {p9:Array(Int64)}), {p9:Array(Int64)}, {p10:Array(Int64)}), x.1), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p2:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p2:Int64}, 1000), {p9:Array(Int64)}), {p9:Array(Int64)}, {p10:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [tuple(minIf(t, starts))] AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT t, starts, returns, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p3:String} AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AS starts, toUInt8(name = {p5:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AS returns, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND name IN {p8:Array(String)} AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p2:Int64}))))
WHERE c = {p1:Int64})))
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37]"
-- p11 = "7"
-- p2 = "1709251200000"
-- p3 = "Buy"
-- p4 = "1711929600000"
-- p5 = "Look"
-- p6 = "-2208902400000"
-- p7 = "1712534400000"
-- p8 = "[Buy Look]"
-- p9 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000 2678400 2764800 2851200 2937600 3024000 3110400 3196800]"
-- silo = ""
-- tenant = "shop"

-- page_after
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayFilter(n -> n <= {p11:Int64}, arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p2:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p2:Int64}, 1000), {p9:Array(Int64)}), {p9:Array(Int64)}, {p10:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p2:Int64}, 1000), {p9:Array(Int64)}), {p9:Array(Int64)}, {p10:Array(Int64)}), x.1), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p2:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p2:Int64}, 1000), {p9:Array(Int64)}), {p9:Array(Int64)}, {p10:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [tuple(minIf(t, starts))] AS begun, arraySort(groupArrayIf(t, returns)) AS returned
FROM (SELECT t, starts, returns, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p3:String} AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AS starts, toUInt8(name = {p5:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AS returns, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND name IN {p8:Array(String)} AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p2:Int64}))))
WHERE c = {p1:Int64}))) WHERE person > {p12:UInt128}
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37]"
-- p11 = "7"
-- p12 = "615861eb34ec5ceb1e087ef6952cebc8"
-- p2 = "1709251200000"
-- p3 = "Buy"
-- p4 = "1711929600000"
-- p5 = "Look"
-- p6 = "-2208902400000"
-- p7 = "1712534400000"
-- p8 = "[Buy Look]"
-- p9 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000 2678400 2764800 2851200 2937600 3024000 3110400 3196800]"
-- silo = ""
-- tenant = "shop"

