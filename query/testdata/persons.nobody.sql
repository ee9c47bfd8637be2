-- chains
SELECT lower(hex(reinterpretAsFixedString(id))) AS a, lower(hex(reinterpretAsFixedString(target))) AS b
FROM (SELECT visitor AS id, argMax(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target, argMax(time, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS at, max(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS place FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'alias' GROUP BY visitor)
WHERE target IN (SELECT visitor FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'alias') OR id IN (SELECT user FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'alias')
ORDER BY at, place, id LIMIT 50001
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- silo = ""
-- tenant = "shop"

-- details
SELECT lower(hex(reinterpretAsFixedString(actor))) AS actor_id, toUInt64(did), toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last, arrayMap(x -> lower(hex(reinterpretAsFixedString(x))), arraySort(groupUniqArrayIf(100)(visitor, visitor != user))) AS visitors
FROM (SELECT time, visitor, user, type IN ('track', 'page', 'screen') AS did, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND (user IN {p1:Array(UInt128)} OR (user = 0 AND visitor IN {p1:Array(UInt128)})))
GROUP BY actor, did
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "[01020300000000000000000000000000 000000000000000000000000000000ff]"
-- silo = ""
-- tenant = "shop"

-- details_of_many
SELECT lower(hex(reinterpretAsFixedString(actor))) AS actor_id, toUInt64(did), toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last, arrayMap(x -> lower(hex(reinterpretAsFixedString(x))), arraySort(groupUniqArrayIf(100)(visitor, visitor != user))) AS visitors
FROM (SELECT time, visitor, user, type IN ('track', 'page', 'screen') AS did, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND if(user = 0, visitor, user) IN {p1:Array(UInt128)})
GROUP BY actor, did
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "[01020300000000000000000000000000 000000000000000000000000000000ff 01020300000000000000000000000000 000000000000000000000000000000ff 01020300000000000000000000000000 000000000000000000000000000000ff 01020300000000000000000000000000 000000000000000000000000000000ff 01020300000000000000000000000000 00"
-- silo = ""
-- tenant = "shop"

-- ids
SELECT lower(hex(reinterpretAsFixedString(id))) AS hex_id, toString(kind) AS kind_name, any(text) AS id_text FROM visitors WHERE tenant = {tenant:String} AND silo = {silo:String} AND id IN {p1:Array(UInt128)}
GROUP BY id, kind
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "[01020300000000000000000000000000 000000000000000000000000000000ff]"
-- silo = ""
-- tenant = "shop"

-- page
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') GROUP BY actor))))
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- silo = ""
-- tenant = "shop"

-- page_after
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') GROUP BY actor)))) WHERE person > {p3:UInt128}
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "615861eb34ec5ceb1e087ef6952cebc8"
-- silo = ""
-- tenant = "shop"

-- people
SELECT countIf(kind = 'link'), countIf(kind = 'unlink'), countIf(kind = 'alias') FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String}
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- silo = ""
-- tenant = "shop"

-- traits
SELECT lower(hex(reinterpretAsFixedString(id))), toString(key), toUInt64(kind = 'set'), best.rank, best.message, best.value
FROM (SELECT id, key, kind, best FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND id IN {p1:Array(UInt128)} AND kind IN ('set', 'once') ORDER BY id, key, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key)
ORDER BY id, key LIMIT 1000 BY id
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "[01020300000000000000000000000000 000000000000000000000000000000ff]"
-- silo = ""
-- tenant = "shop"

