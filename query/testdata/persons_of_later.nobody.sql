-- page
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayMap(n -> least(n, {p14:Int64}), arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p3:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p3:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, if(countIf(returns) = 0, [], [maxIf(t, returns)]) AS returned
FROM (SELECT t, starts, returns, _epoch, _o, _i, has, label, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p4:String} AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AS starts, toUInt8(name = {p6:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AS returns, _epoch, _o, _i, toUInt8((mapContains(texts, {p7:String}) OR mapContains(numbers, {p7:String}))) AS has, toString(multiIf(mapContains(texts, {p7:String}), texts[{p7:String}], mapContains(numbers, {p7:String}), toString(numbers[{p7:String}]), '')) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN {p10:Array(String)} AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p3:Int64}))))
WHERE c = {p1:Int64} AND arrayExists(n -> n >= {p2:Int64}, back) AND (has, label) NOT IN (SELECT has, label
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayMap(n -> least(n, {p14:Int64}), arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p3:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p3:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, if(countIf(returns) = 0, [], [maxIf(t, returns)]) AS returned
FROM (SELECT t, starts, returns, _epoch, _o, _i, has, label, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p4:String} AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AS starts, toUInt8(name = {p6:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AS returns, _epoch, _o, _i, toUInt8((mapContains(texts, {p7:String}) OR mapContains(numbers, {p7:String}))) AS has, toString(multiIf(mapContains(texts, {p7:String}), texts[{p7:String}], mapContains(numbers, {p7:String}), toString(numbers[{p7:String}]), '')) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN {p10:Array(String)} AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p3:Int64}))))
WHERE label != '$other' GROUP BY has, label ORDER BY count() DESC, has DESC, label ASC LIMIT 3))))
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "[Buy Look]"
-- p11 = "[0 604800 1209600 1814400 2419200 3024000 3628800 4233600 4838400 5443200 6048000 6652800]"
-- p12 = "1708905600000"
-- p13 = "[0 1 2 3 4 5 6 7 8 9 10 11]"
-- p14 = "7"
-- p2 = "0"
-- p3 = "1709251200000"
-- p4 = "Buy"
-- p5 = "1711929600000"
-- p6 = "Look"
-- p7 = "kanarie'\"\\{p1:String}"
-- p8 = "-2208902400000"
-- p9 = "10413619200000"
-- silo = ""
-- tenant = "shop"

-- page_after
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayMap(n -> least(n, {p14:Int64}), arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p3:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p3:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, if(countIf(returns) = 0, [], [maxIf(t, returns)]) AS returned
FROM (SELECT t, starts, returns, _epoch, _o, _i, has, label, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p4:String} AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AS starts, toUInt8(name = {p6:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AS returns, _epoch, _o, _i, toUInt8((mapContains(texts, {p7:String}) OR mapContains(numbers, {p7:String}))) AS has, toString(multiIf(mapContains(texts, {p7:String}), texts[{p7:String}], mapContains(numbers, {p7:String}), toString(numbers[{p7:String}]), '')) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN {p10:Array(String)} AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p3:Int64}))))
WHERE c = {p1:Int64} AND arrayExists(n -> n >= {p2:Int64}, back) AND (has, label) NOT IN (SELECT has, label
FROM (SELECT person, member.1 AS c, member.2 AS t0, arrayMap(n -> least(n, {p14:Int64}), arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))) AS back, member.3 AS has, member.4 AS label
FROM (SELECT person, arrayJoin(members) AS member, lasts, seen
FROM (SELECT person, arrayFilter(x -> x.1 >= {p3:Int64}, begun) AS inside, arrayMap(x -> transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), inside) AS numbers, arrayMap(x -> (transform(roundDown(intDiv(x.1 - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), x.1, x.5, x.6), arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))) AS members, arrayFilter(x -> x >= {p3:Int64}, returned) AS later, arrayMap(x -> transform(roundDown(intDiv(x - {p12:Int64}, 1000), {p11:Array(Int64)}), {p11:Array(Int64)}, {p13:Array(Int64)}), later) AS buckets, arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen
FROM (SELECT person, [minIf((t, _epoch, _o, _i, has, label), starts)] AS begun, if(countIf(returns) = 0, [], [maxIf(t, returns)]) AS returned
FROM (SELECT t, starts, returns, _epoch, _o, _i, has, label, actor AS person FROM (SELECT toUnixTimestamp64Milli(time) AS t, toUInt8(name = {p4:String} AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AS starts, toUInt8(name = {p6:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AS returns, _epoch, _o, _i, toUInt8((mapContains(texts, {p7:String}) OR mapContains(numbers, {p7:String}))) AS has, toString(multiIf(mapContains(texts, {p7:String}), texts[{p7:String}], mapContains(numbers, {p7:String}), toString(numbers[{p7:String}]), '')) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN {p10:Array(String)} AND (starts OR returns)))
GROUP BY person HAVING countIf(starts) > 0 AND minIf(t, starts) >= {p3:Int64}))))
WHERE label != '$other' GROUP BY has, label ORDER BY count() DESC, has DESC, label ASC LIMIT 3)))) WHERE person > {p15:UInt128}
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p10 = "[Buy Look]"
-- p11 = "[0 604800 1209600 1814400 2419200 3024000 3628800 4233600 4838400 5443200 6048000 6652800]"
-- p12 = "1708905600000"
-- p13 = "[0 1 2 3 4 5 6 7 8 9 10 11]"
-- p14 = "7"
-- p15 = "615861eb34ec5ceb1e087ef6952cebc8"
-- p2 = "0"
-- p3 = "1709251200000"
-- p4 = "Buy"
-- p5 = "1711929600000"
-- p6 = "Look"
-- p7 = "kanarie'\"\\{p1:String}"
-- p8 = "-2208902400000"
-- p9 = "10413619200000"
-- silo = ""
-- tenant = "shop"

