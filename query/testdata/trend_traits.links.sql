-- series_0
WITH edges AS (SELECT id, target AS person FROM (SELECT visitor AS id, argMin(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'link' GROUP BY visitor))
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(sumKahan(num) / count(num)) AS value
FROM (SELECT e.bucket AS bucket, e.person AS person, l.num AS num FROM (SELECT bucket, if(p.person = 0, r.actor, p.person) AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String}) AS r
LEFT ANY JOIN (SELECT id, target AS person FROM (SELECT visitor AS id, argMin(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'link' GROUP BY visitor)) AS p ON r.actor = p.id) AS e
LEFT ANY JOIN (SELECT person, if((bitAnd(bits, 2) != 0), num, NULL) AS num FROM (SELECT if(p.person = 0, t.id, p.person) AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM (SELECT id, key, kind, best FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p5:String} AND kind IN ('set', 'once')) AS t LEFT ANY JOIN edges AS p ON t.id = p.id ORDER BY person, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY person, key, member)) AS l ON e.person = l.person)
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- p5 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- series_1
WITH edges AS (SELECT id, target AS person FROM (SELECT visitor AS id, argMin(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'link' GROUP BY visitor))
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(max(num)) AS value
FROM (SELECT e.bucket AS bucket, e.own_of AS own_of, e.person AS person, l.num AS num FROM (SELECT e.bucket AS bucket, e.own_of AS own_of, e.person AS person, reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p6:String},'\0',if(e.own_of = '', m.text, e.own_of)))) AS gid FROM (SELECT bucket, own_of, if(p.person = 0, r.actor, p.person) AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toString(multiIf(mapContains(texts, {p3:String}), texts[{p3:String}], mapContains(numbers, {p3:String}), toString(numbers[{p3:String}]), '')) AS own_of, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}) AS r
LEFT ANY JOIN (SELECT id, target AS person FROM (SELECT visitor AS id, argMin(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'link' GROUP BY visitor)) AS p ON r.actor = p.id) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT if(p.person = 0, t.id, p.person) AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM (SELECT id, key, kind, best FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p6:String} AND kind = 'member') AS t LEFT ANY JOIN edges AS p ON t.id = p.id ORDER BY person, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY person, key, member)) AS m ON e.person = m.person) AS e
LEFT ANY JOIN (SELECT id, if((bitAnd(bits, 2) != 0), num, NULL) AS num FROM (SELECT id, key, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p7:String} AND kind IN ('set', 'once') ORDER BY id, key, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key)) AS l ON e.gid = l.id)
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "$groups.company"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- p6 = "company"
-- p7 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- series_2
WITH edges AS (SELECT id, target AS person FROM (SELECT visitor AS id, argMin(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'link' GROUP BY visitor))
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(min(num)) AS value
FROM (SELECT e.bucket AS bucket, e.own_of AS own_of, e.person AS person, CAST(NULL AS Nullable(Float64)) AS num FROM (SELECT bucket, own_of, if(p.person = 0, r.actor, p.person) AS person FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, toString(multiIf(mapContains(texts, {p3:String}), texts[{p3:String}], mapContains(numbers, {p3:String}), toString(numbers[{p3:String}]), '')) AS own_of, if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') AND name = {p5:String}) AS r
LEFT ANY JOIN (SELECT id, target AS person FROM (SELECT visitor AS id, argMin(user, bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1) AS target FROM identities WHERE tenant = {tenant:String} AND silo = {silo:String} AND kind = 'link' GROUP BY visitor)) AS p ON r.actor = p.id) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT if(p.person = 0, t.id, p.person) AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM (SELECT id, key, kind, best FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p6:String} AND kind = 'member') AS t LEFT ANY JOIN edges AS p ON t.id = p.id ORDER BY person, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY person, key, member)) AS m ON e.person = m.person)
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "$groups.company"
-- p4 = "1711929600000"
-- p5 = "Buy"
-- p6 = "company"
-- silo = ""
-- tenant = "shop"

-- series_3
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(quantileExactInclusive(0.9)(num)) AS value
FROM (SELECT e.bucket AS bucket, e.visitor AS visitor, e.session AS session, l.num AS num FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, toNullable(toFloat64(num)) AS num FROM (SELECT visitor, session, (toUnixTimestamp64Milli(last) - toUnixTimestamp64Milli(start)) / 1000 AS num FROM sessions FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND opened_date >= toDate32(fromUnixTimestamp64Milli({p5:Int64}, 'UTC')) AND opened_date <= toDate32(fromUnixTimestamp64Milli({p6:Int64}, 'UTC')))) AS l ON e.visitor = l.visitor AND e.session = l.session)
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- p5 = "1708560000000"
-- p6 = "1712620800000"
-- silo = ""
-- tenant = "shop"

-- series_4
SELECT toUInt64(grouping(bucket)) AS total, bucket, toNullable(sumKahan(num)) AS value
FROM (SELECT e.bucket AS bucket, e.visitor AS visitor, e.session AS session, l.num AS num FROM (SELECT toInt64(roundDown(intDiv(toUnixTimestamp64Milli(time) - {p1:Int64}, 1000), {p2:Array(Int64)})) AS bucket, visitor, session FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String}) AS e
LEFT ANY JOIN (SELECT visitor, session, CAST(NULL AS Nullable(Float64)) AS num FROM (SELECT visitor, session, view != '' AS has, substring(view, 2) AS text FROM (SELECT visitor, session, argMin(if(type = 'page', if(mapContains(texts, {p5:String}), concat('=', texts[{p5:String}]), ''), if(mapContains(texts, {p6:String}), concat('=', texts[{p6:String}]), '')), bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(time) - {p7:Int64}), 128), toUInt256(bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1))) AS view FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p8:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p9:Int64}, 'UTC') AND name IN ('$page', '$screen') AND type IN ('page', 'screen') AND texts['$interactive'] != 'false' AND session != 0 GROUP BY visitor, session))) AS l ON e.visitor = l.visitor AND e.session = l.session)
GROUP BY bucket WITH ROLLUP
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p2 = "[0 86400 172800 259200 345600 432000 518400 604800 691200 777600 864000 950400 1036800 1123200 1209600 1296000 1382400 1468800 1555200 1641600 1728000 1814400 1900800 1987200 2073600 2160000 2246400 2332800 2419200 2505600 2592000]"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- p5 = "$path"
-- p6 = "name"
-- p7 = "-4000000000000000"
-- p8 = "1708560000000"
-- p9 = "1712620800000"
-- silo = ""
-- tenant = "shop"

