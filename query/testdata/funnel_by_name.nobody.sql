-- units
SELECT arrayStringConcat(es) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), if(has, concat(reinterpretAsFixedString(toUInt32(1 + length(label))), '=', label), reinterpretAsFixedString(toUInt32(0))))) AS part, groupBitOr(matched) AS seen FROM (SELECT (type IN ('track', 'page', 'screen')) + (name = {p1:String}) * 2 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p2:Int64}) * 4, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, toUInt8(1) AS has, toString(name) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') AND matched != 0) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "Buy"
-- p2 = "1709251200000"
-- p3 = "1713139200000"
-- silo = ""
-- tenant = "shop"

-- units_listed
SELECT lower(hex(reinterpretAsFixedString(person))) AS id, arrayStringConcat(es) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), if(has, concat(reinterpretAsFixedString(toUInt32(1 + length(label))), '=', label), reinterpretAsFixedString(toUInt32(0))))) AS part, groupBitOr(matched) AS seen FROM (SELECT (type IN ('track', 'page', 'screen')) + (name = {p1:String}) * 2 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p2:Int64}) * 4, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, toUInt8(1) AS has, toString(name) AS label, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') AND matched != 0) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "Buy"
-- p2 = "1709251200000"
-- p3 = "1713139200000"
-- silo = ""
-- tenant = "shop"

