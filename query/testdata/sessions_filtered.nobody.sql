-- sessions
SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(start) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, count() AS n, countIf((ms >= 10000 OR views >= 2 OR key_event)) AS stayed, toFloat64(avg(views)) AS depth, avg(ms) / 1000 AS mean, round(quantileExactInclusive(0.5)(ms), 3) / 1000 AS median, round(quantileExactInclusive(0.9)(ms), 3) / 1000 AS p90
FROM (SELECT start, visitor, session, views, key_event, toUnixTimestamp64Milli(last) - toUnixTimestamp64Milli(start) AS ms FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC')) AND start >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND (visitor, session) IN (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND session != 0 AND type IN ('track', 'page', 'screen') AND ((texts[{p6:String}] = {p7:String}) OR ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p3:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p4:Int64}, 'UTC'))) WHERE num > {p8:Float64})))))
GROUP BY bucket
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "1708560000000"
-- p4 = "1712620800000"
-- p5 = "1711929600000"
-- p6 = "$browser"
-- p7 = "kanarie'\"\\{p1:String}"
-- p8 = "3"
-- silo = ""
-- tenant = "shop"

-- views
SELECT toUInt64(view.1) AS end, substring(view.2, 2) AS text, count() AS n
FROM (SELECT arrayJoin([(0, entry), (1, exit)]) AS view
FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p8:String}), concat('=', texts[{p8:String}]), ''), if(mapContains(texts, {p9:String}), concat('=', texts[{p9:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p10:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS entry, argMax(if(type = 'page', if(mapContains(texts, {p8:String}), concat('=', texts[{p8:String}]), ''), if(mapContains(texts, {p9:String}), concat('=', texts[{p9:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p10:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS exit FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 AND (visitor, session) IN (SELECT visitor, session FROM (SELECT start, visitor, session, views, key_event, toUnixTimestamp64Milli(last) - toUnixTimestamp64Milli(start) AS ms FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p1:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p2:Int64}, 'UTC')) AND start >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND (visitor, session) IN (SELECT visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND session != 0 AND type IN ('track', 'page', 'screen') AND ((texts[{p5:String}] = {p6:String}) OR ((visitor, session) IN (SELECT visitor, session FROM (SELECT visitor, session, toFloat64(views) AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p1:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p2:Int64}, 'UTC'))) WHERE num > {p7:Float64})))))) GROUP BY visitor, session))
WHERE view.2 != '' GROUP BY end, text ORDER BY end, n DESC, text ASC LIMIT 10 BY end
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1708560000000"
-- p10 = "-4000000000000000"
-- p2 = "1712620800000"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "$browser"
-- p6 = "kanarie'\"\\{p1:String}"
-- p7 = "3"
-- p8 = "$path"
-- p9 = "name"
-- silo = ""
-- tenant = "shop"

