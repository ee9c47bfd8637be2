-- page
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person FROM (SELECT e.own AS own, e.n AS n, e.person AS person, l.has AS has, l.label AS label FROM (SELECT e.own AS own, e.n AS n, e.person AS person, reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p4:String},'\0',if(e.own = '', m.text, e.own)))) AS gid FROM (SELECT own, n, actor AS person FROM (SELECT toString(multiIf(mapContains(texts, {p1:String}), texts[{p1:String}], mapContains(numbers, {p1:String}), toString(numbers[{p1:String}]), '')) AS own, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') GROUP BY own, actor)) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p4:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person) AS e
LEFT ANY JOIN (SELECT id, toUInt8(((bitAnd(bits, 1) != 0) OR (bitAnd(bits, 2) != 0))) AS has, toString(multiIf((bitAnd(bits, 1) != 0), text, (bitAnd(bits, 2) != 0), toString(num), '')) AS label FROM (SELECT id, key, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p5:String} AND kind IN ('set', 'once') ORDER BY id, key, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key)) AS l ON e.gid = l.id)
WHERE has = 0)))
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "$groups.company"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "company"
-- p5 = "kanarie'\"\\{p1:String}"
-- silo = ""
-- tenant = "shop"

-- page_after
SELECT lower(hex(reinterpretAsFixedString(person))) AS person_id, total
FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (SELECT person FROM (SELECT e.own AS own, e.n AS n, e.person AS person, l.has AS has, l.label AS label FROM (SELECT e.own AS own, e.n AS n, e.person AS person, reinterpretAsUInt128(sipHash128Reference(concat({tenant:String},'\0g\0',{p4:String},'\0',if(e.own = '', m.text, e.own)))) AS gid FROM (SELECT own, n, actor AS person FROM (SELECT toString(multiIf(mapContains(texts, {p1:String}), texts[{p1:String}], mapContains(numbers, {p1:String}), toString(numbers[{p1:String}]), '')) AS own, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND type IN ('track', 'page', 'screen') GROUP BY own, actor)) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p4:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person) AS e
LEFT ANY JOIN (SELECT id, toUInt8(((bitAnd(bits, 1) != 0) OR (bitAnd(bits, 2) != 0))) AS has, toString(multiIf((bitAnd(bits, 1) != 0), text, (bitAnd(bits, 2) != 0), toString(num), '')) AS label FROM (SELECT id, key, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p5:String} AND kind IN ('set', 'once') ORDER BY id, key, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key)) AS l ON e.gid = l.id)
WHERE has = 0))) WHERE person > {p6:UInt128}
ORDER BY person ASC LIMIT 101
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "$groups.company"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "company"
-- p5 = "kanarie'\"\\{p1:String}"
-- p6 = "615861eb34ec5ceb1e087ef6952cebc8"
-- silo = ""
-- tenant = "shop"

