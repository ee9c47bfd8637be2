-- all_properties
SELECT concat('event.', key) AS property, sum(events) AS total, sumIf(events, is_number) AS numeric, sumIf(events, NOT is_number) AS textual
FROM (SELECT arrayJoin(arrayDistinct(arrayConcat(t, n))) AS key, has(n, key) AS is_number, events FROM (SELECT t, n, count() AS events FROM (SELECT texts.keys AS t, numbers.keys AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND type IN ('track', 'page', 'screen')) GROUP BY t, n))
WHERE key != '$unflattened' AND 1
GROUP BY key ORDER BY total DESC, property ASC LIMIT 100
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- silo = ""
-- tenant = "shop"

-- days
SELECT toUnixTimestamp64Milli(min(time)) AS first, count() AS n
FROM (SELECT time FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String})
GROUP BY toDate32(time) ORDER BY toDate32(time) DESC LIMIT 4000
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- events
SELECT toString(name) AS event, count() AS n, toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last
FROM (SELECT name, time FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND positionCaseInsensitiveUTF8(name, {p3:String}) > 0)
GROUP BY name ORDER BY n DESC, event ASC LIMIT 7
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- mixed
SELECT countIf(has(t, {p1:String}) OR has(n, {p1:String})), countIf(has(n, {p1:String})), countIf(has(t, {p2:String}) OR has(n, {p2:String})), countIf(has(n, {p2:String}))
FROM (SELECT texts.keys AS t, numbers.keys AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String})
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "event.kanarie'\"\\{p1:String}"
-- p2 = "b"
-- p3 = "1709251200000"
-- p4 = "1711929600000"
-- p5 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- numbers
SELECT toString(key) AS property, count() AS n
FROM (SELECT arrayJoin(numbers.keys) AS key FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND type IN ('track', 'page', 'screen'))
WHERE key != '$unflattened' AND 1 GROUP BY key LIMIT 10001
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- silo = ""
-- tenant = "shop"

-- properties
SELECT concat('event.', key) AS property, sum(events) AS total, sumIf(events, is_number) AS numeric, sumIf(events, NOT is_number) AS textual
FROM (SELECT arrayJoin(arrayDistinct(arrayConcat(t, n))) AS key, has(n, key) AS is_number, events FROM (SELECT t, n, count() AS events FROM (SELECT texts.keys AS t, numbers.keys AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String}) GROUP BY t, n))
WHERE key != '$unflattened' AND positionCaseInsensitiveUTF8(concat('event.', key), {p3:String}) > 0
GROUP BY key ORDER BY total DESC, property ASC LIMIT 7
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- texts
SELECT toString(key) AS property, count() AS n
FROM (SELECT arrayJoin(texts.keys) AS key FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String})
WHERE key != '$unflattened' AND positionCaseInsensitiveUTF8(concat('event.', key), {p3:String}) > 0 GROUP BY key LIMIT 10001
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- traits
SELECT name, total, numeric, textual, top.2, arrayMap(n -> toUInt64(-n), top.1)
FROM (SELECT name, sum(n) AS total, sum(numbers) AS numeric, sum(texts) AS textual, groupArraySortedIf(5)((-toInt64(n), label), short) AS top FROM (SELECT name, short, label, count() AS n, countIf(is_number) AS numbers, countIf(NOT is_number) AS texts FROM (SELECT name, (bitAnd(bits, 2) != 0) AS is_number, multiIf((bitAnd(bits, 1) != 0), text, (bitAnd(bits, 2) != 0), toString(num), '') AS said, length(said) <= 200 AS short, if(short, said, '') AS label
FROM (SELECT concat(if(g.of_type = '', 'person', concat('group.', g.of_type)), '.', r.key) AS name, r.bits AS bits, r.text AS text, r.num AS num FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member) AS r
LEFT ANY JOIN (SELECT reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',group_type,'\0',group_text))) AS gid, any(group_type) AS of_type FROM (SELECT toString(key) AS group_type, text AS group_text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) GROUP BY gid) AS g ON r.person = g.gid
WHERE r.bits != 0 AND (g.of_type != '' OR r.person IN (SELECT id FROM visitors WHERE tenant = {tenant:String} AND silo = {silo:String})))
WHERE positionCaseInsensitiveUTF8(name, {p1:String}) > 0)
GROUP BY name, short, label)
GROUP BY name)
ORDER BY total DESC, name ASC LIMIT 7
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- values
SELECT name, label, count() AS n
FROM (SELECT concat('event.', pair.1) AS name, pair.2 AS label FROM (SELECT arrayJoin(arrayConcat(arrayMap((k, v) -> (toString(k), v), tk, tv), arrayFilter(x -> NOT has(tk, x.1), arrayMap((k, v) -> (toString(k), toString(v)), nk, nv)))) AS pair FROM (SELECT texts.keys AS tk, texts.values AS tv, numbers.keys AS nk, numbers.values AS nv FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String})) WHERE pair.1 IN {p4:Array(String)})
WHERE length(label) <= 200 GROUP BY name, label ORDER BY name ASC, n DESC, label ASC LIMIT 5 BY name
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "1711929600000"
-- p3 = "kanarie'\"\\{p1:String}"
-- p4 = "[event.kanarie'\"\\{p1:String} b]"
-- silo = ""
-- tenant = "shop"

