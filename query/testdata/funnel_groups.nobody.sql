-- units
SELECT arrayStringConcat(arrayMap(x -> reinterpretAsFixedString(x), es)) AS data
FROM (SELECT unit, groupArray(w) AS es FROM (SELECT * FROM (SELECT e.matched AS matched, e.w AS w, e.own_unit AS own_unit, e.person AS person, toUInt8(if(e.own_unit = '', m.text, e.own_unit) != '') AS in_unit, toString(if(e.own_unit = '', m.text, e.own_unit)) AS unit FROM (SELECT matched, w, own_unit, actor AS person FROM (SELECT (name = {p1:String}) + (name = {p2:String}) * 2 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p3:Int64}) * 4, matched), 9223372036854775808) AS w, toString(multiIf(mapContains(texts, {p6:String}), texts[{p6:String}], mapContains(numbers, {p6:String}), toString(numbers[{p6:String}]), '')) AS own_unit, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name IN {p5:Array(String)} AND matched != 0)) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p7:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person) WHERE in_unit)
GROUP BY unit HAVING bitAnd(groupBitOr(matched), 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "View"
-- p2 = "Buy"
-- p3 = "1709251200000"
-- p4 = "1713139200000"
-- p5 = "[View Buy]"
-- p6 = "$groups.company"
-- p7 = "company"
-- silo = ""
-- tenant = "shop"

-- units_listed
SELECT arrayStringConcat(es) AS data
FROM (SELECT unit, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), reinterpretAsFixedString(toUInt64(bitAnd(person, 18446744073709551615))), reinterpretAsFixedString(toUInt64(bitShiftRight(person, 64))))) AS es FROM (SELECT * FROM (SELECT e.matched AS matched, e.w AS w, e.major AS major, e.minor AS minor, e.own_unit AS own_unit, e.person AS person, toUInt8(if(e.own_unit = '', m.text, e.own_unit) != '') AS in_unit, toString(if(e.own_unit = '', m.text, e.own_unit)) AS unit FROM (SELECT matched, w, major, minor, own_unit, actor AS person FROM (SELECT (name = {p1:String}) + (name = {p2:String}) * 2 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p3:Int64}) * 4, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, toString(multiIf(mapContains(texts, {p6:String}), texts[{p6:String}], mapContains(numbers, {p6:String}), toString(numbers[{p6:String}]), '')) AS own_unit, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name IN {p5:Array(String)} AND matched != 0)) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p7:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person) WHERE in_unit)
GROUP BY unit HAVING bitAnd(groupBitOr(matched), 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "View"
-- p2 = "Buy"
-- p3 = "1709251200000"
-- p4 = "1713139200000"
-- p5 = "[View Buy]"
-- p6 = "$groups.company"
-- p7 = "company"
-- silo = ""
-- tenant = "shop"

