-- series_0
WITH what AS (SELECT id, arrayJoin(arrayFilter(n -> n != 0, [if(key = {p5:String} AND text = {p5:String}, 1, 0), if(key = {p11:String} AND (bitAnd(bits, 2) != 0) AND num > {p7:Float64}, 2, 0)])) AS n FROM (SELECT id, key, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p12:Array(String)} AND kind IN ('set', 'once') ORDER BY id, key, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key)),
who AS (SELECT person AS id, n FROM (SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(member AND key = {p5:String} AND (reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p5:String},'\0',text))), 1) IN (SELECT id, n FROM what), 1, 0), if(member AND key = {p8:String} AND (reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p8:String},'\0',text))), 2) IN (SELECT id, n FROM what), 2, 0), if(member AND key = {p8:String} AND text = {p5:String}, 3, 0)])) AS n FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key IN {p10:Array(String)} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)))
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT 1 AS one FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String} AND ((if(multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), '') != '', (reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p5:String},'\0',multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), '')))), 1) IN (SELECT id, n FROM what), (if(user = 0, visitor, user), 1) IN (SELECT id, n FROM who))) OR (if(multiIf(mapContains(texts, {p6:String}), texts[{p6:String}], mapContains(numbers, {p6:String}), toString(numbers[{p6:String}]), '') != '', (reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p8:String},'\0',multiIf(mapContains(texts, {p6:String}), texts[{p6:String}], mapContains(numbers, {p6:String}), toString(numbers[{p6:String}]), '')))), 2) IN (SELECT id, n FROM what), (if(user = 0, visitor, user), 2) IN (SELECT id, n FROM who))) OR NOT (if(multiIf(mapContains(texts, {p6:String}), texts[{p6:String}], mapContains(numbers, {p6:String}), toString(numbers[{p6:String}]), '') != '', multiIf(mapContains(texts, {p6:String}), texts[{p6:String}], mapContains(numbers, {p6:String}), toString(numbers[{p6:String}]), '') = {p5:String}, (if(user = 0, visitor, user), 3) IN (SELECT id, n FROM who)))))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p10 = "[kanarie'\"\\{p1:String} company company]"
-- p11 = "size"
-- p12 = "[kanarie'\"\\{p1:String} size]"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "$groups.kanarie'\"\\{p1:String}"
-- p5 = "kanarie'\"\\{p1:String}"
-- p6 = "$groups.company"
-- p7 = "10"
-- p8 = "company"
-- silo = ""
-- tenant = "shop"

