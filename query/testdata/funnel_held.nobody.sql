-- units
WITH who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(NOT member AND key = {p10:String} AND text = {p1:String}, 1, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p11:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT arrayStringConcat(es) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), reinterpretAsFixedString(held))) AS part, groupBitOr(matched) AS seen FROM (SELECT (name = {p2:String} AND (mapContains(texts, {p1:String}) OR mapContains(numbers, {p1:String}))) + (name = {p2:String} AND ((if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who)) AND (mapContains(texts, {p1:String}) OR mapContains(numbers, {p1:String}))) * 2 + (name = {p3:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC'))) WHERE num > {p6:Float64}))) * 4 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p7:Int64}) * 8, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, sipHash64(toString(multiIf(mapContains(texts, {p1:String}), texts[{p1:String}], mapContains(numbers, {p1:String}), toString(numbers[{p1:String}]), '')), toString(name)) AS held, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name IN {p9:Array(String)} AND matched != 0) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "kanarie'\"\\{p1:String}"
-- p10 = "plan"
-- p11 = "[plan]"
-- p2 = "View"
-- p3 = "Leave"
-- p4 = "1708560000000"
-- p5 = "1713830400000"
-- p6 = "2"
-- p7 = "1709251200000"
-- p8 = "1713139200000"
-- p9 = "[View Leave]"
-- silo = ""
-- tenant = "shop"

-- units_listed
WITH who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(NOT member AND key = {p10:String} AND text = {p1:String}, 1, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p11:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT lower(hex(reinterpretAsFixedString(person))) AS id, arrayStringConcat(es) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), reinterpretAsFixedString(held))) AS part, groupBitOr(matched) AS seen FROM (SELECT (name = {p2:String} AND (mapContains(texts, {p1:String}) OR mapContains(numbers, {p1:String}))) + (name = {p2:String} AND ((if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who)) AND (mapContains(texts, {p1:String}) OR mapContains(numbers, {p1:String}))) * 2 + (name = {p3:String} AND ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC'))) WHERE num > {p6:Float64}))) * 4 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p7:Int64}) * 8, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, sipHash64(toString(multiIf(mapContains(texts, {p1:String}), texts[{p1:String}], mapContains(numbers, {p1:String}), toString(numbers[{p1:String}]), '')), toString(name)) AS held, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name IN {p9:Array(String)} AND matched != 0) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "kanarie'\"\\{p1:String}"
-- p10 = "plan"
-- p11 = "[plan]"
-- p2 = "View"
-- p3 = "Leave"
-- p4 = "1708560000000"
-- p5 = "1713830400000"
-- p6 = "2"
-- p7 = "1709251200000"
-- p8 = "1713139200000"
-- p9 = "[View Leave]"
-- silo = ""
-- tenant = "shop"

