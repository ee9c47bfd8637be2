-- series_0
SELECT toUInt64(1) AS total, toInt64(0) AS bucket, toNullable(toFloat64(count())) AS value
FROM (SELECT 1 AS one FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p3:String} AND (if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, sum(n1) >= {p4:Int64} AS m1 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p6:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p7:Int64}, 'UTC') AND name = {p5:String} GROUP BY actor)) GROUP BY person) WHERE m1)) AND (NOT if(user = 0, visitor, user) IN (SELECT person FROM (SELECT person, has(ns, 1) AS m1, has(ns, 2) AS m2, has(ns, 3) AS m3 FROM (SELECT person, groupUniqArray(n) AS ns FROM (SELECT person, 1 AS n FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p8:String} AND version = {p9:Int64}))
UNION ALL SELECT person, 3 AS n FROM (SELECT person FROM (SELECT id AS person, key, kind = 'member' AS member, best.has AS bits, best.text AS text, best.number AS num FROM traits WHERE tenant = {tenant:String} AND silo = {silo:String} AND key = {p5:String} AND kind IN ('set', 'once') ORDER BY id, key, member, kind, best.rank DESC, best.message DESC, best.value DESC LIMIT 1 BY id, key, member) WHERE text = {p5:String})
UNION ALL SELECT person, arrayJoin(arrayFilter(n -> n != 0, [if(m2, 2, 0)])) AS n FROM (SELECT person, sum(n1) > {p10:Int64} AS m2 FROM (SELECT n1, actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor, count() AS n1 FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') AND name = {p5:String} GROUP BY actor)) GROUP BY person)) GROUP BY person)) WHERE NOT (m1 OR NOT m2 OR m3))))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "1709251200000"
-- p10 = "2"
-- p2 = "1711929600000"
-- p3 = "Buy"
-- p4 = "1"
-- p5 = "kanarie'\"\\{p1:String}"
-- p6 = "-2208902400000"
-- p7 = "1714521600001"
-- p8 = "frozen"
-- p9 = "7"
-- silo = ""
-- tenant = "shop"

