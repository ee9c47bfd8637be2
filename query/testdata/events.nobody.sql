-- events
SELECT toUnixTimestamp64Milli(time) AS ms, toInt64(_epoch), toInt64(_p), toInt64(_o), toInt64(_i), id, toString(type), toString(name), _original, _sent, _received, lower(hex(reinterpretAsFixedString(visitor))), lower(hex(reinterpretAsFixedString(user))), session, properties, context FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND _o IN {p3:Array(Int64)} AND id IN {p4:Array(String)}
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1"
-- p2 = "2"
-- p3 = "[4 0]"
-- p4 = "[kanarie'\"\\{p1:String} b]"
-- silo = ""
-- tenant = "shop"

-- places
SELECT toUnixTimestamp64Milli(time) AS ms, toInt64(_epoch), toInt64(_p), toInt64(_o), toInt64(_i), id FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC')
ORDER BY time DESC, _epoch DESC, _p DESC, _o DESC, _i DESC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- silo = ""
-- tenant = "shop"

-- places_after
SELECT toUnixTimestamp64Milli(time) AS ms, toInt64(_epoch), toInt64(_p), toInt64(_o), toInt64(_i), id FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND (time, _epoch, _p, _o, _i) < (fromUnixTimestamp64Milli({p3:Int64}, 'UTC'), {p4:Int64}, {p5:Int64}, {p6:Int64}, {p7:Int64})
ORDER BY time DESC, _epoch DESC, _p DESC, _o DESC, _i DESC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "1"
-- p4 = "2"
-- p5 = "3"
-- p6 = "4"
-- p7 = "5"
-- silo = ""
-- tenant = "shop"

