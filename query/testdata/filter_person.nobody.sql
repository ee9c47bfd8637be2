-- series_0
WITH who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(NOT member AND key = {p4:String} AND text = {p4:String}, 1, 0), if(NOT member AND key = {p9:String} AND (text IN {p5:Array(String)} OR (NOT (bitAnd(bits, 1) != 0) AND (bitAnd(bits, 2) != 0) AND num = {p6:Float64})), 2, 0), if(NOT member AND key = {p10:String} AND (bitAnd(bits, 2) != 0) AND num >= {p7:Float64}, 3, 0), if(NOT member AND key = {p11:String} AND match(text, '^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ]|$)') AND ifNull(parseDateTime64BestEffortOrNull(text, 3, {p8:String}) < fromUnixTimestamp64Milli({p1:Int64}, 'UTC'), 0), 4, 0), if(NOT member AND key = {p9:String} AND ((bitAnd(bits, 1) != 0) OR (bitAnd(bits, 2) != 0)), 5, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p12:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT 1 AS one FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String} AND (((if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who)) OR NOT ((if(user = 0, visitor, user), 2) IN (SELECT id, n FROM who)) OR ((if(user = 0, visitor, user), 3) IN (SELECT id, n FROM who)) OR ((if(user = 0, visitor, user), 4) IN (SELECT id, n FROM who)) OR NOT ((if(user = 0, visitor, user), 5) IN (SELECT id, n FROM who))))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p10 = "age"
-- p11 = "since"
-- p12 = "[kanarie'\"\\{p1:String} plan age since plan]"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "kanarie'\"\\{p1:String}"
-- p5 = "[kanarie'\"\\{p1:String} 1]"
-- p6 = "1"
-- p7 = "18"
-- p8 = "UTC"
-- p9 = "plan"
-- silo = ""
-- tenant = "shop"

