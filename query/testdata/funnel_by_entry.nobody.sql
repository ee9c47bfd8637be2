-- units
SELECT arrayStringConcat(es) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), if(has, concat(reinterpretAsFixedString(toUInt32(1 + length(label))), '=', label), reinterpretAsFixedString(toUInt32(0))))) AS part, groupBitOr(matched) AS seen FROM (SELECT e.matched AS matched, e.w AS w, e.major AS major, e.minor AS minor, e.visitor AS visitor, e.session AS session, e.actor AS actor, l.has AS has, l.label AS label FROM (SELECT (name = {p1:String}) + (name = {p2:String}) * 2 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p3:Int64}) * 4, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, visitor, session, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name IN {p5:Array(String)} AND matched != 0) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p6:String}), concat('=', texts[{p6:String}]), ''), if(mapContains(texts, {p7:String}), concat('=', texts[{p7:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p8:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "View"
-- p10 = "1713830400000"
-- p2 = "Buy"
-- p3 = "1709251200000"
-- p4 = "1713139200000"
-- p5 = "[View Buy]"
-- p6 = "$path"
-- p7 = "name"
-- p8 = "-4000000000000000"
-- p9 = "1708560000000"
-- silo = ""
-- tenant = "shop"

-- units_listed
SELECT lower(hex(reinterpretAsFixedString(person))) AS id, arrayStringConcat(es) AS data
FROM (SELECT person, part AS es FROM (SELECT part, seen, actor AS person FROM (SELECT actor, groupArray(concat(reinterpretAsFixedString(w), reinterpretAsFixedString(major), reinterpretAsFixedString(minor), if(has, concat(reinterpretAsFixedString(toUInt32(1 + length(label))), '=', label), reinterpretAsFixedString(toUInt32(0))))) AS part, groupBitOr(matched) AS seen FROM (SELECT e.matched AS matched, e.w AS w, e.major AS major, e.minor AS minor, e.visitor AS visitor, e.session AS session, e.actor AS actor, l.has AS has, l.label AS label FROM (SELECT (name = {p1:String}) + (name = {p2:String}) * 2 AS matched, bitOr(bitOr(toUInt64(toUnixTimestamp64Milli(time) - {p3:Int64}) * 4, matched), 9223372036854775808) AS w, bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16)) AS major, bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p))) AS minor, visitor, session, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name IN {p5:Array(String)} AND matched != 0) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p6:String}), concat('=', texts[{p6:String}]), ''), if(mapContains(texts, {p7:String}), concat('=', texts[{p7:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p8:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session) GROUP BY actor)) WHERE bitAnd(seen, 1) != 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "View"
-- p10 = "1713830400000"
-- p2 = "Buy"
-- p3 = "1709251200000"
-- p4 = "1713139200000"
-- p5 = "[View Buy]"
-- p6 = "$path"
-- p7 = "name"
-- p8 = "-4000000000000000"
-- p9 = "1708560000000"
-- silo = ""
-- tenant = "shop"

