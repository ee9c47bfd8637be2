-- units
SELECT arrayStringConcat(arrayMap(x -> reinterpretAsFixedString(x), es)) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(w) AS part, groupBitOr(matched) AS seen FROM (SELECT (name = {p1:String}) + (name = {p2:String}) * 2 + (name = {p3:String}) * 4 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p4:Int64}) * 8, matched), 9223372036854775808) AS w, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND name IN {p6:Array(String)} AND matched != 0) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "View"
-- p2 = "kanarie'\"\\{p1:String}"
-- p3 = "Buy"
-- p4 = "1709251200000"
-- p5 = "1713139200000"
-- p6 = "[View kanarie'\"\\{p1:String} Buy]"
-- silo = ""
-- tenant = "shop"

-- units_listed
SELECT lower(hex(reinterpretAsFixedString(person))) AS id, arrayStringConcat(arrayMap(x -> reinterpretAsFixedString(x), es)) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(w) AS part, groupBitOr(matched) AS seen FROM (SELECT (name = {p1:String}) + (name = {p2:String}) * 2 + (name = {p3:String}) * 4 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p4:Int64}) * 8, matched), 9223372036854775808) AS w, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p5:Int64}, 'UTC') AND name IN {p6:Array(String)} AND matched != 0) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "View"
-- p2 = "kanarie'\"\\{p1:String}"
-- p3 = "Buy"
-- p4 = "1709251200000"
-- p5 = "1713139200000"
-- p6 = "[View kanarie'\"\\{p1:String} Buy]"
-- silo = ""
-- tenant = "shop"

