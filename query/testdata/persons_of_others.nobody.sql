-- page
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person FROM (SELECT e.visitor AS visitor, e.session AS session, e.n AS n, e.person AS person, l.has AS has, l.label AS label FROM (SELECT visitor, session, n, actor AS person FROM (SELECT visitor, session, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String} GROUP BY visitor, session, actor)) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p4:String}), concat('=', texts[{p4:String}]), ''), if(mapContains(texts, {p5:String}), concat('=', texts[{p5:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p6:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
WHERE (has, label) NOT IN (SELECT has, label FROM (SELECT e.num AS num, e.visitor AS visitor, e.session AS session, l.has AS has, l.label AS label FROM (SELECT if(mapContains(numbers, {p9:String}), numbers[{p9:String}], NULL) AS num, visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p4:String}), concat('=', texts[{p4:String}]), ''), if(mapContains(texts, {p5:String}), concat('=', texts[{p5:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p6:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
WHERE label != '$other' GROUP BY has, label ORDER BY ifNull(sumKahan(num), 0) DESC NULLS LAST, has DESC, label ASC LIMIT 3))))
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1711843200000"
-- p10 = "1709251200000"
-- p11 = "1708560000000"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "$path"
-- p5 = "name"
-- p6 = "-4000000000000000"
-- p7 = "1711152000000"
-- p8 = "1712620800000"
-- p9 = "price"
-- silo = ""
-- tenant = "shop"

-- page_after
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person FROM (SELECT e.visitor AS visitor, e.session AS session, e.n AS n, e.person AS person, l.has AS has, l.label AS label FROM (SELECT visitor, session, n, actor AS person FROM (SELECT visitor, session, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String} GROUP BY visitor, session, actor)) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p4:String}), concat('=', texts[{p4:String}]), ''), if(mapContains(texts, {p5:String}), concat('=', texts[{p5:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p6:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
WHERE (has, label) NOT IN (SELECT has, label FROM (SELECT e.num AS num, e.visitor AS visitor, e.session AS session, l.has AS has, l.label AS label FROM (SELECT if(mapContains(numbers, {p9:String}), numbers[{p9:String}], NULL) AS num, visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p10:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toUInt8(has) AS has, toString(text) AS label FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p4:String}), concat('=', texts[{p4:String}]), ''), if(mapContains(texts, {p5:String}), concat('=', texts[{p5:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p6:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p11:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
WHERE label != '$other' GROUP BY has, label ORDER BY ifNull(sumKahan(num), 0) DESC NULLS LAST, has DESC, label ASC LIMIT 3)))) WHERE person > {p12:UInt128}
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1711843200000"
-- p10 = "1709251200000"
-- p11 = "1708560000000"
-- p12 = "615861eb34ec5ceb1e087ef6952cebc8"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "$path"
-- p5 = "name"
-- p6 = "-4000000000000000"
-- p7 = "1711152000000"
-- p8 = "1712620800000"
-- p9 = "price"
-- silo = ""
-- tenant = "shop"

