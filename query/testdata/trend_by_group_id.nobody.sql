-- series_0
SELECT toUInt64(1) AS level, toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, toInt64(0) AS bucket, toNullable(toFloat64(uniqExact(person))) AS value
FROM (SELECT *, if((has, label) IN (SELECT has, label FROM (SELECT e.own AS own, e.n AS n, e.person AS person, toUInt8(if(e.own = '', m.text, e.own) != '') AS has, toString(if(e.own = '', m.text, e.own)) AS label FROM (SELECT own, n, actor AS person FROM (SELECT toString(multiIf(mapContains(texts, {p1:String}), texts[{p1:String}], mapContains(numbers, {p1:String}), toString(numbers[{p1:String}]), '')) AS own, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String} GROUP BY own, actor)) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p5:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person)
WHERE label != '$other' GROUP BY has, label ORDER BY toFloat64(uniqExact(person)) DESC NULLS LAST, has DESC, label ASC LIMIT 10), (0, has, label), (1, 0, '')) AS grp FROM (SELECT e.own AS own, e.n AS n, e.person AS person, toUInt8(if(e.own = '', m.text, e.own) != '') AS has, toString(if(e.own = '', m.text, e.own)) AS label FROM (SELECT own, n, actor AS person FROM (SELECT toString(multiIf(mapContains(texts, {p1:String}), texts[{p1:String}], mapContains(numbers, {p1:String}), toString(numbers[{p1:String}]), '')) AS own, if(user = 0, visitor, user) AS actor, count() AS n FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND name = {p4:String} GROUP BY own, actor)) AS e
LEFT ANY JOIN (SELECT person, text FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p5:String} AND kind = 'member' ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member)) AS m ON e.person = m.person))
GROUP BY grp
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "$groups.company"
-- p2 = "1709251200000"
-- p3 = "1711929600000"
-- p4 = "Buy"
-- p5 = "company"
-- silo = ""
-- tenant = "shop"

