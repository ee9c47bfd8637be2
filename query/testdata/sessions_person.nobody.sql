-- sessions
WITH who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(NOT member AND key = {p7:String} AND text = {p6:String}, 1, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p8:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(start) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, count() AS n, countIf((ms >= 10000 OR views >= 2 OR key_event)) AS stayed, toFloat64(avg(views)) AS depth, avg(ms) / 1000 AS mean, round(quantileExactInclusive(0.5)(ms), 3) / 1000 AS median, round(quantileExactInclusive(0.9)(ms), 3) / 1000 AS p90
FROM (SELECT start, visitor, session, views, key_event, toUnixTimestamp64Milli(last) - toUnixTimestamp64Milli(start) AS ms FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND start >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND (visitor, session) IN (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND session != 0 AND type IN ('track', 'page', 'screen') AND ((if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who))))
GROUP BY bucket
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0]"
-- p3 = "1708560000000"
-- p4 = "1712620800000"
-- p5 = "1711929600000"
-- p6 = "kanarie'\"\\{p1:String}"
-- p7 = "plan"
-- p8 = "[plan]"
-- silo = ""
-- tenant = "shop"

-- views
WITH who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(NOT member AND key = {p9:String} AND text = {p5:String}, 1, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p10:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT toUInt64(view.1) AS end, substring(view.2, 2) AS text, count() AS n
FROM (SELECT arrayJoin([(0, entry), (1, exit)]) AS view
FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p6:String}), concat('=', texts[{p6:String}]), ''), if(mapContains(texts, {p7:String}), concat('=', texts[{p7:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p8:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS entry, argMax(if(type = 'page', if(mapContains(texts, {p6:String}), concat('=', texts[{p6:String}]), ''), if(mapContains(texts, {p7:String}), concat('=', texts[{p7:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p8:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS exit FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 AND (visitor, session) IN (SELECT visitor, session FROM (SELECT start, visitor, session, views, key_event, toUnixTimestamp64Milli(last) - toUnixTimestamp64Milli(start) AS ms FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p1:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AND start >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND (visitor, session) IN (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND session != 0 AND type IN ('track', 'page', 'screen') AND ((if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who))))) GROUP BY visitor, session))
WHERE view.2 != '' GROUP BY end, text ORDER BY end, n DESC, text ASC LIMIT 10 BY end
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708560000000"
-- p10 = "[plan]"
-- p2 = "1712620800000"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "kanarie'\"\\{p1:String}"
-- p6 = "$path"
-- p7 = "name"
-- p8 = "-4000000000000000"
-- p9 = "plan"
-- silo = ""
-- tenant = "shop"

