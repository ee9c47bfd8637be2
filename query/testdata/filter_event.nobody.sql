-- series_0
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT 1 AS one FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String} AND ((texts[{p3:String}] = {p3:String}) AND ((texts[{p4:String}] = {p5:String} OR (NOT mapContains(texts, {p4:String}) AND mapContains(numbers, {p4:String}) AND numbers[{p4:String}] = {p6:Float64}))) AND NOT (mapContains(texts, {p4:String}) AND texts[{p4:String}] = {p7:String}) AND ((texts[{p4:String}] IN {p8:Array(String)} OR (NOT mapContains(texts, {p4:String}) AND mapContains(numbers, {p4:String}) AND numbers[{p4:String}] IN {p10:Array(Float64)}))) AND NOT ((mapContains(texts, {p4:String}) AND texts[{p4:String}] IN {p11:Array(String)} OR (NOT mapContains(texts, {p4:String}) AND mapContains(numbers, {p4:String}) AND numbers[{p4:String}] = {p12:Float64}))) AND ((mapContains(texts, {p4:String}) OR mapContains(numbers, {p4:String})) AND position(multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), ''), {p3:String}) > 0) AND NOT ((mapContains(texts, {p4:String}) OR mapContains(numbers, {p4:String})) AND position(multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), ''), {p3:String}) > 0) AND ((mapContains(texts, {p4:String}) OR mapContains(numbers, {p4:String})) AND match(multiIf(mapContains(texts, {p4:String}), texts[{p4:String}], mapContains(numbers, {p4:String}), toString(numbers[{p4:String}]), ''), {p13:String})) AND ((mapContains(numbers, {p4:String}) AND numbers[{p4:String}] > {p9:Float64}) OR (match(texts[{p4:String}], '^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ]|$)') AND ifNull(parseDateTime64BestEffortOrNull(texts[{p4:String}], 3, {p14:String}) >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC'), 0)) OR NOT (mapContains(numbers, {p4:String}) AND numbers[{p4:String}] < {p15:Float64}) OR (match(texts[{p4:String}], '^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ]|$)') AND ifNull(parseDateTime64BestEffortOrNull(texts[{p4:String}], 3, {p14:String}) <= fromUnixTimestamp64Milli({p16:Int64}, 'UTC'), 0))) AND ((mapContains(texts, {p4:String}) OR mapContains(numbers, {p4:String}))) AND NOT ((mapContains(texts, {p4:String}) OR mapContains(numbers, {p4:String}))) AND (name IN {p17:Array(String)}) AND NOT (toString(type) = {p18:String}) AND (texts[{p19:String}] = {p20:String}) AND (0) AND (1)))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p10 = "[1 2]"
-- p11 = "[ 0]"
-- p12 = "0"
-- p13 = "(?-s)^KA"
-- p14 = "UTC"
-- p15 = "-1.5"
-- p16 = "1709244000000"
-- p17 = "[kanarie'\"\\{p1:String} b]"
-- p18 = "page"
-- p19 = "$path"
-- p2 = "1711929600000"
-- p20 = "/pricing"
-- p3 = "kanarie'\"\\{p1:String}"
-- p4 = "n"
-- p5 = "42"
-- p6 = "42"
-- p7 = ""
-- p8 = "[kanarie'\"\\{p1:String} 1 2 true]"
-- p9 = "1"
-- silo = ""
-- tenant = "shop"

